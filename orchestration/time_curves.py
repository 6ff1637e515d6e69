"""Curves of the time from start to pass as a release publishes them: England and regions, by strand, controlled."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric, Programme
from evaluation.controlled_curve import COLUMNS, controlled_curve

TABLE = "fct_time_curve"
CURVES = ("median_days_to_qualify",)  # metrics whose curve is drawn: estimated from the units read here
KEY = ("metric_id", "org_level", "org_code", "strand")
_UNITS = """
    select org_level, org_code, strand, duration_days, outcome
    from wh.intermediate.int_estimate_unit
    where metric_id = $metric and period_grain = 'all' and sector = 'all' and geography = 'as_now'
        and org_level in ('england', 'region') and strand <> 'all'
    order by all
"""


def published_curves(warehouse: Path, metrics: dict[str, Metric], programme: Programme) -> pd.DataFrame:
    """Every curve that a build may publish, :data:`KEY` and :data:`COLUMNS`; empty where none may be shown."""
    parts: list[pd.DataFrame] = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        for metric_id in (name for name in CURVES if name in metrics):
            units = connection.execute(_UNITS, {"metric": metric_id}).df()
            for (level, code, strand), group in units.groupby(["org_level", "org_code", "strand"]):
                curve = controlled_curve(group, programme.disclosure, rounded=level != "england")
                keyed = curve.assign(
                    metric_id=metric_id, org_level=str(level), org_code=str(code), strand=str(strand)
                )
                parts.append(keyed[[*KEY, *COLUMNS]])
    kinds = {**dict.fromkeys(KEY, "string"), "months": "int64", **dict.fromkeys(COLUMNS[1:], "float64")}
    empty = pd.DataFrame(columns=list(kinds))
    return pd.concat(parts or [empty], ignore_index=True).astype(kinds)
