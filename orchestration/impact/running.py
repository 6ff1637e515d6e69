"""Running plans on a finished build: assessed once for each plan and panel, and kept for as long as both stay."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from dbt_project.registry import load_metrics
from dbt_project.registry.plans import AnyPlan, ApplicantsPlan, BoardPlan, DosePlan, SeriesPlan, load_plans
from evaluation import impact
from evaluation.impact_applicants import assess_applicants
from evaluation.impact_board import assess_board
from evaluation.impact_dose import assess_dose
from evaluation.impact_series import assess_series
from orchestration.builds import Build
from orchestration.fingerprint import figures_version
from orchestration.impact.locking import Standing
from orchestration.impact.panel import quarter_start, read_input
from orchestration.settings import Settings

ANALYSIS, ESTIMATE, BALANCE, REPORTING = (
    "dim_analysis",
    "fct_impact_estimate",
    "fct_impact_balance",
    "fct_impact_reporting",
)
KEPT = "assessments"  # below the builds
MOST_KEPT = 20  # newest first; older ones are worked out again when somebody asks
_ENGINES = ("diff-diff", "statsmodels", "scipy", "numpy", "pandas")
_TABLES = {
    "estimates": impact.ESTIMATE_TYPES,
    "balance": impact.BALANCE_TYPES,
    "reporting": impact.REPORTING_TYPES,
}
_ANALYSIS_TYPES = {
    "analysis_id": "string",
    "title": "string",
    "question": "string",
    "outcome": "string",
    "status": "string",  # published | exploratory | refused | awaiting_lock
    "remark": "string",
    "refused_because": "string",
    "deviations": "string",
    "remarks": "string",
    "plan_hash": "string",
    "locked_on": "datetime64[us]",
    "locked_by": "string",
    "first_period": "datetime64[us]",
    "last_period": "datetime64[us]",
    "adopters": "Int64",
    "others": "Int64",
    "vintage": "datetime64[us]",
    "code_version": "string",
    "figures_version": "string",
    "engine": "string",
}
_LINES = "\n"  # between the reasons of one analysis

Progress = Callable[[str], None]


def assessed(settings: Settings, build: Build, plan: AnyPlan, progress: Progress) -> impact.Assessment:
    """What came of a plan on a build; worked out again only where the plan, its panel or the code changed."""
    panel = read_input(build.path(settings), plan, load_metrics(), build.vintage)
    folder = settings.warehouse / KEPT / _key(plan, panel)
    if (kept := _kept(folder)) is not None:
        return kept
    progress(f"evaluating {plan.id}")
    with threadpool_limits(limits=1):  # small matrices: threads only wait for each other
        found = _assess(panel, plan, lambda step: progress(f"evaluating {plan.id}: {step}"))
    _keep(folder, found)
    return found


def _assess(panel: pd.DataFrame, plan: AnyPlan, progress: Progress) -> impact.Assessment:
    if isinstance(plan, SeriesPlan):
        return assess_series(panel, plan, progress)
    if isinstance(plan, ApplicantsPlan):
        return assess_applicants(panel, plan)
    if isinstance(plan, BoardPlan):
        return assess_board(panel, plan)
    if isinstance(plan, DosePlan):
        return assess_dose(panel, plan, progress)
    return impact.assess(panel, plan, progress)


def frames(
    settings: Settings, build: Build, standings: Iterable[Standing], progress: Progress
) -> dict[str, pd.DataFrame]:
    """The published tables of every plan: estimates of those that may be shown, and why the others may not.

    A plan that nobody locked is not run: its outcome stays unread.
    """
    plans = load_plans()
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[pd.DataFrame]] = {ESTIMATE: [], BALANCE: [], REPORTING: []}
    for standing in standings:
        plan = plans[standing.plan]
        found = assessed(settings, build, plan, progress) if standing.locked_on else None
        rows.append(_analysis(plan, standing, found, build))
        if found is None:
            continue
        parts[REPORTING].append(_dated(found.reporting, "period").assign(analysis_id=plan.id))
        if not found.refused:
            parts[ESTIMATE].append(_dated(found.estimates, "cohort").assign(analysis_id=plan.id))
            parts[BALANCE].append(found.balance.assign(analysis_id=plan.id))
    stacked = {name: _stacked(part, _types(name)) for name, part in parts.items()}
    return {ANALYSIS: pd.DataFrame(rows, columns=list(_ANALYSIS_TYPES)).astype(_ANALYSIS_TYPES), **stacked}


def status_of(standing: Standing, found: impact.Assessment | None) -> str:
    """published | exploratory | refused | awaiting_lock."""
    if found is None:
        return "awaiting_lock"
    if found.refused:
        return "refused"
    return "published" if standing.confirmatory else "exploratory"


def _analysis(
    plan: AnyPlan, standing: Standing, found: impact.Assessment | None, build: Build
) -> dict[str, Any]:
    periods = [] if found is None else _periods(plan, found)
    return {
        "analysis_id": plan.id,
        "title": plan.title,
        "question": plan.question,
        "outcome": plan.outcome,
        "status": status_of(standing, found),
        "remark": standing.remark,
        "refused_because": _LINES.join(found.refused) if found else "",
        "deviations": _LINES.join((*standing.deviations, *(found.deviations if found else ()))),
        "remarks": _LINES.join(found.remarks) if found else "",
        "plan_hash": plan.hash,
        "locked_on": standing.locked_on,
        "locked_by": standing.locked_by,
        "first_period": min(periods, default=None),
        "last_period": max(periods, default=None),
        "adopters": found.adopters if found and not found.refused else None,
        "others": found.others if found and not found.refused else None,
        "vintage": build.vintage,
        "code_version": build.code_version,
        "figures_version": build.figures_version,
        "engine": "; ".join(f"{name} {metadata.version(name)}" for name in _ENGINES),
    }


def _periods(plan: AnyPlan, found: impact.Assessment) -> list[date]:
    """The first days of the periods that an assessment rests on, where it says which."""
    if isinstance(plan, SeriesPlan):
        months = found.estimates.loc[found.estimates["part"] == "observed", "position"]
        return [(pd.Timestamp(plan.since) + pd.DateOffset(months=int(each))).date() for each in months]
    return [quarter_start(int(period)) for period in found.reporting["period"]]


def _types(table: str) -> dict[str, str]:
    first = {"analysis_id": "string"}
    if table == ESTIMATE:
        return first | impact.ESTIMATE_TYPES | {"cohort": "datetime64[us]"}
    if table == REPORTING:
        return first | impact.REPORTING_TYPES | {"period": "datetime64[us]"}
    return first | impact.BALANCE_TYPES


def _stacked(parts: list[pd.DataFrame], types: dict[str, str]) -> pd.DataFrame:
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    filled = [part[list(types)].astype(types) for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else empty


def _dated(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Counted quarters as their first days."""
    days = [None if pd.isna(number) else pd.Timestamp(quarter_start(int(number))) for number in frame[column]]
    return frame.assign(**{column: pd.Series(days, index=frame.index, dtype="datetime64[us]")})


