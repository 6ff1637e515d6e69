"""A plan of an interrupted time series worked through: the change, what must stand beside it, what refuses it.

Parts of the estimates, beside the names that :mod:`evaluation.impact` gives: ``level``, ``slope`` and ``mean`` (the
changes; ratios where counts were modelled), ``beside`` (the same mean by another method, which ``label`` names),
``placebo_date`` (the mean change at a pretended date, from the months before the true one), ``observed``, ``fitted``
and ``counterfactual`` (the series, ``position`` months since the event).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from dbt_project.registry.plans import SeriesPlan
from evaluation import interrupted_time_series as its
from evaluation.impact import BALANCE_TYPES, REPORTING_TYPES, Assessment, Rows, typed
from evaluation.staggered_did import Effect

Progress = Callable[[str], None]


def assess_series(months: pd.DataFrame, plan: SeriesPlan, progress: Progress = lambda _: None) -> Assessment:
    """Work through a plan on England's months: ``period`` (first days, none missing) and ``value``."""
    since = pd.Timestamp(plan.since)
    after = months["period"] >= since
    rows = Rows()
    short = _short(plan, int((~after).sum()), int(after.sum()))
    nothing = (typed(pd.DataFrame(), BALANCE_TYPES), typed(pd.DataFrame(), REPORTING_TYPES))
    run = partial(
        its.counts if plan.model == "counts" else its.continuous,
        slope_change=plan.slope_change,
        harmonics=plan.harmonics,
    )
    try:
        found = run(months, since)
    except ValueError as error:
        reason = f"Nothing could be estimated: {error}."
        return Assessment((*short, reason), (), (), 0, 0, rows.frame(), *nothing)
    for each in found.effects:
        rows.add(each.name, effect=_effect(each))
    for method in found.beside:
        for each in method.effects:
            if each.name == "mean":
                rows.add("beside", method.method, _effect(each))
    _drawn(rows, found.series, since)
    refused = [*short, *_dependent(plan, found), *_unconverged(found)]
    progress("the placebo date")
    refused += _placebo(rows, months.loc[~after], plan, run)
    counted = (int(after.sum()), int((~after).sum()))
    return Assessment(tuple(refused), (), found.problems, *counted, rows.frame(), *nothing)


def _effect(each: its.Effect) -> Effect:
    return Effect(each.estimate, each.se, each.lower, each.upper, each.p)


def _short(plan: SeriesPlan, before: int, after: int) -> list[str]:
    asked = (
        ("before", before, plan.refuse.months_before_below),
        ("from then on", after, plan.refuse.months_after_below),
    )
    return [
        f"There are {found} months {side}; the plan asks for at least {least}."
        for side, found, least in asked
        if found < least
    ]


def _dependent(plan: SeriesPlan, found: its.SeriesEffect) -> list[str]:
    if abs(found.autocorrelation) <= plan.refuse.autocorrelation_above:
        return []
    return [
        f"Months follow each other too closely (autocorrelation {found.autocorrelation:.2f}; the plan asks for at most"
        f" {plan.refuse.autocorrelation_above:g})."
    ]


def _unconverged(found: its.SeriesEffect) -> list[str]:
    return [problem for problem in found.problems if "did not converge" in problem]


def _placebo(
    rows: Rows,
    before: pd.DataFrame,
    plan: SeriesPlan,
    run: Callable[[pd.DataFrame, object], its.SeriesEffect],
) -> list[str]:
    """The change at a pretended date; a trend that only goes on shows none."""
    pretended = before["period"].iloc[-plan.placebo_months] if len(before) > plan.placebo_months else None
    if pretended is None:
        return [
            f"The placebo date could not be shown beside it: there are {len(before)} months before the event."
        ]
    try:
        effect = run(before, pretended).effect("mean")
    except ValueError as error:
        return [f"The placebo date could not be shown beside it: {error}."]
    rows.add("placebo_date", effect=_effect(effect), position=-float(plan.placebo_months))
    return []


def _drawn(rows: Rows, series: pd.DataFrame, since: pd.Timestamp) -> None:
    periods = pd.DatetimeIndex(pd.to_datetime(series["period"]))
    positions = (periods.year - since.year) * 12 + periods.month - since.month
    for position, row in zip(positions, series.to_dict("records"), strict=True):
        rows.add("observed", position=float(position), estimate=row["observed"])
        for part in ("fitted", "counterfactual"):
            if np.isfinite(row[part]):
                rows.add(
                    part,
                    position=float(position),
                    estimate=row[part],
                    lower_95=row[f"{part}_lower"],
                    upper_95=row[f"{part}_upper"],
                )
