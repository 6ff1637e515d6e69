"""Files that hold themselves several times, and periods that contradict the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.ingest import CheckReport, check_file
from orchestration.ingest.months import month_number
from orchestration.ingest.vintage import date_in_name

HEADER = (
    "Data_source,CENSUS_YEAR,CENSUS_MONTH,PCN_CODE,STAFF_GROUP,STAFF_ROLE,DETAILED_STAFF_ROLE,FTE,"
    "UNIQUE_IDENTIFIER"
)
STAFF = "NWRS Staff,2025,{month},U12345,G,R,Pharmacist,{fte},{person}"
CONTRACTED = "NWRS contracted services,2025,{month},U12345,G,R,Pharmacist,1.0,"


def load(month: int = 11) -> list[str]:
    staff = [STAFF.format(month=month, fte=fte, person=person) for person, fte in enumerate(("0.5", "1.0"))]
    return [*staff, CONTRACTED.format(month=month), CONTRACTED.format(month=month)]


def check(tmp_path: Path, lines: list[str], header: str = HEADER, name: str = "workforce.csv") -> CheckReport:
    path = tmp_path / name
    path.write_text("\n".join((header, *lines)) + "\n")
    return check_file(path, "pcn_workforce")


def counts(report: CheckReport) -> tuple[int, int]:
    return report.report.rows_accepted, report.report.rows_not_taken


def test_equal_rows_of_one_load_are_legitimate(tmp_path: Path) -> None:
    report = check(tmp_path, load())
    assert counts(report) == (4, 0)
    assert report.report.notes == ()


@pytest.mark.parametrize("copies", [2, 3, 5])
def test_a_file_that_holds_itself_is_reduced_loudly(tmp_path: Path, copies: int) -> None:
    report = check(tmp_path, load() * copies)
    assert counts(report) == (4, 4 * (copies - 1))
    assert f"every row stands there {copies} times" in report.report.notes[0]


def test_only_the_repeated_period_is_reduced(tmp_path: Path) -> None:
    report = check(tmp_path, [*load(11) * 3, *load(10)])
    assert counts(report) == (8, 8)


def test_the_newest_numbered_load_is_taken(tmp_path: Path) -> None:
    lines = [f"{line},{number}" for number in (9, 10) for line in load()]
    report = check(tmp_path, lines, f"{HEADER},_load_id")
    assert counts(report) == (4, 4)
    assert "2 loads ('_load_id' 9, 10)" in report.report.notes[0]


def test_a_declared_period_gives_way_to_the_rows(tmp_path: Path) -> None:
    report = check(tmp_path, [f"{line},2025-03" for line in load()], f"{HEADER},_period")
    assert "column '_period' says 2025-03, the rows' own date says 2025-11" in report.report.notes[0]
    assert report.ok


def test_a_file_name_gives_way_to_the_rows(tmp_path: Path) -> None:
    wrong = check(tmp_path, load(), name="PCN - October 2025 Individual Level.csv")
    assert "the file name says 2025-10, the rows' own date says 2025-11" in wrong.report.notes[0]
    assert check(tmp_path, load(), name="PCN - November 2025.csv").report.notes == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raw_epcncorepartnerdetails_2026-03-02.csv", "2026-03-02"),
        ("epraccur_2022-12.csv", "2022-12-01"),
        ("epraccur_20221215.csv", "2022-12-15"),
        ("ePCN 26-01-2023.xlsx", "2023-01-26"),
        ("ePCN_Jan_2023.xlsx", "2023-01-01"),
        ("list 3 March 2024.csv", "2024-03-03"),
        ("epraccur.csv", "None"),
        ("indicator93553.csv", "None"),
        ("x_2022-99.csv", "None"),
    ],
)
def test_dates_in_file_names(name: str, expected: str) -> None:
    assert str(date_in_name(name)) == expected


def test_month_names() -> None:
    assert [month_number(text) for text in ("Sept", "december", "7", "13", "x")] == [9, 12, 7, None, None]
