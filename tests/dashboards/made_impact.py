"""Impact analyses as a release publishes them: one of every standing, numbers made up but for their order."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from dashboards.inputs import ANALYSIS_COLUMNS, BALANCE_COLUMNS, ESTIMATE_COLUMNS, REPORTING_COLUMNS
from dbt_project.registry.plans import (
    AnyPlan,
    ApplicantsPlan,
    BoardPlan,
    DosePlan,
    Plan,
    SeriesPlan,
    load_plans,
)

Row = dict[str, Any]
BOARDS = Path(__file__).parent / "boards.csv"
STANDINGS = ("published", "exploratory", "refused", "awaiting_lock")
REFUSAL = (
    "Before adoption, adopters and others did not move alike (joint test, p = 0.004; the plan asks for at"
    " least 0.05)."
)
CHANGED = "estimator.draws: 999, was 99"
FIRST_COHORT, QUARTERS = pd.Timestamp("2022-04-01"), 21


def plans() -> dict[str, AnyPlan]:
    """Every plan there is; that of adoption again under a name for each standing."""
    plan = next(plan for plan in load_plans().values() if isinstance(plan, Plan))
    made = {
        standing: plan.model_copy(update={"id": f"made_{standing}", "title": f"Made analysis, {standing}"})
        for standing in STANDINGS[1:]
    }
    return {**load_plans(), **{each.id: each for each in made.values()}}


def frames() -> dict[str, pd.DataFrame]:
    """The four tables, by the name of their input."""
    estimates: list[Row] = []
    balance: list[Row] = []
    reporting: list[Row] = []
    analysis: list[Row] = []
    for plan in plans().values():
        standing = plan.id.removeprefix("made_") if plan.id.startswith("made_") else "published"
        named = {"analysis_id": plan.id}
        analysis.append(_analysis(plan, standing))
        if standing in ("published", "exploratory"):
            estimates += [
                {**named, **row} for row in _estimates_of(plan, 0.8 if standing == "published" else -0.2)
            ]
            balance += [{**named, **row} for row in _balance(plan)]
        if standing != "awaiting_lock" and isinstance(plan, Plan):
            reporting += [
                {**named, "period": period, "observed": 900 + 7 * place, "units": 1200}
                for place, period in enumerate(pd.date_range("2021-04-01", periods=QUARTERS, freq="QS-APR"))
            ]
    dates = {"cohort": "datetime64[ns]", "units": "Int64"}
    return {
        "analysis": pd.DataFrame(analysis, columns=list(ANALYSIS_COLUMNS)),
        "impact_estimate": pd.DataFrame(estimates, columns=list(ESTIMATE_COLUMNS)).astype(dates),
        "impact_balance": pd.DataFrame(balance, columns=list(BALANCE_COLUMNS)),
        "impact_reporting": pd.DataFrame(reporting, columns=list(REPORTING_COLUMNS)),
    }


def _analysis(plan: AnyPlan, standing: str) -> Row:
    locked = standing != "awaiting_lock"
    shown = standing in ("published", "exploratory")
    return {
        "analysis_id": plan.id,
        "status": standing,
        "remark": {
            "exploratory": "It was changed after it was locked.",
            "awaiting_lock": "It is not locked.",
        }.get(standing, ""),
        "refused_because": REFUSAL if standing == "refused" else "",
        "deviations": CHANGED if standing == "exploratory" else "",
        "remarks": "",
        "plan_hash": plan.hash,
        "locked_on": pd.Timestamp("2026-03-02") if locked else pd.NaT,
        "locked_by": "Programme evaluation lead" if locked else "",
        "first_period": pd.Timestamp("2021-04-01"),
        "last_period": pd.Timestamp("2026-04-01") if locked else pd.NaT,
        "adopters": 849 if shown else math.nan,
        "others": 305 if shown else math.nan,
        "figures_version": "f" * 64,
        "engine": "diff-diff 3.13.0",
    }


def _effect(value: float, se: float = 0.2) -> Row:
    half = 1.96 * se
    p = math.erfc(abs(value) / se / math.sqrt(2))
    return {"estimate": value, "se": se, "lower_95": value - half, "upper_95": value + half, "p": p}


def _estimates_of(plan: AnyPlan, effect: float) -> list[Row]:
    if isinstance(plan, SeriesPlan):
        return _series()
    if isinstance(plan, BoardPlan):
        return _board()
    if isinstance(plan, DosePlan):
        return _dose()
    return _applicants() if isinstance(plan, ApplicantsPlan) else _estimates(plan, effect)


def _balance(plan: AnyPlan) -> list[Row]:
    names: tuple[str, ...] = (*plan.covariates, "outcome") if isinstance(plan, Plan) else ()
    if isinstance(plan, ApplicantsPlan):
        names = ("sector: hospital", "sector: pcn")
    return [
        {"variable": name, "adopters": 0.1, "others": 0.0, "difference": 0.05 * place}
        for place, name in enumerate(names)
    ]


def _series() -> list[Row]:
    rows: list[Row] = [
        {"part": "mean", **_effect(1.4, 0.1)},
        {"part": "beside", "label": "AR(1) of the log rate", **_effect(1.38, 0.14)},
        {"part": "level", **_effect(1.2, 0.1)},
        {"part": "slope", **_effect(1.01, 0.02)},
        {"part": "placebo_date", "position": -12.0, **_effect(1.03, 0.09)},
    ]
    for since in range(-24, 30):
        expected, seen = 100.0 + since, 100.0 + since + (40.0 if since >= 0 else 0.0)
        rows.append({"part": "observed", "position": since, "estimate": seen + since % 3})
        for part, value in (("fitted", seen), ("counterfactual", expected)):
            bounds = {"lower_95": value - 8, "upper_95": value + 8}
            rows.append({"part": part, "position": since, "estimate": value, **bounds})
    return rows


def _board() -> list[Row]:
    """QOP against nineteen donors, three of which carry weight; no place of the order is like another."""
    codes = [code for code in pd.read_csv(BOARDS)["icb_code"] if code != "QOP"][:19]
    effect = {"estimate": 0.9, "lower_95": 0.2, "upper_95": 1.6, "p": 0.05}
    rows: list[Row] = [
        {"part": "effect", **effect},
        {"part": "board", "label": "QOP", "cohort": pd.Timestamp("2024-01-01"), "units": 19},
        {"part": "placebo_date", "position": -6.0, "estimate": 0.08},
        {"part": "leave_region", "estimate": 0.84, "units": 15},
        {"part": "fit_error", "estimate": 0.11},
        {"part": "spread", "estimate": 0.8},
        {"part": "ratio", "label": "QOP", "estimate": 8.4},
    ]
    for since in range(-11, 4):
        mix, gap = 6.0 + 0.2 * since, 0.9 if since >= 0 else 0.1 * (-1) ** since
        for part, value in (("observed", mix + gap), ("synthetic", mix), ("gap", gap)):
            rows.append({"part": part, "position": since, "estimate": value})
        for place, code in enumerate(codes):
            drift = (0.02 * since + 0.1) * (place - 9) / 9
            rows.append({"part": "placebo_gap", "label": code, "position": since, "estimate": drift})
    for place, code in enumerate(codes):
        weight = {0: 0.5, 4: 0.3, 7: 0.2}.get(place, 0.0)
        rows.append({"part": "weight", "label": code, "estimate": weight})
        rows.append({"part": "ratio", "label": code, "estimate": 3.0 - 0.1 * place})
        if weight:
            rows.append({"part": "leave_donor", "label": code, "estimate": 0.8 + 0.1 * weight})
    return rows


def _dose() -> list[Row]:
    rows: list[Row] = [
        {"part": "per_dose", "units": 580, **_effect(0.4, 0.1)},
        {"part": "detectable", "estimate": 0.28},
        {"part": "placebo", "p": 0.31, "units": 3},
        {"part": "linear", "p": 0.47, "units": 2},
        {"part": "highest_less_lowest", **_effect(0.5, 0.2)},
        {"part": "early_less_late", **_effect(0.1, 0.3)},
        {"part": "cluster", "label": "network", **_effect(0.4, 0.12)},
        {"part": "leave_icb", "label": "QOP", **_effect(0.37, 0.1)},
        {"part": "leave_icb", "label": "QWO", **_effect(0.43, 0.1)},
    ]
    for dose in (0.0, 2.3):
        bounds = {"lower_95": 0.2 * dose, "upper_95": 0.6 * dose}
        rows.append({"part": "line", "position": dose, "estimate": 0.4 * dose, **bounds})
    for label, dose, units in (
        ("below 1", 0.8, 220),
        ("1 to below 1.5", 1.2, 160),
        ("1.5 or more", 2.3, 190),
    ):
        rows.append({"part": "band", "label": label, "position": dose, "units": units, **_effect(0.4 * dose)})
        before = {"estimate": 0.05, "se": 0.09, "units": units}
        rows.append({"part": "placebo_band", "label": label, "position": dose, **before})
    return rows


def _applicants() -> list[Row]:
    parts = {"offer": 0.3, "offer_adjusted": 0.31, "take_up": 0.8, "place": 0.38, "place_adjusted": 0.39}
    found = [{"part": part, "units": 4000, **_effect(value, 0.05)} for part, value in parts.items()]
    return [*found, {"part": "first_stage", "estimate": 250.0, "units": 16}]


def _estimates(plan: Plan, effect: float) -> list[Row]:
    base = -1 - plan.estimator.anticipation
    rows: list[Row] = [
        {
            "part": "overall",
            **_effect(effect),
            "p_adjusted": min(1.0, 3 * _effect(effect)["p"]),
            "units": 849,
        },
        {"part": "dynamic", **_effect(effect * 1.1)},
        {"part": "detectable", "estimate": 0.56},
        {"part": "pretrend", "estimate": 2.5, "p": 0.47, "units": 3},
        {"part": "breakdown", "estimate": 0.018},
        {"part": "placebo_date", "position": -3.0, **_effect(0.03)},
    ]
    for since in range(-plan.estimator.before, plan.estimator.after + 1):
        if since == base:
            rows.append({"part": "event", "label": "base", "position": since, "estimate": 0.0})
            continue
        found = _effect(effect * (1 + since / 20) if since >= 0 else 0.01 * since, 0.15)
        band = {"band_lower": found["lower_95"] - 0.1, "band_upper": found["upper_95"] + 0.1}
        rows.append({"part": "event", "position": since, **found, **band})
    for since in (0, 1):
        cohort = {"cohort": FIRST_COHORT, "position": since, "units": 41}
        rows.append({"part": "cohort", **cohort, **_effect(effect / 2)})
    rows += [
        {"part": "secondary", "label": name, **_effect(0.05), "p_adjusted": 0.9} for name in plan.secondary
    ]
    rows += [{"part": "placebo_outcome", "label": name, **_effect(-0.02)} for name in plan.placebo.outcomes]
    rows += [{"part": "cluster", "label": "icb", **_effect(effect, 0.25)}]
    rows += [{"part": "constant_reporters", **_effect(effect + 0.02)}]
    rows += [{"part": "neighbours", "label": "sub_icb", **_effect(effect - 0.03)}]
    rows += [{"part": "subgroup", "label": name, **_effect(effect + 0.1)} for name in plan.subgroups[:-1]]
    rows += [{"part": "subgroup", "label": plan.subgroups[-1]}]
    rows += [{"part": "leave_cohort", "cohort": FIRST_COHORT, **_effect(effect + 0.04)}]
    rows += [{"part": "leave_icb", "label": "QOP", **_effect(effect - 0.05)}]
    rows += [
        {
            "part": "smoothness",
            "position": bend,
            "lower_95": effect - 0.4 - 30 * bend,
            "upper_95": effect + 0.4,
        }
        for bend in (0.0, 0.01, 0.02)
    ]
    return rows
