"""The gate decides, remembers, and lets nobody publish what it has not judged."""

from __future__ import annotations

import copy
import pickle
import sqlite3
from contextlib import closing
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from marts_fixture import NOON, Record, RunGate, write_warehouse

from expectations import gate, report
from expectations.gate import GateRefused, Passed, confirm, override, passed
from expectations.store import VerdictStore
from expectations.verdict import CheckResult, Verdict, decide, make_verdict

NEGATIVE = "update marts.fct_metric_value set value = -1 where metric_id = 'passes'"
OVER_FULL_TIME = "update marts.fct_deployment set fte = 1.2 where person_key = 'p1'"


def result(**fields: Any) -> CheckResult:
    base: dict[str, Any] = {
        "check_id": "dbt.unique",
        "asset": "marts.dim_person",
        "severity": "critical",
        "status": "passed",
        "seen": "0",
        "bound": "0",
        "owner": "Warehouse maintainers",
        "description": "dbt test",
    }
    return CheckResult(**{**base, **fields})


FAILED = result(status="failed")


def tamper(store_path: Path, *statements: str) -> None:
    """Edit the ledger as somebody with the file and the knowledge would: without the triggers."""
    with closing(sqlite3.connect(store_path)) as connection:
        names = connection.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f"drop trigger {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        connection.commit()


# --- deciding
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([result()], "passed"),
        ([result(status="failed", severity="info")], "passed"),
        ([result(status="failed", severity="warning")], "passed_with_warnings"),
        ([result(status="failed", severity="warning"), result(status="failed")], "refused"),
        ([result(status="crashed", severity="info")], "refused"),
        ([], "refused"),
    ],
)
def test_decision(results: list[CheckResult], status: str) -> None:
    assert decide(results) == status


def test_sound_build_passes_and_may_be_published(
    warehouse: Path, store: VerdictStore, judge: RunGate
) -> None:
    verdict = judge(warehouse)
    assert verdict.status == "passed"
    assert store.latest("b1") == verdict
    right = passed(store, "b1", warehouse, "inputs")
    assert (right.verdict, right.override) == (verdict, None)
    assert confirm(right, warehouse, "inputs") == verdict


def test_warning_passes_with_a_banner(tmp_path: Path, store: VerdictStore, judge: RunGate) -> None:
    warehouse = write_warehouse(tmp_path / "w.duckdb", [OVER_FULL_TIME])
    assert judge(warehouse).status == "passed_with_warnings"
    assert passed(store, "b1", warehouse, "inputs").verdict.failures[0].severity == "warning"


def test_critical_fault_is_refused_with_metric_seen_bound_and_owner(
    tmp_path: Path, store: VerdictStore, judge: RunGate
) -> None:
    warehouse = write_warehouse(tmp_path / "w.duckdb", [NEGATIVE])
    assert judge(warehouse).status == "refused"
    with pytest.raises(GateRefused) as refusal:
        passed(store, "b1", warehouse, "inputs")
    line = next(reason for reason in refusal.value.reasons if "passes.plausible" in reason)
    assert line == (
        "critical: fct_metric_value.passes.plausible: seen -1.0 to -1.0 (2 faults); bound: 0 to 1,000; "
        "owner: Owner of passes"
    )


def test_results_from_elsewhere_count(warehouse: Path, judge: RunGate) -> None:
    assert judge(warehouse, extra=[result()]).status == "passed"
    assert judge(warehouse, extra=[result(status="failed")]).status == "refused"
    assert judge(warehouse, extra=[result(status="crashed", severity="warning")]).status == "refused"


def test_unreadable_warehouse_is_refused_not_raised(tmp_path: Path, judge: RunGate) -> None:
    broken = tmp_path / "w.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    verdict = judge(broken)
    assert verdict.status == "refused"
    assert [r.check_id for r in verdict.failures] == ["warehouse.readable"]


def test_gate_compares_with_the_last_release(tmp_path: Path, warehouse: Path, judge: RunGate) -> None:
    halved = "update marts.fct_metric_value set value = value / 2 where metric_id = 'passes'"
    previous = write_warehouse(tmp_path / "previous.duckdb", [halved])
    verdict = judge(warehouse, previous=previous)
    assert verdict.status == "passed_with_warnings"
    assert [r.check_id for r in verdict.failures] == ["fct_metric_value.passes.movement"]


def test_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        make_verdict(
            [result()],
            build_id="b",
            inputs_hash="i",
            warehouse_sha256="w",
            code_version="c",
            created_at=datetime(2026, 1, 1),
        )


# --- changes after the verdict
# -----------------------------------------------------------------------------------


def test_no_verdict_no_release(warehouse: Path, store: VerdictStore) -> None:
    with pytest.raises(GateRefused, match="build b1 has no verdict"):
        passed(store, "b1", warehouse, "inputs")


