"""A plan of capacity-rationed applicants worked through: the effect of offer and place, and what stands beside it.

Parts of the estimates: ``offer``, ``offer_adjusted``, ``take_up``, ``place``, ``place_adjusted`` (differences of
shares; ``units`` the people compared) and ``first_stage`` (the F of the offer on starting).
"""

from __future__ import annotations

import pandas as pd

from dbt_project.registry.plans import ApplicantsPlan
from evaluation.impact import BALANCE_TYPES, REPORTING_TYPES, Assessment, Rows, typed
from evaluation.rationed_applicants import Estimate, RationedApplicants, rationed_applicants
from evaluation.staggered_did import Effect

EFFECTS = ("offer", "offer_adjusted", "take_up", "place", "place_adjusted")


def assess_applicants(people: pd.DataFrame, plan: ApplicantsPlan) -> Assessment:
    """Work through a plan on people as :func:`evaluation.rationed_applicants.rationed_applicants` asks for."""
    rows = Rows()
    reporting = typed(pd.DataFrame(), REPORTING_TYPES)
    try:
        found = rationed_applicants(people, covariates=plan.covariates)
    except ValueError as error:
        balance = typed(pd.DataFrame(), BALANCE_TYPES)
        return Assessment(
            (f"Nothing could be estimated: {error}.",), (), (), 0, 0, rows.frame(), balance, reporting
        )
    for name in EFFECTS:
        estimate: Estimate | None = getattr(found, name)
        if estimate is not None:
            effect = Effect(estimate.estimate, estimate.se, estimate.lower, estimate.upper, estimate.p)
            rows.add(name, effect=effect, units=found.people)
    rows.add("first_stage", estimate=found.first_stage_f, units=found.clusters)
    balance = _balance(found)
    return Assessment(
        tuple(_refused(plan, found, balance)),
        _left_out(found),
        found.problems,
        found.offered,
        found.refused,
        rows.frame(),
        balance,
        reporting,
    )


def _balance(found: RationedApplicants) -> pd.DataFrame:
    table = found.covariates
    named = [
        f"{name}: {level}" if level else str(name)
        for name, level in zip(table["covariate"], table["level"], strict=True)
    ]
    renamed = table.rename(
        columns={
            "mean_offered": "adopters",
            "mean_refused": "others",
            "standardised_difference": "difference",
        }
    )
    return typed(renamed.assign(variable=named), BALANCE_TYPES)


def _refused(plan: ApplicantsPlan, found: RationedApplicants, balance: pd.DataFrame) -> list[str]:
    refused: list[str] = []
    if found.refused < plan.refuse.refused_below:
        refused.append(
            f"{found.refused} people refused for want of room can be compared; the plan asks for at least"
            f" {plan.refuse.refused_below}."
        )
    if found.first_stage_f is not None and found.first_stage_f < plan.refuse.first_stage_f_below:
        refused.append(
            f"An offer hardly changes who starts (F = {found.first_stage_f:.1f}; the plan asks for at least"
            f" {plan.refuse.first_stage_f_below:g})."
        )
    widest = float(balance["difference"].abs().max()) if len(balance) else 0.0
    if widest > plan.refuse.imbalance_above:
        refused.append(
            f"People offered a place and people refused differ by {widest:.2f} standard deviations; the plan asks for"
            f" at most {plan.refuse.imbalance_above:g}."
        )
    return refused


def _left_out(found: RationedApplicants) -> tuple[str, ...]:
    said = (
        (
            found.left_out,
            "people left out: at their provider in that quarter all or nobody was offered a place",
        ),
        (found.without_outcome, "people left out: not followed for long enough"),
    )
    return tuple(f"{count:,} {words}" for count, words in said if count)
