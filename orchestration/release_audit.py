"""The audit of a release: its written figures, read back, and everything a reader can work out of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric, Programme
from evaluation.disclosure import BREAKDOWN_KEYS, KEYS
from expectations.gate import GateRefused
from orchestration.ingest.sql import literal
from orchestration.protecting import Audit, Auditor
from orchestration.publishable import BREAKDOWN, FIGURES, publishable
from orchestration.shown_counts import shown_counts


def audit_release(
    published: Path, warehouse: Path, metrics: Mapping[str, Metric], programme: Programme
) -> Audit | None:
    """Audit the published DuckDB of a release; None where it has no controlled count.

    ``warehouse``: the build behind it, which says which counts are small. Raises
    :class:`expectations.gate.GateRefused` where a withheld count can be worked out, and where published rows are not
    those of the build.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(warehouse))} as wh (read_only)")
        connection.execute(f"attach {literal(str(published))} as release (read_only)")
        exact: dict[tuple[str, str], pd.DataFrame] = {}
        written: dict[tuple[str, str], pd.DataFrame] = {}
        for metric_id in dict.fromkeys(item.metric_id for item in shown_counts(metrics)):
            for table in (FIGURES, BREAKDOWN):
                rows = publishable(connection, table, metrics[metric_id], programme.disclosure)
                if len(rows):
                    exact[(table, metric_id)] = rows
                    written[(table, metric_id)] = _written(connection, table, metric_id, rows)
        organisations = connection.execute("from release.main.dim_organisation").df()
    if not exact:
        return None
    audit = Auditor(metrics, programme.disclosure, organisations).audit(exact, written)
    if audit.recovered.size:
        raise GateRefused(audit.reasons)
    return audit


def _written(
    connection: duckdb.DuckDBPyConnection, table: str, metric_id: str, rows: pd.DataFrame
) -> pd.DataFrame:
    """The published rows of one metric in the order of the build's."""
    keys = [*KEYS, *(key for key in BREAKDOWN_KEYS if table == BREAKDOWN)]
    found = connection.execute(f"select * from release.main.{table} where metric_id = ?", [metric_id]).df()
    for name in ("period_start",):
        found[name] = pd.to_datetime(found[name])
    wanted = rows[keys].assign(period_start=pd.to_datetime(rows["period_start"]))
    aligned = wanted.merge(found, on=keys, how="left", validate="one_to_one", indicator=True)
    if len(found) != len(rows) or not (aligned["_merge"] == "both").all():
        raise GateRefused(
            [f"disclosure audit: {table}: the published rows of {metric_id} are not those of the build"]
        )
    return aligned.drop(columns="_merge")