def test_edit_after_the_verdict_is_refused(warehouse: Path, store: VerdictStore, record: Record) -> None:
    record(warehouse, result())
    right = passed(store, "b1", warehouse, "inputs")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.fct_metric_value set value = 41 where org_level = 'england'")
    with pytest.raises(GateRefused, match="changed after verdict"):
        passed(store, "b1", warehouse, "inputs")
    with pytest.raises(GateRefused, match="changed after verdict"):
        confirm(right, warehouse, "inputs")


def test_other_inputs_and_missing_file_are_refused_together(
    warehouse: Path, store: VerdictStore, record: Record
) -> None:
    record(warehouse, result())
    warehouse.unlink()
    with pytest.raises(GateRefused) as refusal:
        passed(store, "b1", warehouse, "other inputs")
    assert [reason.split(" of build ")[0] for reason in refusal.value.reasons] == [
        "the warehouse",
        "the inputs",
    ]


def test_the_newest_verdict_counts(warehouse: Path, store: VerdictStore, record: Record) -> None:
    record(warehouse, result())
    record(warehouse, result(status="failed"))
    with pytest.raises(GateRefused, match=r"dbt\.unique"):
        passed(store, "b1", warehouse, "inputs")


# --- the ledger
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "update verdict set status = 'passed'",
        "delete from verdict",
        "update verdict_check set status = 'passed'",
        "delete from verdict_check",
        "insert or replace into verdict select * from verdict",
        "insert or replace into verdict_check select * from verdict_check",
    ],
)
def test_ledger_is_append_only(statement: str, tmp_path: Path, warehouse: Path, record: Record) -> None:
    record(warehouse, result())
    with (
        closing(sqlite3.connect(tmp_path / "ledger")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="is append-only"),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    "edit",
    [
        ("update verdict set status = 'passed' where build_id = 'b1'",),
        ("update verdict_check set status = 'passed', rows = 0", "update verdict set status = 'passed'"),
        ("update verdict_check set seen = 'nothing' where status = 'failed'",),
        ("delete from verdict_check where status = 'failed'", "update verdict set status = 'passed'"),
        ("update verdict set warehouse_sha256 = 'other'",),
        ("update verdict set inputs_hash = 'other'",),
        ("delete from verdict where sequence = 1", "delete from verdict_check where position >= 0"),
        ("delete from verdict where sequence = 1",),
    ],
)
def test_tampered_ledger_is_refused(
    edit: tuple[str, ...], tmp_path: Path, warehouse: Path, store: VerdictStore, record: Record
) -> None:
    record(warehouse, result(), build_id="older")
    record(warehouse, result(), result(check_id="t.bad", status="failed", rows=3))
    tamper(tmp_path / "ledger", *edit)
    with pytest.raises(GateRefused, match="the ledger cannot be trusted"):
        passed(store, "b1", warehouse, "inputs")


def test_only_what_the_gate_made_is_stored(warehouse: Path, store: VerdictStore, record: Record) -> None:
    verdict = record(warehouse, result(status="failed"))
    for forged in (replace(verdict, status="passed"), replace(verdict, results=(result(),), status="passed")):
        with pytest.raises(ValueError, match="only as the gate made it"):
            store.append(forged)
    with pytest.raises(ValueError, match="already in the ledger"):
        store.append(verdict)


def test_ledger_gives_back_what_was_stored(tmp_path: Path, warehouse: Path, record: Record) -> None:
    examples = ("org_code U00001", 'é, "quoted"')
    verdict = record(warehouse, result(status="failed", severity="info", rows=2, examples=examples))
    assert VerdictStore(tmp_path / "ledger").all() == (verdict,)
    with pytest.raises(FrozenInstanceError):
        verdict.status = "refused"  # pyright: ignore[reportAttributeAccessIssue]


def test_other_tables_of_the_ledger_are_left_alone(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.executescript("create table receipt (sha256 text); insert into receipt values ('a');")
    VerdictStore(ledger)
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("select * from receipt").fetchall() == [("a",)]


# --- the right to publish
# ----------------------------------------------------------------------------------------


def test_passed_cannot_be_forged(warehouse: Path, store: VerdictStore, record: Record) -> None:
    verdict = record(warehouse, result(status="failed"))
    maker: Any = Passed
    with pytest.raises(TypeError):
        maker(verdict, None)
    with pytest.raises(TypeError, match="made by the gate only"):
        maker(verdict, None, seal=object())
    with pytest.raises(TypeError, match="no other form"):
        type("Mine", (Passed,), {})
    hollow = object.__new__(Passed)
    object.__setattr__(hollow, "_verdict", replace(verdict, status="passed"))
    object.__setattr__(hollow, "_override", None)
    for forged in (hollow, verdict, None):
        with pytest.raises(GateRefused, match="not given by the gate"):
            confirm(forged, warehouse, "inputs")  # pyright: ignore[reportArgumentType]


def test_passed_cannot_be_copied_changed_or_kept(
    warehouse: Path, store: VerdictStore, record: Record
) -> None:
    record(warehouse, result())
    right = passed(store, "b1", warehouse, "inputs")
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or stored"):
            attempt(right)
    with pytest.raises(AttributeError):
        right.verdict = None  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError, match="cannot be changed"):
        right._verdict = None  # pyright: ignore


