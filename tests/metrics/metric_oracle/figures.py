"""From placed rows to figures: every level, period, strand, sector and geography a metric is shown in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.periods import PROGRAMME_START, period_of
from metric_oracle.places import Placed

SECTOR_LEVELS = ("england", "region", "icb")  # a sector of one network is a handful of people
KEY = ["org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography"]


def rolled_up(
    metric: Metric,
    placed: Placed,
    summary: dict[str, tuple[str, str | Callable[[pd.Series], object]]],
    *,
    by: Sequence[str] = (),
    day: str = "day",
) -> pd.DataFrame:
    """One row per key with the named summaries (as for ``DataFrame.agg``) of the rows that fall under it.

    Days before the programme do not count. A row counts once under its own strand and once under `all`, the same
    for sectors. Rows without a place count for England only. `by` adds dimensions that are always kept apart.
    """
    parts: list[pd.DataFrame] = []
    strands = ("all_strands", "strand") if metric.strands else ("all_strands",)
    sectors = ("all_sectors", "sector") if metric.by_sector else ("all_sectors",)
    for geography, rows in placed.items():
        known = rows[rows[day] >= PROGRAMME_START].assign(all_strands="all", all_sectors="all")
        for grain in metric.grains:
            known["period_start"] = period_of(known[day], grain)
            for level, strand, sector in product(metric.levels, strands, sectors):
                if sector == "sector" and level not in SECTOR_LEVELS:
                    continue
                groups = known.groupby([level, strand, sector, "period_start", *by])
                found = groups.agg(**summary)  # type: ignore[call-overload]
                found.index.names = ["org_code", "strand", "sector", "period_start", *by]
                labels = {"org_level": level, "period_grain": grain, "geography": geography}
                parts.append(found.reset_index().assign(**labels))
    return pd.concat(parts).set_index([*KEY, *by]).sort_index()


def flows(metric: Metric, placed: Placed) -> pd.DataFrame:
    """Distinct units of a period."""
    return rolled_up(metric, placed, {"numerator": ("unit", "nunique")})


def shares(metric: Metric, placed: Placed, *, of: str = "is_reached", by: Sequence[str] = ()) -> pd.DataFrame:
    """Distinct units for which `of` holds, among all distinct units."""
    reached = {name: rows.assign(unit_reached=rows.unit.where(rows[of])) for name, rows in placed.items()}
    return rolled_up(
        metric, reached, {"numerator": ("unit_reached", "nunique"), "denominator": ("unit", "nunique")}, by=by
    )


def valued(metric: Metric, figures: pd.DataFrame) -> pd.DataFrame:
    """Add `value`: counts as they are; ratios as percent or per so many, none under the least denominator (R7)."""
    if metric.denominator is None:
        return figures.assign(value=figures.numerator.astype(float), denominator=np.nan)
    scale = 100 if metric.unit == "percent" else metric.per
    if metric.unit == "days":
        return figures.assign(
            value=figures.numerator.where(figures.denominator >= metric.minimum_denominator)
        )
    ratio = figures.numerator / figures.denominator.where(figures.denominator > 0) * scale
    enough = figures.denominator >= metric.minimum_denominator
    mature = ~figures.get("is_too_early", pd.Series(False, index=figures.index))
    return figures.assign(value=ratio.where(enough & mature))


def expected_status(metric: Metric, figures: pd.DataFrame) -> pd.Series:
    """too_early (R6) before unreliable (R7); `shown` where neither rule speaks."""
    status = pd.Series("shown", index=figures.index)
    if metric.denominator is not None and metric.unreliable_below:
        status[figures.denominator < metric.unreliable_below] = "unreliable"
    if "is_too_early" in figures:
        status[figures.is_too_early] = "too_early"
    return status
