"""Each kind of dirt gets its outcome and its message, from intake and from the supplier's check; nobody is named."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from dirt_catalogue import KINDS
from dirt_kind import Kind
from dirt_people import MARKERS
from dirt_verdicts import Checked, Intake, check, first_row, missing, one_reader, problems, take

from orchestration.readers.child import ReaderChild

BY_NAME = [pytest.param(kind, id=kind.name) for kind in KINDS]
CHECKED = [kind for kind in KINDS if kind.alone]


@pytest.fixture(scope="module")
def reader() -> Generator[ReaderChild]:
    with one_reader() as shared:
        yield shared


@pytest.fixture(scope="module")
def intake(reader: ReaderChild, tmp_path_factory: pytest.TempPathFactory) -> Intake:
    return take(tmp_path_factory.mktemp("dirt") / "home")


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
