"""A plan of a dose response worked through: the effect of each band of dose, the line, what refuses them.

Parts of the estimates, beside the names that :mod:`evaluation.impact` gives:

==================== =============================================================================================
per_dose             the effect of one more per so many patients: a line through no effect at no dose
line                 the same line at no dose and at the highest band's mean, ``position``
band                 ``position`` the mean dose; ``label`` the doses, by the plan's edges, never a network's own
placebo_band         the change of the same networks over the quarters before
linear               p of the test that the bands lie on the line
placebo              p of the joint test that nothing differed before
highest_less_lowest  the difference between the outer bands
early_less_late      the effect on early adopters less that on late ones
cluster              the line with errors clustered by network
leave_icb            the line without one board
detectable           the smallest slope that would have been found in four of five such studies
==================== =============================================================================================
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from dbt_project.registry.plans import DosePlan
from evaluation import dose_response as dosed
from evaluation import impact_checks as checks
from evaluation import p_values
from evaluation.impact import BALANCE_TYPES, REPORTING_TYPES, Assessment, Rows, typed
from evaluation.staggered_did import Effect, detectable

Run = Callable[[pd.DataFrame], dosed.DoseResponse]
Progress = Callable[[str], None]


def assess_dose(panel: pd.DataFrame, plan: DosePlan, progress: Progress = lambda _: None) -> Assessment:
    """Work through a plan.

    ``panel``: one row a network and quarter with ``unit``, ``period`` (int), ``outcome``, ``first_treated`` (0
    never), ``dose`` (0 never; missing where the patients are not known) and ``icb``.
    """
    reporting = typed(checks.reporting(panel), REPORTING_TYPES)
    known = panel[panel["dose"].notna()]
    unknown = panel["unit"].nunique() - known["unit"].nunique()
    deviations = [f"networks left out because their patients are not known: {unknown}"] if unknown else []
    window = plan.window
    run: Run = partial(
        dosed.dose_response,
        after=window.after,
        before=window.before,
        anticipation=window.anticipation,
        edges=plan.dose.edges,
        cluster=plan.cluster,
    )
    rows = Rows()
    balance = typed(pd.DataFrame(), BALANCE_TYPES)
    try:
        found = run(known)
    except ValueError as error:
        reason = f"Nothing could be estimated: {error}."
        return Assessment((reason,), tuple(deviations), (), 0, 0, rows.frame(), balance, reporting)
    deviations += [
        f"{count} networks left out: {reason}" for reason, count in found.excluded.items() if count
    ]
    _main(rows, found, plan)
    progress("the line under other choices")
    alone = dosed.dose_response(
        known,
        after=window.after,
        before=window.before,
        anticipation=window.anticipation,
        edges=plan.dose.edges,
    )
    rows.add("cluster", "network", _effect(alone.per_dose))
    refused = (*_refused(plan, found, reporting), *_without_each(rows, known, run))
    return Assessment(
        refused,
        tuple(deviations),
        () if refused else found.problems,  # they tell of effects, which a refused plan does not
        found.units,
        found.never,
        rows.frame(),
        balance,
        reporting,
    )


def _effect(each: dosed.Estimate) -> Effect:
    return Effect(each.estimate, each.se, each.lower, each.upper, each.p)


def _main(rows: Rows, found: dosed.DoseResponse, plan: DosePlan) -> None:
    rows.add("per_dose", effect=_effect(found.per_dose), units=found.units)
    rows.add("detectable", estimate=detectable(_effect(found.per_dose)))
    for dose in (0.0, float(found.bands["mean_dose"].max())):
        line = found.per_dose
        low, high = dose * line.lower, dose * line.upper
        rows.add("line", position=dose, estimate=dose * line.estimate, lower_95=low, upper_95=high)
    for band in found.bands.to_dict("records"):
        name = _band(plan.dose.edges, band["dose_from"])
        effect = Effect(*(band[key] for key in ("estimate", "se", "lower", "upper", "p")))
        rows.add("band", name, effect, position=band["mean_dose"], units=band["units"])
        rows.add(
            "placebo_band",
            name,
            position=band["mean_dose"],
            estimate=band["placebo"],
            se=band["placebo_se"],
            units=band["units"],
        )
    rows.add("placebo", p=found.placebo_p, units=len(found.bands))
    if found.linear_p is not None:
        rows.add("linear", p=found.linear_p, units=len(found.bands) - 1)
    for part in ("highest_less_lowest", "early_less_late"):
        each: dosed.Estimate | None = getattr(found, part)
        if each is not None:
            rows.add(part, effect=_effect(each))


def _band(edges: tuple[float, ...], dose: float) -> str:
    """The band that holds a dose: ``below 1``, ``1 to below 1.5``, ``1.5 or more``."""
    place = bisect_right(edges, dose)
    if place == 0:
        return f"below {edges[0]:g}"
    return (
        f"{edges[place - 1]:g} or more"
        if place == len(edges)
        else f"{edges[place - 1]:g} to below {edges[place]:g}"
    )


def _without_each(rows: Rows, panel: pd.DataFrame, run: Run) -> list[str]:
    """The line without each board; a board that cannot be left out refuses the estimate."""
    for board in sorted(panel["icb"].dropna().unique()):
        try:
            left = run(panel[panel["icb"] != board])
        except ValueError as error:
            return [f"The estimate with one board left out could not be shown beside it: {error}."]
        rows.add("leave_icb", str(board), _effect(left.per_dose))
    return []


def _refused(plan: DosePlan, found: dosed.DoseResponse, reporting: pd.DataFrame) -> list[str]:
    rule = plan.refuse
    said: list[str] = []
    counted = (
        (found.units, rule.adopters_below, "networks that adopted can be compared"),
        (found.never, rule.never_below, "networks that never adopted can be compared"),
    )
    said += [
        f"{units} {words}; the plan asks for at least {least}."
        for units, least, words in counted
        if units < least
    ]
    least_band = int(found.bands["units"].min())
    if least_band < rule.band_below:
        said.append(
            f"The smallest band of dose holds {least_band} networks; the plan asks for at least {rule.band_below}."
        )
    if len(found.bands) <= len(plan.dose.edges):
        said.append("A band of dose that the plan asks for holds no network.")
    if found.placebo_p < rule.placebo_p_below:
        said.append(
            f"Before adoption, networks of some dose and others did not move alike (joint test,"
            f" {p_values.equation(found.placebo_p)}; the plan asks for at least {rule.placebo_p_below:g})."
        )
    least = float((reporting["observed"] / reporting["units"]).min())
    if least < rule.reporting_share_below:
        said.append(
            f"In one quarter {least:.0%} of networks reported the outcome; the plan asks for at least"
            f" {rule.reporting_share_below:.0%} in each, or a change of reporters may look like an effect."
        )
    if not np.isfinite([found.per_dose.se, found.placebo_p]).all():
        said.append("The estimator did not come to a standard error.")
    return said