def sign(store: VerdictStore, **fields: Any) -> Passed:
    decision: dict[str, Any] = {"name": "Evaluation lead", "reason": "known fault", "at": NOON, **fields}
    return override(store, "b1", **decision)


def test_override_is_named_reasoned_stored_and_shown(
    warehouse: Path, store: VerdictStore, record: Record
) -> None:
    record(warehouse, FAILED)
    right = sign(store)
    assert right.override is not None
    assert (right.override.name, right.override.reason, right.override.at) == (
        "Evaluation lead",
        "known fault",
        NOON,
    )
    assert right.verdict.status == "refused"
    assert passed(store, "b1", warehouse, "inputs").override == right.override
    with pytest.raises(GateRefused, match="overridden before"):
        sign(store)


def test_override_does_not_cover_another_file_or_a_later_verdict(
    tmp_path: Path, warehouse: Path, store: VerdictStore, record: Record
) -> None:
    record(warehouse, FAILED)
    right = sign(store)
    other = write_warehouse(tmp_path / "other.duckdb")
    with pytest.raises(GateRefused, match="changed after verdict"):
        confirm(right, other, "inputs")
    record(warehouse, FAILED)
    with pytest.raises(GateRefused, match=r"dbt\.unique"):
        passed(store, "b1", warehouse, "inputs")


def test_override_needs_a_refusal_a_name_and_a_reason(
    warehouse: Path, store: VerdictStore, record: Record
) -> None:
    with pytest.raises(GateRefused, match="has no verdict"):
        sign(store)
    record(warehouse, result())
    with pytest.raises(GateRefused, match="nothing to override"):
        sign(store)
    for fields in ({"name": " "}, {"reason": ""}):
        with pytest.raises(ValueError, match="name of who decides and the reason"):
            sign(store, **fields)
    with pytest.raises(ValueError, match="time zone"):
        sign(store, at=datetime(2026, 1, 1))


def test_an_edited_override_is_refused(
    tmp_path: Path, warehouse: Path, store: VerdictStore, record: Record
) -> None:
    record(warehouse, FAILED)
    sign(store)
    tamper(tmp_path / "ledger", "update verdict_override set name = 'Somebody else'")
    with pytest.raises(GateRefused, match="cannot be trusted"):
        passed(store, "b1", warehouse, "inputs")


# --- the report
# --------------------------------------------------------------------------------------------------


def refused_verdict() -> Verdict:
    return make_verdict(
        [
            result(check_id="t.info", status="failed", severity="info"),
            result(check_id="t.warn", status="failed", severity="warning"),
            result(
                check_id="t.critical",
                status="failed",
                seen="9 faults",
                rows=9,
                examples=("org_code U1", "org_code U2"),
            ),
            result(check_id="t.crash", status="crashed", seen="BinderException: no column"),
            result(check_id="t.fine"),
        ],
        build_id="b7",
        inputs_hash="i",
        warehouse_sha256="w",
        code_version="1.2",
        created_at=datetime(2026, 2, 1, tzinfo=UTC),
    )


def test_report_in_text() -> None:
    text = report.text(refused_verdict())
    assert text.splitlines()[0].endswith("on build b7: refused: the last good release stays")
    assert "1 checks passed, 3 failed, 1 crashed (2026-02-01T00:00:00+00:00, code 1.2)" in text
    assert "critical: t.critical: seen 9 faults; bound: 0; owner: Warehouse maintainers" in text
    assert "  at org_code U2\n  and 7 more\n" in text
    assert "crashed: t.crash: seen BinderException: no column" in text
    assert "t.fine" not in text


def test_report_as_rows_puts_what_refuses_first() -> None:
    rows = report.rows(refused_verdict())
    assert [row["check"] for row in rows] == ["t.critical", "t.crash", "t.warn", "t.info", "t.fine"]
    assert set(rows[0]) == {
        "check", "asset", "severity", "status", "description", "seen", "bound", "owner", "rows", "examples",
        "what_to_do",
    }  # fmt: skip
    assert rows[0]["examples"] == "org_code U1; org_code U2"
    assert [str(row["what_to_do"]).split(":")[0] for row in rows] == [
        "Nothing is published until this is put right",
        "The check could not run, so nothing is published",
        "Published with a banner",
        "Recorded",
        "Nothing.",
    ]


def test_file_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert gate.file_sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")
