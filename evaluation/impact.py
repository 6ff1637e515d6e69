"""One locked plan on one panel: the estimate, everything that must stand beside it, and whether it may be shown.

An estimate is refused where the plan says so, and where anything that the plan asks to show beside it could not be
worked out. Figures are tidy: one row an estimate, ``part`` saying which of them it is:

==================== =============================================================================================
overall, dynamic     the effect on adopters: averaged over all they are followed for, and over the horizon alike
by_cohort, by_calendar  other averages of the same effects, without an interval: to compare with
event                ``position`` periods after adoption; ``band``: the interval for all of them at once
cohort               ``cohort`` adopted then, ``position`` periods after; its size in ``units``
pretrend             ``estimate`` the Wald statistic over ``units`` coefficients, with its p
secondary            the other outcomes; ``p_adjusted`` (Holm) over all that are asked
placebo_date, placebo_outcome   where nothing should be found
cluster, constant_reporters, neighbours, subgroup   the overall effect under another choice, or for some units
leave_cohort, leave_icb   the overall effect without one of them
smoothness, breakdown     robust interval where trends bend by up to ``position``; the bend at which nil is reached
detectable           the smallest effect that would have been found in four of five such studies
==================== =============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from dbt_project.registry.plans import Plan
from evaluation import impact_checks as checks
from evaluation import p_values
from evaluation.staggered_did import (
    Design,
    Effect,
    Fit,
    NotEstimable,
    detectable,
    fit,
    point,
    pretrend,
    smoothness_bounds,
)

ESTIMATE_TYPES = {
    "part": "string",
    "label": "string",
    "cohort": "Int64",
    "position": "float64",
    "estimate": "float64",
    "se": "float64",
    "lower_95": "float64",
    "upper_95": "float64",
    "band_lower": "float64",
    "band_upper": "float64",
    "p": "float64",
    "p_adjusted": "float64",
    "units": "Int64",
}
BALANCE_TYPES = {"variable": "string", "adopters": "float64", "others": "float64", "difference": "float64"}
REPORTING_TYPES = {"period": "Int64", "observed": "Int64", "units": "Int64"}
DIGITS = 9  # what is kept: beyond it the order of additions on a machine would show
AREAS = {"cohort": "first_treated", "icb": "icb"}
_SUBGROUPS: dict[str, Callable[[pd.DataFrame], pd.Series[bool]]] = {
    "deprived_half": lambda panel: panel["deprivation"] >= _middle(panel),
    "less_deprived_half": lambda panel: panel["deprivation"] < _middle(panel),
    "urban": lambda panel: panel["rural"] == 0,
    "rural": lambda panel: panel["rural"] == 1,
}


@dataclass(frozen=True)
class Assessment:
    """What came of a plan.

    ``refused``: why the estimate may not be published, in plain words; empty where it may. ``deviations``: what was
    not done as planned. ``remarks``: what the estimator complained of. Frames as in the types above, in their order.
    """

    refused: tuple[str, ...]
    deviations: tuple[str, ...]
    remarks: tuple[str, ...]
    adopters: int
    others: int
    estimates: pd.DataFrame
    balance: pd.DataFrame
    reporting: pd.DataFrame


class Rows:
    """Gathers estimates row by row."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def add(self, part: str, label: str = "", effect: Effect | None = None, **more: object) -> None:
        found = (
            {}
            if effect is None
            else dict(zip(("estimate", "se", "lower_95", "upper_95", "p"), effect, strict=True))
        )
        self.rows.append({"part": part, "label": label, **found, **more})

    def frame(self) -> pd.DataFrame:
        return typed(pd.DataFrame(self.rows), ESTIMATE_TYPES)


