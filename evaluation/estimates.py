"""Registry metrics that an estimator answers: units in their cells in, one row a figure out.

A cell is a figure's key: level, organisation, strand, sector, period, geography. The estimator is named by the
registry entry (``estimator``); everything else that makes a figure of it (status, small numbers, vintage) is done
for all metrics alike in ``finish.sql``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from evaluation import time_to_event

CELL = ("org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography")
FIGURE_COLUMNS = (
    "metric_id",
    *CELL,
    "dimension",
    "category",
    "numerator",
    "denominator",
    "cohort_size",
    "mature_size",
    "estimate",
    "estimate_lower",
    "estimate_upper",
)
NUMBERS = FIGURE_COLUMNS[FIGURE_COLUMNS.index("numerator") :]
PERCENT = 100.0

Estimator = Callable[[pd.DataFrame, int, float], pd.DataFrame]


def typed_projection() -> str:
    """SQL that gives :data:`FIGURE_COLUMNS` their types, whatever an empty or all-missing column was read as."""
    kinds = dict.fromkeys(NUMBERS, "double") | {"period_start": "date"}
    casts = [
        f"nullif(cast({name} as double), cast('nan' as double)) as {name}"
        if name in NUMBERS
        else f"cast({name} as {kinds.get(name, 'varchar')}) as {name}"
        for name in FIGURE_COLUMNS
    ]
    return ", ".join(casts)


def _median(units: pd.DataFrame, minimum_n: int, _: float) -> pd.DataFrame:
    return time_to_event.kaplan_meier_median(
        units.assign(is_event=units["outcome"] == 1), minimum_n=minimum_n
    )


def _competing_median(units: pd.DataFrame, minimum_n: int, _: float) -> pd.DataFrame:
    return time_to_event.cumulative_incidence_median(units, minimum_n=minimum_n)


def _incidence(units: pd.DataFrame, minimum_n: int, at_days: float) -> pd.DataFrame:
    return time_to_event.cumulative_incidence_at(units, at_days, minimum_n=minimum_n)


def _remaining(units: pd.DataFrame, minimum_n: int, at_days: float) -> pd.DataFrame:
    return time_to_event.kaplan_meier_at(
        units.assign(is_event=units["outcome"] == 1), at_days, minimum_n=minimum_n
    )


TIME_ESTIMATORS: Mapping[str, Estimator] = {
    "kaplan_meier_median": _median,
    "cumulative_incidence_median": _competing_median,
    "cumulative_incidence_at": _incidence,
    "kaplan_meier_at": _remaining,
}


def time_figures(units: pd.DataFrame, metric: Mapping[str, Any]) -> pd.DataFrame:
    """Figures of one time-to-event metric.

    ``units``: the columns of :data:`CELL` (texts as categories, to be small), duration_days, outcome (0 followed, 1 the
    event, 2 competing), is_counted (in the numerator), is_mature. ``metric``: registry entry. Returns
    :data:`FIGURE_COLUMNS`; shares are in percent. Raises ValueError for an estimator that does not exist.
    """
    name = metric["estimator"]
    if name not in TIME_ESTIMATORS:
        raise ValueError(
            f"metric {metric['id']}: estimator: found '{name}', expected one of {', '.join(TIME_ESTIMATORS)}"
        )
    if units.empty:
        return pd.DataFrame(columns=list(FIGURE_COLUMNS))
    horizon = metric.get("horizon_days")
    groups = units.groupby(list(CELL), sort=True, observed=True)
    cells = groups.agg(
        numerator=("is_counted", "sum"), denominator=("outcome", "size"), mature_size=("is_mature", "sum")
    ).reset_index()
    estimates = TIME_ESTIMATORS[name](
        units.assign(cell=groups.ngroup()), int(metric.get("minimum_denominator", 1)), float(horizon or 0)
    )
    scale = PERCENT if metric["unit"] == "percent" else 1.0
    followed = horizon is not None
    return cells.assign(
        metric_id=metric["id"],
        dimension=None,
        category=None,
        cohort_size=cells["denominator"] if followed else np.nan,
        mature_size=cells["mature_size"] if followed else np.nan,
        estimate=estimates["estimate"].to_numpy() * scale,
        estimate_lower=estimates["lower"].to_numpy() * scale,
        estimate_upper=estimates["upper"].to_numpy() * scale,
    )[list(FIGURE_COLUMNS)]