def _key(plan: AnyPlan, panel: pd.DataFrame) -> str:
    """Hash of everything that an assessment follows from: the plan, every cell of its panel, code and libraries."""
    cells = pd.util.hash_pandas_object(panel, index=False).to_numpy().tobytes()
    digest = hashlib.sha256(cells)
    for text in (plan.hash, *panel.columns, figures_version(), *map(metadata.version, _ENGINES)):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:32]


def _keep(folder: Path, found: impact.Assessment) -> None:
    """Write an assessment; it appears whole or not at all."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    told = {name: value for name, value in asdict(found).items() if name not in _TABLES}
    for name in _TABLES:
        getattr(found, name).to_parquet(draft / f"{name}.parquet", index=False)
    (draft / "assessment.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    kept = sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in kept[MOST_KEPT:]:  # what a killed run left of a draft among them
        shutil.rmtree(old, ignore_errors=True)


def _kept(folder: Path) -> impact.Assessment | None:
    if not (folder / "assessment.json").exists():
        return None
    told: dict[str, Any] = json.loads((folder / "assessment.json").read_text(encoding="utf-8"))
    estimates, balance, reporting = (
        pd.read_parquet(folder / f"{name}.parquet").astype(types) for name, types in _TABLES.items()
    )
    return impact.Assessment(
        tuple(told["refused"]),
        tuple(told["deviations"]),
        tuple(told["remarks"]),
        told["adopters"],
        told["others"],
        estimates,
        balance,
        reporting,
    )