def assess(panel: pd.DataFrame, plan: Plan, progress: Callable[[str], None] = lambda _: None) -> Assessment:
    """Work through a plan.

    ``panel``: one row a unit and period with ``unit``, ``period`` (int), ``first_treated`` (int, 0 never), ``icb``,
    ``sub_icb``, the covariates that the registry of plans knows, and one column for each of the plan's outcomes.
    """
    deviations: list[str] = []
    design = _design(plan, panel, deviations)
    asked = _asked(panel, plan, design)
    reporting = typed(checks.reporting(asked), REPORTING_TYPES)
    rows = Rows()
    refused: list[str] = []
    try:
        found = fit(asked, design)
    except NotEstimable as error:
        nothing = typed(checks.balance(asked, ()), BALANCE_TYPES)
        return Assessment((_cannot(error),), tuple(deviations), (), 0, 0, rows.frame(), nothing, reporting)
    deviations += [f"{count} networks left out: {reason}" for reason, count in found.excluded.items()]
    adopters = int(found.cohorts["units"].sum())
    _main(rows, found, design)
    refused += _refused_for_data(plan, found, reporting, adopters)
    joint = pretrend(found, design)
    rows.add("pretrend", estimate=joint.statistic, p=joint.p, units=joint.terms)
    if joint.p < plan.refuse.pretrend_p_below:
        refused.append(
            f"Before adoption, adopters and others did not move alike (joint test, {p_values.equation(joint.p)}; the"
            f" plan asks for at least {plan.refuse.pretrend_p_below:g})."
        )
    for name, step in _Beside(panel, asked, plan, design, rows).steps():
        progress(name)
        try:
            refused += step()
        except NotEstimable as error:
            refused.append(f"{name[0].upper()}{name[1:]} could not be shown beside it: {error}.")
    _adjust(rows)
    balance = typed(checks.balance(asked, (*design.covariates, "outcome")), BALANCE_TYPES)
    return Assessment(
        tuple(refused),
        tuple(deviations),
        found.problems,
        adopters,
        found.units - adopters,
        rows.frame(),
        balance,
        reporting,
    )


def typed(frame: pd.DataFrame, types: dict[str, str]) -> pd.DataFrame:
    """The columns of a type map, in its order, floats kept to :data:`DIGITS` significant digits."""
    full = frame.reindex(columns=list(types)).astype(types)
    floats = [name for name, kind in types.items() if kind == "float64"]
    return full.assign(**{name: full[name].map(_kept) for name in floats})


