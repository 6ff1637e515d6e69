"""Shared by the tests of the gate: the tiny warehouse, a ledger, and one way to run the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from marts_fixture import METRICS, NOON, Record, RunGate, write_warehouse

from dbt_project.registry import load_feeds, load_programme
from expectations.gate import file_sha256, run_gate
from expectations.store import VerdictStore
from expectations.verdict import CheckResult, Verdict, make_verdict


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return write_warehouse(tmp_path / "b1.duckdb")


@pytest.fixture
def store(tmp_path: Path) -> VerdictStore:
    return VerdictStore(tmp_path / "ledger")


@pytest.fixture
def judge(store: VerdictStore) -> RunGate:
    """Runs the gate with the test registry; every call is an hour later than the one before."""
    calls = iter(range(1000))

    def run(
        warehouse: Path,
        *,
        build_id: str = "b1",
        previous: Path | None = None,
        extra: Sequence[CheckResult] = (),
    ) -> Verdict:
        return run_gate(
            warehouse,
            build_id=build_id,
            inputs_hash="inputs",
            code_version="1.0",
            created_at=NOON + timedelta(hours=next(calls)),
            metrics=METRICS,
            feeds=load_feeds(),
            programme=load_programme(),
            previous=previous,
            extra_results=extra,
            store=store,
            recount=False,  # the tiny warehouse is figures without units
        )

    return run


@pytest.fixture
def record(store: VerdictStore) -> Record:
    """Stores a verdict on given results, for tests of what happens after the checks ran."""
    calls = iter(range(1000))

    def keep(warehouse: Path, *results: CheckResult, build_id: str = "b1") -> Verdict:
        verdict = make_verdict(
            results,
            build_id=build_id,
            inputs_hash="inputs",
            warehouse_sha256=file_sha256(warehouse),
            code_version="1.0",
            created_at=NOON + timedelta(hours=next(calls)),
        )
        store.append(verdict)
        return verdict

    return keep
