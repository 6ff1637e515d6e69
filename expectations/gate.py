"""The release gate: runs the suite over a build, stores the verdict, and hands out the right to publish.

Publishing needs a :class:`Passed`. Only this module makes one, and only after it has compared the warehouse
file and the inputs with the stored verdict, so that publishing an old, edited or unchecked build is refused
whoever asks for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Never
from weakref import WeakSet

import duckdb

from dbt_project.registry.feeds import Feed
from dbt_project.registry.metrics import Metric, Programme
from expectations.checks import PLATFORM_OWNER
from expectations.recount import write_recount
from expectations.report import failure_line
from expectations.runner import run_checks
from expectations.store import Override, TamperedLedger, VerdictStore
from expectations.suites import release_suite
from expectations.verdict import CheckResult, Verdict, make_verdict

_CHUNK = 1 << 20


class GateRefused(Exception):
    """The build may not be published; ``reasons`` say why, one line each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


class _Seal:
    """Held by this module alone: what makes a Passed genuine."""


_SEAL = _Seal()


class Passed:
    """The right to publish one build. Made by :func:`passed` and :func:`override` and nowhere else."""

    __slots__ = ("__weakref__", "_override", "_verdict")
    _verdict: Verdict
    _override: Override | None

    def __init__(self, verdict: Verdict, overridden: Override | None, *, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("a Passed is made by the gate only")
        object.__setattr__(self, "_verdict", verdict)
        object.__setattr__(self, "_override", overridden)
        _ISSUED.add(self)

    @property
    def verdict(self) -> Verdict:
        """The verdict it rests on."""
        return self._verdict

    @property
    def override(self) -> Override | None:
        """The override it rests on, to be shown on every page of the release; None after a passed gate."""
        return self._override

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("a Passed cannot be changed")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError("a Passed cannot be changed")

    def __reduce__(self) -> Never:
        raise TypeError("a Passed cannot be copied or stored; ask the gate again")

    def __init_subclass__(cls) -> Never:
        raise TypeError("a Passed has no other form")


_ISSUED: WeakSet[Passed] = WeakSet()


def run_gate(
    warehouse: Path,
    *,
    build_id: str,
    inputs_hash: str,
    code_version: str,
    created_at: datetime,
    metrics: Mapping[str, Metric],
    feeds: Mapping[str, Feed],
    programme: Programme,
    previous: Path | None,
    extra_results: Sequence[CheckResult],
    store: VerdictStore,
    recount: bool = True,
) -> Verdict:
    """Check the marts of a build and store the verdict.

    ``warehouse`` must be closed by its writer; ``previous`` is the published DuckDB of the current release;
    ``extra_results`` are results found elsewhere (dbt tests, the disclosure audit), which count like our own;
    ``recount`` false leaves out the checks that count the figures again from their units.
    Data that cannot be checked gives a refused verdict, not an exception; a missing warehouse raises OSError.
    """
    # Hashed before it is read: a change while the checks run must not go unnoticed.
    warehouse_sha256 = file_sha256(warehouse)
    try:
        with TemporaryDirectory() as scratch:
            recounted = Path(scratch) / "recount.duckdb" if recount else None
            if recounted is not None:
                write_recount(warehouse, recounted, metrics, programme)
            suite = release_suite(warehouse, metrics, feeds, programme, previous, recounted)
            results = [*run_checks(warehouse, suite.checks, suite.attachments), *suite.remarks]
    except duckdb.Error as error:
        results = [_unreadable(error)]
    verdict = make_verdict(
        [*results, *extra_results],
        build_id=build_id,
        inputs_hash=inputs_hash,
        warehouse_sha256=warehouse_sha256,
        code_version=code_version,
        created_at=created_at,
    )
    store.append(verdict)
    return verdict


def passed(store: VerdictStore, build_id: str, warehouse: Path, inputs_hash: str) -> Passed:
    """The right to publish this build, if its newest verdict allows it and nothing has changed since.

    Raises :class:`GateRefused` with every reason: no verdict, a refusal nobody has overridden, a warehouse
    file or inputs other than those judged, a ledger that was tampered with.
    """
    verdict = _stored(store, build_id)
    overridden = store.override_of(verdict.verdict_id)
    reasons: list[str] = []
    if verdict.status == "refused" and overridden is None:
        reasons += [failure_line(result) for result in verdict.failures if result.refuses]
        reasons = reasons or ["refused: the gate ran no check"]
    reasons += _changes(verdict, warehouse, inputs_hash)
    if reasons:
        raise GateRefused(reasons)
    return Passed(verdict, overridden, seal=_SEAL)


def override(store: VerdictStore, build_id: str, *, name: str, reason: str, at: datetime) -> Passed:
    """Publish in spite of a refusal: named, reasoned, dated, stored, shown with the release.

    The Passed says what was judged, not that it still stands: :func:`confirm` compares the file, as
    :func:`passed` does. Raises :class:`GateRefused` where there is nothing to override, ValueError for an
    empty name or reason or a time without a zone.
    """
    if not name.strip() or not reason.strip():
        raise ValueError("an override needs the name of who decides and the reason")
    if at.tzinfo is None:
        raise ValueError("the time of an override needs a time zone")
    verdict = _stored(store, build_id)
    if verdict.status != "refused":
        raise GateRefused([f"build {build_id} was not refused: there is nothing to override"])
    decision = Override(verdict.verdict_id, name.strip(), reason.strip(), at)
    try:
        store.append_override(decision)
    except ValueError as error:
        raise GateRefused([str(error)]) from error
    return Passed(verdict, decision, seal=_SEAL)


def confirm(right: Passed, warehouse: Path, inputs_hash: str) -> Verdict:
    """What a publisher calls before it writes: is this a genuine right, and the build still the one judged?

    Raises :class:`GateRefused`.
    """
    if type(right) is not Passed or right not in _ISSUED:
        raise GateRefused(["this right to publish was not given by the gate"])
    reasons = _changes(right.verdict, warehouse, inputs_hash)
    if reasons:
        raise GateRefused(reasons)
    return right.verdict


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _stored(store: VerdictStore, build_id: str) -> Verdict:
    try:
        verdict = store.latest(build_id)
    except TamperedLedger as error:
        raise GateRefused([f"the ledger cannot be trusted: {error}"]) from error
    if verdict is None:
        raise GateRefused([f"build {build_id} has no verdict: run the gate first"])
    return verdict


def _changes(verdict: Verdict, warehouse: Path, inputs_hash: str) -> list[str]:
    reasons: list[str] = []
    if not warehouse.is_file():
        reasons.append(f"the warehouse of build {verdict.build_id} is not there")
    elif file_sha256(warehouse) != verdict.warehouse_sha256:
        reasons.append(
            f"the warehouse of build {verdict.build_id} changed after verdict {verdict.verdict_id}"
        )
    if inputs_hash != verdict.inputs_hash:
        reasons.append(
            f"the inputs of build {verdict.build_id} are not those of verdict {verdict.verdict_id}"
        )
    return reasons


def _unreadable(error: duckdb.Error) -> CheckResult:
    return CheckResult(
        check_id="warehouse.readable",
        asset="warehouse",
        severity="critical",
        status="crashed",
        seen=f"{type(error).__name__}: the file cannot be opened or queried",
        bound="a DuckDB file that opens",
        owner=PLATFORM_OWNER,
        description="the warehouse, and the last release it is compared with, can be read",
    )
