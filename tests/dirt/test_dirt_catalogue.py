"""Each kind of dirt gets its outcome and its message, from intake and from the supplier's check; nobody is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from pathlib import Path

import duckdb
import pytest
from dirt_catalogue import KINDS
from dirt_docs import DOCUMENT, document
from dirt_kind import Kind
from dirt_people import MARKERS
from dirt_verdicts import Intake, check, first_row, missing, one_reader, problems, take

from orchestration.readers.child import ReaderChild

BY_NAME = [pytest.param(kind, id=kind.name) for kind in KINDS]
CHECKED = [kind for kind in KINDS if kind.alone]
IN_EVERY_RUN = 8  # one in so many is checked by default, all of them among the slow tests
LEAST_KINDS = 80


@pytest.fixture(scope="module")
def reader() -> Generator[ReaderChild]:
    with one_reader() as shared:
        yield shared


@pytest.fixture(scope="module")
def intake(reader: ReaderChild, tmp_path_factory: pytest.TempPathFactory) -> Intake:
    return take(tmp_path_factory.mktemp("dirt") / "home")


def named(text: str) -> list[str]:
    """Markers of people that stand in a text."""
    folded = text.lower()
    return [marker for marker in MARKERS if marker in folded]


@pytest.mark.parametrize("kind", BY_NAME)
def test_intake_gives_the_outcome_and_says_why(intake: Intake, kind: Kind) -> None:
    report = intake.reports[kind.name]
    assert (report.outcome, report.code) == (kind.outcome, kind.code), report.to_dict()
    said = "\n".join((report.message, *report.notes, *problems(intake, report)))
    assert not missing(kind, report.name, said), said
    assert "\n" not in report.message
    if kind.raw:
        row = first_row(intake, report)
        assert {column: row[column] for column in kind.raw} == kind.raw


def test_the_catalogue_is_large() -> None:
    assert len(KINDS) >= LEAST_KINDS


def same_answer(intake: Intake, kind: Kind) -> None:
    """The check of the file alone gives the run's verdict in the run's words, as lines and as JSON."""
    report, path = intake.reports[kind.name], intake.paths[kind.name]
    checked = check(kind, path)
    answer = checked.answer
    assert (answer["outcome"], answer["code"]) == (kind.outcome, kind.code), answer
    if kind.code != "reader_crashed":
        short = answer["file"]
        assert answer["message"].replace(short, "FILE") == report.message.replace(report.name, "FILE")
        # What is said beside earlier returns comes last, and only a run can say it.
        assert answer["notes"] == list(report.notes)[: len(answer["notes"])]
    assert answer["ok"] == (kind.outcome == "accepted")
    assert kind.outcome in checked.lines
    assert not named(checked.lines)
    assert not named(str(answer))


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in CHECKED[::IN_EVERY_RUN]])
def test_the_check_before_sending_gives_the_same_answer(intake: Intake, kind: Kind) -> None:
    same_answer(intake, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in CHECKED])
def test_every_check_before_sending_gives_the_same_answer(intake: Intake, kind: Kind) -> None:
    same_answer(intake, kind)


def test_no_persons_value_is_said_or_kept_outside_the_restricted_folders(intake: Intake) -> None:
    assert named(intake.everything_said) == []
    with sqlite3.connect(intake.settings.ledger) as ledger:
        assert named("\n".join(ledger.iterdump())) == []
    restricted = {intake.settings.landing, intake.settings.quarantine, intake.settings.home / "identity"}
    open_files = [
        path
        for path in intake.settings.home.rglob("*")
        if path.is_file() and not any(folder in path.parents for folder in restricted)
    ]
    assert open_files
    for path in open_files:
        assert named(content(path)) == [], path.name


def content(path: Path) -> str:
    """Everything in a file as text; Parquet unpacked."""
    if path.suffix == ".parquet":
        return str(duckdb.read_parquet(str(path)).fetchall())
    return path.read_bytes().decode("latin-1")


def test_what_is_said_of_rows_set_aside_names_nobody(intake: Intake) -> None:
    """The rows themselves stay as received, in the restricted folder; what is said about them may be passed on."""
    said: list[str] = []
    for path in intake.settings.quarantine.rglob("*.parquet"):
        rows = duckdb.read_parquet(str(path)).select('file, sheet, line, "column", code, found, expected')
        said.extend(map(str, rows.fetchall()))
    assert said
    assert named("\n".join(said)) == []


def test_the_markers_are_there_to_be_found(intake: Intake) -> None:
    kept = [
        str(duckdb.read_parquet(str(path)).fetchall())
        for path in intake.settings.quarantine.rglob("*.parquet")
    ]
    assert set(named("\n".join(kept))) >= {"quillmarker", "zedmarker", "1971-03-19", "lmk77"}


def test_the_table_in_the_docs_is_up_to_date(intake: Intake) -> None:
    told = "docs/intake.md is not what intake does now: run 'python tests/dirt/dirt_docs.py' and look at the difference"
    assert DOCUMENT.read_text(encoding="utf-8") == document(intake), told
