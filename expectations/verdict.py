"""What the gate decided and on what grounds. A verdict is a value: it is made once and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal

from expectations.checks import Severity

CheckStatus = Literal["passed", "failed", "crashed"]
VerdictStatus = Literal["passed", "passed_with_warnings", "refused"]


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check: what was seen, against which bound, who owns it, and where it fails.

    ``rows`` counts the faults; ``examples`` name a few of them by position, never by content.
    """

    check_id: str
    asset: str
    severity: Severity
    status: CheckStatus
    seen: str
    bound: str
    owner: str
    description: str
    rows: int = 0
    examples: tuple[str, ...] = ()

    @property
    def refuses(self) -> bool:
        """A check that could not run counts as critical: nobody knows what it would have found."""
        return self.status == "crashed" or (self.status == "failed" and self.severity == "critical")

    @property
    def warns(self) -> bool:
        """Published with a banner."""
        return self.status == "failed" and self.severity == "warning"


def decide(results: Sequence[CheckResult]) -> VerdictStatus:
    """The status that follows from the results; no result at all is a refusal."""
    if not results or any(result.refuses for result in results):
        return "refused"
    return "passed_with_warnings" if any(result.warns for result in results) else "passed"


@dataclass(frozen=True)
class Verdict:
    """The decision on one build. Made by :func:`make_verdict`; stored by ``VerdictStore``."""

    verdict_id: str
    build_id: str
    status: VerdictStatus
    results: tuple[CheckResult, ...]
    inputs_hash: str
    warehouse_sha256: str
    code_version: str
    created_at: datetime

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """Results that are not passed, the refusing ones first."""
        failed = [result for result in self.results if result.status != "passed"]
        return tuple(sorted(failed, key=lambda result: (not result.refuses, not result.warns)))

    def digest(self) -> str:
        """SHA-256 over everything the verdict says, but its own id, which is the start of it."""
        content = {key: value for key, value in asdict(self).items() if key != "verdict_id"}
        return hashlib.sha256(canonical(content).encode("utf-8")).hexdigest()


def make_verdict(
    results: Sequence[CheckResult],
    *,
    build_id: str,
    inputs_hash: str,
    warehouse_sha256: str,
    code_version: str,
    created_at: datetime,
) -> Verdict:
    """The verdict these results amount to; its id follows from its content.

    Raises ValueError for a time without a zone: a verdict is read on other machines.
    """
    if created_at.tzinfo is None:
        raise ValueError("created_at of a verdict needs a time zone")
    draft = Verdict(
        verdict_id="",
        build_id=build_id,
        status=decide(results),
        results=tuple(results),
        inputs_hash=inputs_hash,
        warehouse_sha256=warehouse_sha256,
        code_version=code_version,
        created_at=created_at,
    )
    return replace(draft, verdict_id=verdict_id_of(draft))


def verdict_id_of(verdict: Verdict) -> str:
    """The id that belongs to a verdict's content."""
    return verdict.digest()[:16]


def canonical(content: object) -> str:
    """One spelling per content, for hashing: JSON with sorted keys, times in ISO form."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_iso)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a verdict")
