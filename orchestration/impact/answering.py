"""What ``phip evaluate`` answers."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from dbt_project.registry import Metric, RegistryError, load_metrics
from dbt_project.registry.plans import AnyPlan, BoardPlan, DosePlan, Plan, SeriesPlan, load_plans
from evaluation import p_values
from evaluation.dose_response import CHOSEN
from evaluation.impact import Assessment
from evaluation.synthetic_control import COUNTED
from orchestration import audit, builds, locks
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.impact import locking
from orchestration.impact.locking import Standing
from orchestration.impact.panel import quarter_start
from orchestration.impact.running import assessed, status_of
from orchestration.progress_log import say
from orchestration.settings import Settings

_SHORT = 12
_HEADS = {
    "published": "Confirmatory estimate: the plan was locked before its outcome was read.",
    "exploratory": "Exploratory estimate: what it shows is a question, not an answer.",
    "refused": "REFUSED: the plan says that this estimate is not to be published.",
}
_BESIDE = {
    "dynamic": "mean of the quarters of the horizon",
    "cluster": "shocks shared within boards",
    "constant_reporters": "networks that reported every quarter",
    "neighbours": "without the controls most exposed to adopters",
    "secondary": "other outcome",
    "placebo_outcome": "outcome that should not move",
    "placebo_date": "adoption that did not happen",
    "subgroup": "subgroup",
}


_OF_SERIES = {
    "mean": "averaged over the months from then on",
    "level": "at once",
    "slope": "more each month",
    "beside": "averaged, by another method",
    "placebo_date": "at a pretended date before",
}
_OF_APPLICANTS = {
    "offer": "effect of the offer",
    "offer_adjusted": "effect of the offer at equal covariates",
    "take_up": "effect of the offer on starting",
    "place": "effect of the place",
    "place_adjusted": "effect of the place at equal covariates",
}


_OF_DOSE = {
    "highest_less_lowest": "highest band less lowest",
    "early_less_late": "early adopters less late ones",
    "cluster": "one more, errors clustered by network",
}


def listing(settings: Settings) -> Told:
    """How every plan stands."""
    found = [(plan, locking.standing(settings, plan)) for plan in _plans().values()]
    lines: list[str] = []
    for plan, stand in found:
        state = f"locked on {stand.locked_on} by {stand.locked_by}" if stand.locked_on else "not locked"
        lines += [f"{plan.id}: {plan.question}", f"  {state}. {stand.remark}".rstrip()]
        lines += [f"  deviates: {deviation}" for deviation in stand.deviations]
    return Told(tuple(lines), {"plans": [_machine(locking.as_facts(stand)) for _, stand in found]})


def lock_plan(settings: Settings, plan_id: str, *, by: str, why: str) -> Told:
    """Lock a plan. Raises :class:`UsageProblem` for a missing name or reason, or a plan that is locked as it is."""
    plan = _plan(plan_id)
    for option, text in (("--by", by), ("--why", why)):
        if not text.strip():
            raise UsageProblem(
                f"{option}: found nothing, expected {'a name' if option == '--by' else 'a reason'}"
            )
    try:
        with locks.exclusive(settings.prepare(), "plan"):
            entry = locking.lock(settings, plan, by=by.strip(), why=why.strip())
    except (locking.AlreadyLocked, audit.UnfitFact) as error:
        raise UsageProblem(str(error)) from error
    except locks.Busy as error:
        raise DataRefused(str(error)) from error
    stand = locking.standing(settings, plan)
    lines = [
        f"plan {plan.id} is locked as of now, entry {entry.number} of the audit log",
        f"  hash {plan.hash}",
    ]
    if stand.remark:
        lines.append(f"  {stand.remark} Its estimate will be labelled exploratory.")
    return Told(tuple(lines), _machine(locking.as_facts(stand)))


def run_plan(settings: Settings, plan_id: str) -> Told:
    """Run a plan on the newest build; good where its estimate may be shown."""
    plan = _plan(plan_id)
    build = builds.newest(settings)
    if build is None:
        raise DataRefused("there is no build: run 'phip demo' or 'phip run'")
    stand = locking.standing(settings, plan)
    locking.note_reading(settings, plan, build.build_id)
    found = assessed(settings, build, plan, say)
    status = status_of(stand, found)
    metric = load_metrics()[plan.outcome]
    lines = [plan.question, *_outcome(plan, stand, found, status, metric)]
    lines.append(
        f"Plan {plan.hash[:_SHORT]}, data to {build.vintage}, figures {build.figures_version[:_SHORT]}."
    )
    content = {
        "plan": _machine(locking.as_facts(stand)),
        "status": status,
        "refused": list(found.refused),
        "deviations": [*stand.deviations, *found.deviations],
        "remarks": list(found.remarks),
        "adopters": found.adopters,
        "others": found.others,
        "outcome": plan.outcome,
        "unit": metric.unit,
        "build": build.build_id,
        "estimates": [] if found.refused else json.loads(found.estimates.to_json(orient="records")),
    }
    return Told(tuple(lines), content, good=not found.refused)


def _outcome(plan: AnyPlan, stand: Standing, found: Assessment, status: str, metric: Metric) -> list[str]:
    lines = [_HEADS[status]]
    if stand.remark:
        lines.append(stand.remark)
    lines += [f"  {reason}" for reason in found.refused]
    lines += [f"  deviates: {text}" for text in (*stand.deviations, *found.deviations)]
    lines += [f"  remark: {text}" for text in found.remarks]
    if found.refused:
        return lines
    if isinstance(plan, Plan):
        return [*lines, *_of_adoption(plan, found, metric)]
    if isinstance(plan, SeriesPlan):
        return [*lines, *_of_series(plan, found)]
    if isinstance(plan, BoardPlan):
        return [*lines, *_of_board(plan, found, metric)]
    if isinstance(plan, DosePlan):
        return [*lines, *_of_dose(plan, found, metric)]
    return [*lines, *_of_applicants(found)]


def _of_series(plan: SeriesPlan, found: Assessment) -> list[str]:
    what = (
        "ratio to what was to be expected"
        if plan.model == "counts"
        else "difference from what was to be expected"
    )
    lines = [f"{found.adopters} months from {plan.since:%B %Y} on, {found.others} before: {what}"]
    for part, words in _OF_SERIES.items():
        for row in found.estimates[found.estimates["part"] == part].to_dict("records"):
            name = f"{words}: {row['label']}" if row["label"] else words
            lines.append(f"  {name}: {_interval(row)}")
    return lines


def _of_applicants(found: Assessment) -> list[str]:
    counted = f"{found.adopters} people offered a place against {found.others} refused for want of room"
    lines = [f"{counted}: difference of shares"]
    for part, words in _OF_APPLICANTS.items():
        for row in found.estimates[found.estimates["part"] == part].to_dict("records"):
            lines.append(f"  {words}: {_interval(row)}")
    return lines


def _of_adoption(plan: Plan, found: Assessment, metric: Metric) -> list[str]:
    lines: list[str] = []
    rows = found.estimates
    main = rows[rows["part"] == "overall"].iloc[0]
    lines.append(
        f"{metric.label}: {_interval(main)} for {found.adopters} networks that adopted,"
        f" against {found.others} that had not ({p_values.equation(main['p'])},"
        f" Holm {p_values.number(main['p_adjusted'])})"
    )
    least = rows.loc[rows["part"] == "detectable", "estimate"].iloc[0]
    lines.append(f"The smallest effect that such data would show in four of five studies: {least:.3g}")
    for part, words in _BESIDE.items():
        for row in rows[rows["part"] == part].to_dict("records"):
            name = f"{words}: {row['label']}" if row["label"] else words
            lines.append(f"  {name}: {_interval(row) if pd.notna(row['estimate']) else 'too few networks'}")
    for kind in plan.sensitivity.leave_out:
        left = rows.loc[rows["part"] == f"leave_{kind}", "estimate"]
        if len(left):
            lines.append(f"  without one {kind}: {left.min():.3g} to {left.max():.3g}")
    joint = rows[rows["part"] == "pretrend"].iloc[0]
    lines.append(
        f"  alike before adoption: joint {p_values.equation(joint['p'])} (not rejecting is not proof)"
    )
    breakdown = float(rows.loc[rows["part"] == "breakdown", "estimate"].iloc[0])
    lines.append(f"  trends may bend by {breakdown:.3g} a quarter before no effect is within the interval")
    return lines


def _of_board(plan: BoardPlan, found: Assessment, metric: Metric) -> list[str]:
    rows = found.estimates
    main, board = (rows[rows["part"] == part].iloc[0] for part in ("effect", "board"))
    since = quarter_start(int(board["cohort"]))
    lines = [
        f"Board {board['label']}, the first with adopters in {plan.treated.share:.0%} of its networks ({since:%B %Y}),"
        f" against a mix of {board['units']} donors",
        f"{metric.label}: {_interval(main)}, averaged over {plan.quarters.after} quarters"
        f" (placebo test {p_values.equation(main['p'])})",
    ]
    weights = rows[(rows["part"] == "weight") & (rows["estimate"] >= COUNTED)].to_dict("records")
    lines.append("  mix: " + ", ".join(f"{row['label']} {row['estimate']:.0%}" for row in weights))
    error, spread = (
        float(rows.loc[rows["part"] == part, "estimate"].iloc[0]) for part in ("fit_error", "spread")
    )
    lines.append(f"  error of the fit before: {error:.3g}, {error / spread:.0%} of the spread between boards")
    left = rows.loc[rows["part"] == "leave_donor", "estimate"]
    lines.append(f"  without one donor: {left.min():.3g} to {left.max():.3g}")
    for row in rows[rows["part"] == "leave_region"].to_dict("records"):
        lines.append(
            f"  without the boards of its own region, {row['units']} donors are left: {row['estimate']:.3g}"
        )
    for row in rows[rows["part"] == "placebo_date"].to_dict("records"):
        lines.append(f"  at a pretended date {-row['position']:.0f} quarters before: {row['estimate']:.3g}")
    return lines


def _of_dose(plan: DosePlan, found: Assessment, metric: Metric) -> list[str]:
    rows = found.estimates

    def one(part: str) -> Any:
        return rows[rows["part"] == part].iloc[0]

    lines = [
        f"{metric.label}: {_interval(one('per_dose'))} for one more prescriber per {plan.dose.per_patients:,} patients"
        f" ({p_values.equation(one('per_dose')['p'])}); {found.adopters} networks that adopted, against"
        f" {found.others} that never did",
        f"The smallest effect that such data would show in four of five studies: {one('detectable')['estimate']:.3g}",
    ]
    for row in rows[rows["part"] == "band"].to_dict("records"):
        lines.append(f"  {row['label']} prescribers, {row['units']} networks: {_interval(row)}")
    for part, words in _OF_DOSE.items():
        for row in rows[rows["part"] == part].to_dict("records"):
            lines.append(f"  {words}: {_interval(row)}")
    left = rows.loc[rows["part"] == "leave_icb", "estimate"]
    lines.append(f"  without one board: {left.min():.3g} to {left.max():.3g}")
    for row in rows[rows["part"] == "linear"].to_dict("records"):
        lines.append(f"  the bands lie on a line: {p_values.equation(row['p'])}")
    joint = p_values.equation(one("placebo")["p"])
    lines.append(f"  alike before adoption: joint {joint} (not rejecting is not proof)")
    return [*lines, f"  {CHOSEN}"]


def _interval(row: Any) -> str:
    if pd.isna(row["lower_95"]):
        return f"{row['estimate']:.3g} (no interval)"
    return f"{row['estimate']:.3g} (95% interval {row['lower_95']:.3g} to {row['upper_95']:.3g})"


def _machine(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "deviations": list(facts["deviations"])}


def _plans() -> dict[str, AnyPlan]:
    try:
        return load_plans()
    except RegistryError as error:
        raise UsageProblem(str(error)) from error


def _plan(plan_id: str) -> AnyPlan:
    plans = _plans()
    if plan_id not in plans:
        raise UsageProblem(f"PLAN: found '{plan_id}', expected one of {', '.join(plans)}")
    return plans[plan_id]
