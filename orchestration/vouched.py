"""Verdicts and overrides are entered in the audit log, whose chain has a key; publishing looks for them there.

Whoever can write the ledger could put a verdict into it and compute every hash of its chain anew. The audit log is
told what the gate found when it found it, and cannot be told anything afterwards without its key.
"""

from __future__ import annotations

from expectations.gate import GateRefused
from expectations.store import Override
from expectations.verdict import Verdict
from orchestration import audit
from orchestration.settings import Settings


def enter(settings: Settings, verdict: Verdict) -> None:
    """Enter what the gate found."""
    audit.record(settings, "verdict", _of_verdict(verdict))


def enter_override(settings: Settings, override: Override) -> None:
    """Enter who publishes in spite of a refusal, and why. Raises :class:`orchestration.audit.UnfitFact`."""
    audit.record(settings, "override", _of_override(override))


def confirm(settings: Settings, verdict: Verdict, override: Override | None) -> None:
    """Raises :class:`expectations.gate.GateRefused` where the audit log does not know the verdict or the override."""
    try:
        entries = audit.read(settings)
    except audit.AuditBroken as error:
        raise GateRefused(
            [f"the audit log cannot vouch for verdict {verdict.verdict_id}: {error}"]
        ) from error
    known = [(entry.action, dict(entry.facts)) for entry in entries]
    if ("verdict", _of_verdict(verdict)) not in known:
        raise GateRefused([f"verdict {verdict.verdict_id} is not in the audit log: the gate did not give it"])
    if override is not None and ("override", _of_override(override)) not in known:
        raise GateRefused([f"the override of verdict {verdict.verdict_id} is not in the audit log"])


def _of_verdict(verdict: Verdict) -> dict[str, audit.Fact]:
    return {
        "verdict": verdict.verdict_id,
        "build": verdict.build_id,
        "status": verdict.status,
        "digest": verdict.digest(),
    }


def _of_override(override: Override) -> dict[str, audit.Fact]:
    return {"verdict": override.verdict_id, "by": override.name, "why": override.reason}
