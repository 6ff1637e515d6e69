"""From placed rows to figures: every level, period, strand, sector and geography a metric is shown in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.periods import PROGRAMME_START, period_of
from metric_oracle.places import Placed
from metric_oracle.world import World, placed_units

SECTOR_LEVELS = ("england", "region", "icb")  # a sector of one network is a handful of people
KEY = ["org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography"]


def cuts(
    metric: Metric, placed: Placed, day: str = "day"
) -> Iterator[tuple[dict[str, str], pd.DataFrame, list[str]]]:
    """Every way a metric is cut: labels of the cut, its rows, and the columns that tell its figures apart.

    Days before the programme do not count. A row counts once under its own strand and once under `all`, the same
    for sectors. Rows without a place count for England only.
    """
    strands = ("all_strands", "strand") if metric.strands else ("all_strands",)
    sectors = ("all_sectors", "sector") if metric.by_sector else ("all_sectors",)
    for geography, rows in placed.items():
        known = rows[rows[day] >= PROGRAMME_START].assign(all_strands="all", all_sectors="all")
        for grain in metric.grains:
            known["period_start"] = period_of(known[day], grain)
            for level, strand, sector in product(metric.levels, strands, sectors):
                if sector == "sector" and level not in SECTOR_LEVELS:
                    continue
                labels = {"org_level": level, "period_grain": grain, "geography": geography}
                yield labels, known, [level, strand, sector, "period_start"]


def rolled_up(
    metric: Metric,
    placed: Placed,
    summary: dict[str, tuple[str, str | Callable[[pd.Series], object]]],
    *,
    by: Sequence[str] = (),
    day: str = "day",
) -> pd.DataFrame:
    """One row per key with the named summaries (as for ``DataFrame.agg``) of the rows that fall under it.

    `by` adds dimensions that are always kept apart.
    """
    parts: list[pd.DataFrame] = []
    for labels, rows, columns in cuts(metric, placed, day):
        found = rows.groupby([*columns, *by]).agg(**summary)  # type: ignore[call-overload]
        found.index.names = ["org_code", "strand", "sector", "period_start", *by]
        parts.append(found.reset_index().assign(**labels))
    return pd.concat(parts).set_index([*KEY, *by]).sort_index()


def estimated(
    metric: Metric,
    placed: Placed,
    estimate: Callable[[pd.DataFrame], dict[str, float]],
    *,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per key with what `estimate` says of the rows that fall under it."""
    parts: list[dict[str, object]] = []
    for labels, rows, columns in cuts(metric, placed):
        for key, group in rows.groupby([*columns, *by]):
            named = dict(zip(["org_code", "strand", "sector", "period_start", *by], key, strict=True))
            parts.append({**labels, **named, **estimate(group)})
    return pd.DataFrame(parts).set_index([*KEY, *by]).sort_index()


def flows(metric: Metric, placed: Placed) -> pd.DataFrame:
    """Distinct units of a period."""
    return rolled_up(metric, placed, {"numerator": ("unit", "nunique")})


def shares(metric: Metric, placed: Placed, *, of: str = "is_reached", by: Sequence[str] = ()) -> pd.DataFrame:
    """Distinct units for which `of` holds, among all distinct units."""
    reached = {name: rows.assign(unit_reached=rows.unit.where(rows[of])) for name, rows in placed.items()}
    return rolled_up(
        metric, reached, {"numerator": ("unit_reached", "nunique"), "denominator": ("unit", "nunique")}, by=by
    )


def cohort(
    world: World,
    metric: Metric,
    rows: pd.DataFrame,
    *,
    counts: pd.Series | bool = True,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Rule R6: shown when enough of the cohort is past the horizon; the rest is left out of both parts."""
    counted = rows.is_mature & counts
    rows = rows.assign(counted=counted, reached_it=counted & rows.is_reached, in_cohort=counts)
    summary = {
        "numerator": ("reached_it", "sum"),
        "denominator": ("counted", "sum"),
        "cohort": ("in_cohort", "sum"),
    }
    found = rolled_up(metric, placed_units(world, rows), summary, by=by)  # type: ignore[arg-type]
    found = found[found.cohort > 0]
    return found.assign(is_too_early=too_early(world, found.denominator, found.cohort))


def too_early(world: World, mature: pd.Series, everyone: pd.Series) -> pd.Series:
    """Rule R6: not enough of the cohort is past the horizon."""
    return mature < world.programme.mature_share * everyone


def valued(metric: Metric, figures: pd.DataFrame) -> pd.DataFrame:
    """Add `value`: counts as they are; ratios as percent or per so many; estimates as they are estimated.

    None under the least denominator (R7) or before the cohort is mature (R6).
    """
    if metric.denominator is None and "estimate" not in figures:
        return figures.assign(value=figures.numerator.astype(float), denominator=np.nan)
    enough = figures.denominator >= metric.minimum_denominator
    mature = ~figures.get("is_too_early", pd.Series(False, index=figures.index))
    if "estimate" in figures:
        return figures.assign(value=figures.estimate.where(enough & mature))
    if metric.unit == "days":
        return figures.assign(value=figures.numerator.where(enough))
    scale = 100 if metric.unit == "percent" else metric.per
    ratio = figures.numerator / figures.denominator.where(figures.denominator > 0) * scale
    return figures.assign(value=ratio.where(enough & mature))


def expected_status(metric: Metric, figures: pd.DataFrame) -> pd.Series:
    """too_early (R6) before unreliable (R7) before a median not reached; `shown` where no rule speaks.

    Any other estimate that has no answer rests on too little: unreliable.
    """
    status = pd.Series("shown", index=figures.index)
    if "estimate" in figures:
        status[figures.estimate.isna()] = "not_reached" if metric.unit == "days" else "unreliable"
    if metric.unreliable_below and "denominator" in figures:
        status[figures.denominator < metric.unreliable_below] = "unreliable"
    if "is_too_early" in figures:
        status[figures.is_too_early] = "too_early"
    return status