def _kept(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else value


def _cannot(error: NotEstimable) -> str:
    return f"Nothing could be estimated: {error}."


def _middle(panel: pd.DataFrame) -> float:
    return float(panel.drop_duplicates("unit")["deprivation"].median())


def _design(plan: Plan, panel: pd.DataFrame, deviations: list[str]) -> Design:
    """The design of a plan; covariates that are nowhere known, or alike everywhere, are left out and said so."""
    usable: list[str] = []
    for name in plan.covariates:
        if panel.drop_duplicates("unit")[name].nunique() > 1:
            usable.append(name)
        else:
            deviations.append(f"without {name.replace('_', ' ')} as covariate: the data do not tell it")
    chosen = plan.estimator
    return Design(
        control=chosen.control,
        anticipation=chosen.anticipation,
        before=chosen.before,
        after=chosen.after,
        covariates=tuple(usable),
        draws=chosen.draws,
        seed=chosen.seed,
        least_cohort=chosen.least_cohort,
    )


def _asked(panel: pd.DataFrame, plan: Plan, design: Design, outcome: str | None = None) -> pd.DataFrame:
    """The panel of one outcome, covariates in standard deviations: their scale changes nothing but the arithmetic."""
    name = outcome or plan.outcome
    scaled = {
        each: (panel[each] - panel[each].mean()) / panel[each].std(ddof=0) for each in design.covariates
    }
    return panel.assign(outcome=panel[name].astype(np.float64), **scaled)


def _main(rows: Rows, found: Fit, design: Design) -> None:
    rows.add("overall", effect=found.overall, units=int(found.cohorts["units"].sum()))
    rows.add("dynamic", effect=found.dynamic)
    rows.add("by_cohort", estimate=found.by_cohort)
    rows.add("by_calendar", estimate=found.by_calendar)
    rows.add("detectable", estimate=detectable(found.overall))
    for row in found.event_study.to_dict("records"):
        rows.add(
            "event",
            "base" if row["is_base"] else "",
            position=row["event_time"],
            estimate=row["estimate"],
            se=row["se"],
            lower_95=row["lower"],
            upper_95=row["upper"],
            band_lower=row["band_lower"],
            band_upper=row["band_upper"],
            units=None if np.isnan(row["cohorts"]) else int(row["cohorts"]),
        )
    sizes = found.cohorts.set_index("cohort")["units"]
    for row in found.group_time.to_dict("records"):
        since = row["period"] - row["cohort"]
        if -design.before <= since <= design.after:
            rows.add(
                "cohort",
                cohort=row["cohort"],
                position=since,
                estimate=row["estimate"],
                se=row["se"],
                lower_95=row["lower"],
                upper_95=row["upper"],
                units=int(sizes[row["cohort"]]),
            )


def _refused_for_data(plan: Plan, found: Fit, reporting: pd.DataFrame, adopters: int) -> list[str]:
    refused: list[str] = []
    if adopters < plan.refuse.adopters_below:
        refused.append(
            f"{adopters} networks adopted; the plan asks for at least {plan.refuse.adopters_below}."
        )
    shares = reporting["observed"] / reporting["units"]
    if (least := float(shares.min())) < plan.refuse.reporting_share_below:
        refused.append(
            f"In one period {least:.0%} of networks reported the outcome; the plan asks for at least"
            f" {plan.refuse.reporting_share_below:.0%} in each, or a change of reporters may look like an effect."
        )
    if not np.isfinite([*found.overall[:4], found.dynamic.se]).all():
        refused.append("The estimator did not come to a standard error.")
    return refused


@dataclass(frozen=True)
class _Beside:
    """Everything that is shown beside the estimate; each step adds its rows and returns why it refuses."""

    panel: pd.DataFrame
    asked: pd.DataFrame
    plan: Plan
    design: Design
    rows: Rows

    def steps(self) -> tuple[tuple[str, Callable[[], list[str]]], ...]:
        """Name and work of each step, in the order of the page."""
        return (
            ("the placebo date", self.placebo_date),
            ("the other outcomes", self.other_outcomes),
            ("the estimate under other choices", self.other_choices),
            ("the estimate with one left out", self.left_out),
            ("the bounds for bent trends", self.bent_trends),
            ("the subgroups", self.subgroups),
        )

    def placebo_date(self) -> list[str]:
        shift, least = self.plan.placebo.date_shift, self.plan.refuse.placebo_date_p_below
        effect = checks.placebo_date(self.asked, self.design, shift)
        self.rows.add("placebo_date", effect=effect, position=-float(shift))
        if effect.p >= least:
            return []
        return [
            f"An adoption that did not happen, {shift} periods before the true one, shows an effect too"
            f" ({p_values.equation(effect.p)}; the plan asks for at least {least:g})."
        ]

    def other_outcomes(self) -> list[str]:
        both = (("secondary", self.plan.secondary), ("placebo_outcome", self.plan.placebo.outcomes))
        for part, names in both:
            for name in names:
                panel = _asked(self.panel, self.plan, self.design, name)
                self.rows.add(part, name, point(panel, self.design))
        return []

    def other_choices(self) -> list[str]:
        wide = self.plan.sensitivity
        self.rows.add("cluster", wide.cluster, point(self.asked, replace(self.design, cluster=wide.cluster)))
        self.rows.add("constant_reporters", effect=checks.constant_reporters(self.asked, self.design))
        apart = checks.without_exposed(self.asked, self.design, wide.neighbours)
        self.rows.add("neighbours", wide.neighbours, apart)
        return []

    def left_out(self) -> list[str]:
        for kind in self.plan.sensitivity.leave_out:
            for each in checks.leave_out(self.asked, self.design, AREAS[kind]):
                if kind == "cohort":
                    self.rows.add("leave_cohort", effect=each.effect, cohort=int(each.name))
                else:
                    self.rows.add("leave_icb", each.name, each.effect)
        return []

    def bent_trends(self) -> list[str]:
        scale = float(self.asked["outcome"].std())
        grid = tuple(share * scale for share in self.plan.sensitivity.smoothness)
        table, breakdown = smoothness_bounds(self.asked, self.design, grid)
        for row in table.to_dict("records"):
            self.rows.add("smoothness", position=row["m"], lower_95=row["lower"], upper_95=row["upper"])
        self.rows.add("breakdown", estimate=breakdown)
        return []

    def subgroups(self) -> list[str]:
        """A subgroup that is too small has a row without an estimate: it is asked for, not required."""
        for name in self.plan.subgroups:
            part = self.asked.loc[_SUBGROUPS[name](self.panel)]
            inside = tuple(each for each in self.design.covariates if part[each].nunique() > 1)
            try:
                self.rows.add("subgroup", name, point(part, replace(self.design, covariates=inside)))
            except NotEstimable:
                self.rows.add("subgroup", name)
        return []


def _adjust(rows: Rows) -> None:
    """Holm's adjustment over the outcome and those beside it (Holm S. Scand J Stat 1979;6:65-70)."""
    family = [row for row in rows.rows if row["part"] in ("overall", "secondary")]
    adjusted = np.asarray(multipletests([row["p"] for row in family], method="holm")[1], dtype=np.float64)
    for row, p in zip(family, adjusted, strict=True):
        row["p_adjusted"] = float(p)
