"""Locks of analysis plans: who fixed which plan, when, and whether its outcome had been read before.

A lock, and every reading of a plan's outcome, is an entry of the audit log, which is only appended to. What the locked
plan said is kept beside it under its hash, so that later deviations can be told choice by choice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dbt_project.registry.plans import AnyPlan, differences
from orchestration import audit
from orchestration.settings import Settings

FOLDER = "plans"  # below the home folder, in the tier of pseudonymous things: choices, no data
_SHORT = 16


@dataclass(frozen=True)
class Standing:
    """How a plan stands, as plain data: it is part of a release's recipe.

    ``confirmatory``: locked as it is now, before its outcome was read. ``remark`` says why not. ``deviations``: what
    the plan says now that the lock of it did not.
    """

    plan: str
    hash: str
    locked_on: date | None
    locked_by: str
    confirmatory: bool
    remark: str
    deviations: tuple[str, ...]


class AlreadyLocked(ValueError):
    """The plan is locked as it is; the message says since when."""


def lock(settings: Settings, plan: AnyPlan, *, by: str, why: str) -> audit.Entry:
    """Lock a plan as it is now. Raises :class:`AlreadyLocked`, :class:`audit.UnfitFact`."""
    before = [entry for entry in _entries(settings, "plan_locked") if entry.facts["hash"] == plan.hash]
    if before:
        raise AlreadyLocked(f"plan {plan.id} is locked as it is since {before[0].at.date()}")
    facts: dict[str, audit.Fact] = {"plan": plan.id, "hash": plan.hash, "by": by, "why": why}
    audit.check_facts(facts)
    _keep(settings, plan)
    return audit.record(settings, "plan_locked", facts)


def note_reading(settings: Settings, plan: AnyPlan, build_id: str) -> None:
    """Enter that the outcome of a plan is read now; once for each plan and build."""
    facts: dict[str, audit.Fact] = {
        "plan": plan.id,
        "hash": plan.hash,
        "outcome": plan.outcome,
        "build": build_id,
    }
    if not any(entry.facts == facts for entry in _entries(settings, "outcome_read")):
        audit.record(settings, "outcome_read", facts)


def standing(settings: Settings, plan: AnyPlan) -> Standing:
    """How a plan stands now."""
    locks = [entry for entry in _entries(settings, "plan_locked") if entry.facts["plan"] == plan.id]
    if not locks:
        return Standing(plan.id, plan.hash, None, "", False, "It is not locked.", ())
    mine = [entry for entry in locks if entry.facts["hash"] == plan.hash]
    newest = (mine or locks)[-1]
    day, by = newest.at.date(), str(newest.facts["by"])
    if not mine:
        was = _kept(settings, str(newest.facts["hash"]))
        changed = differences(was, plan.content) if was else ("what was locked is no longer kept",)
        return Standing(plan.id, plan.hash, day, by, False, "It was changed after it was locked.", changed)
    read = [
        entry
        for entry in _entries(settings, "outcome_read")
        if entry.facts["outcome"] == plan.outcome and entry.number < newest.number
    ]
    remark = f"Its outcome had been read on {read[0].at.date()}, before it was locked." if read else ""
    return Standing(plan.id, plan.hash, day, by, not read, remark, ())


def as_facts(found: Standing) -> dict[str, Any]:
    """A standing as the recipe of a release keeps it."""
    told = {name: getattr(found, name) for name in Standing.__dataclass_fields__}
    return {**told, "locked_on": found.locked_on.isoformat() if found.locked_on else None}


def of_facts(facts: dict[str, Any]) -> Standing:
    """The standing that a recipe keeps."""
    day: str | None = facts["locked_on"]
    return Standing(
        facts["plan"],
        facts["hash"],
        date.fromisoformat(day) if day else None,
        facts["locked_by"],
        facts["confirmatory"],
        facts["remark"],
        tuple(facts["deviations"]),
    )


def _entries(settings: Settings, action: str) -> list[audit.Entry]:
    return [entry for entry in audit.read(settings) if entry.action == action]


def _path(settings: Settings, plan_hash: str) -> Path:
    return settings.home / FOLDER / f"{plan_hash[:_SHORT]}.json"


def _keep(settings: Settings, plan: AnyPlan) -> None:
    """Write what a plan says; a file that is there already says the same, its name being its hash."""
    path = _path(settings, plan.hash)
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o750)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(plan.content, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.chmod(0o640)
    draft.replace(path)


def _kept(settings: Settings, plan_hash: str) -> dict[str, Any] | None:
    path = _path(settings, plan_hash)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
