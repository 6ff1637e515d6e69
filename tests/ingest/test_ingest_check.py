"""The supplier's self-check: rows set aside, what is said of them, and what is never said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from intake_files import EVENT_HEADER, event_row, events
from openpyxl import Workbook

from dbt_project.registry import Feed, load_feeds
from orchestration.ingest import CheckReport, check_file

Check = Callable[..., CheckReport]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(
        content: str | bytes,
        feed: str | None = "provider_return",
        name: str = "return.csv",
        feeds: Mapping[str, Feed] | None = None,
    ) -> CheckReport:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return check_file(path, feed, feeds=feeds)

    return run


def problems(report: CheckReport) -> list[tuple[int | None, str | None, str]]:
    return [(problem.line, problem.column, problem.code) for problem in report.problems]


def test_a_good_file(check: Check) -> None:
    report = check(events(event_row(), event_row(**{"Learner ID": "L2"})))
    assert report.ok
    assert (report.report.outcome, report.report.rows_accepted) == ("accepted", 2)
    assert report.rows() == []
    json.dumps(report.to_dict())


def test_every_wrong_cell_is_told_and_a_row_counts_once(check: Check) -> None:
    report = check(
        events(
            event_row(),
            event_row(**{"Event date": "2025-02-30", "PCN code": "X1"}),
            event_row(**{"Return month": "soon"}),
            event_row(**{"Strand": "Juggling"}),
            event_row(**{"Event": ""}),
            event_row(**{"Attempt": "12"}),
        )
    )
    assert report.report.outcome == "accepted_with_quarantine"
    assert (report.report.rows_accepted, report.report.rows_quarantined) == (1, 5)
    assert problems(report) == [
        (3, "Event date", "not_date"),
        (3, "PCN code", "wrong_form"),
        (4, "Return month", "not_month"),
        (5, "Strand", "not_allowed"),
        (6, "Event", "missing_value"),
        (7, "Attempt", "too_large"),
    ]
    by_line = {problem.line: problem for problem in report.problems}
    assert by_line[5].found == "a value like 'Aaaaaaaa'"
    assert "Independent prescribing" in by_line[5].expected
    assert by_line[6].found == "no value"


def test_personal_values_are_described_only(check: Check) -> None:
    report = check(events(event_row(), event_row(**{"Date of birth": "31st of June"})))
    assert [problem.found for problem in report.problems] == ["a value of 12 characters"]
    assert "31st" not in json.dumps(report.to_dict())


def test_a_row_that_slipped_is_described_only(check: Check) -> None:
    slipped = event_row(**{"Surname": "Secretsurname"}).split(",")
    report = check(events(event_row(), ",".join(["HEI01", *slipped[:-1]])))
    assert report.report.rows_quarantined == 1
    assert all("'" not in problem.found for problem in report.problems)
    assert "Secretsurname" not in json.dumps(report.to_dict())


def test_an_event_after_the_return_is_set_aside(check: Check) -> None:
    report = check(events(event_row(), event_row(**{"Event date": "2031-01-01"})))
    assert problems(report) == [(3, "Event date", "too_late")]


def test_a_year_of_two_digits_is_no_date(check: Check) -> None:
    report = check(events(event_row(), event_row(**{"Event date": "01/10/25"})))
    assert problems(report) == [(3, "Event date", "implausible_date")]


def test_duplicates_are_set_aside_and_name_the_first_line(check: Check) -> None:
    report = check(events(event_row(), event_row(Reason="again"), event_row(**{"Event": "Started"})))
    assert report.report.rows_accepted == 2
    (problem,) = report.problems
    assert (problem.line, problem.code) == (3, "duplicate_row")
    assert problem.found.startswith("the same Provider code, Return month, Learner ID")


def test_people_without_a_source_number_are_no_duplicates(check: Check) -> None:
    header = "Period,Return date,Submitter code,PCN code,Staff record ID,GPhC number,Surname,Role,FTE"
    row = "2025-11,2025-12-05,S1,U12345,{},{},,Pharmacist,0.5"
    text = "\n".join(
        (header, row.format("", "2000001"), row.format("", "2000002"), row.format("", "2000001"))
    )
    report = check(text, "deployment_return")
    assert (report.report.rows_accepted, report.report.rows_quarantined) == (2, 1)


def test_totals_and_footnotes_are_named_as_such(check: Check) -> None:
    header = "Financial year,Published on,Strand,Period,Category,Planned GBP,Outturn GBP"
    row = "2024/25,2025-05-01,Independent prescribing,2024-04,Tuition,10.00,9.50"
    report = check("\n".join((header, row, "Total,,,,,10.00,9.50", "Source: finance team,,,,,,")), "spend")
    assert problems(report) == [(3, None, "not_a_data_row"), (4, None, "not_a_data_row")]
    assert report.report.rows_quarantined == 2


def test_a_file_of_bad_rows_only_is_refused(check: Check) -> None:
    report = check(events(event_row(**{"Event date": "soon"}), event_row(**{"Event date": "later"})))
    assert (report.report.outcome, report.report.code) == ("refused", "no_good_row")
    assert "column 'Event date', 2 times from line 2" in report.report.message


def test_extra_columns_are_noted_with_a_guess(check: Check) -> None:
    lines = [EVENT_HEADER.replace("Reason", "Reson") + ",Remark", event_row() + ",x"]
    (note,) = check("\n".join(lines)).report.notes
    assert "'Reson' (did you mean 'Reason'?)" in note
    assert "'Remark'" in note


def test_a_column_twice_is_refused(check: Check) -> None:
    report = check("\n".join((EVENT_HEADER + ",Event", event_row() + ",x")))
    assert report.report.code == "repeated_columns"


def test_blanks_around_cells_do_not_matter(check: Check) -> None:
    report = check(
        events(event_row(**{"Strand": "\u00a0Independent prescribing \t", "Event date": "2025-10-01\u200b"}))
    )
    assert report.ok


def test_a_wide_workbook_gives_one_row_per_milestone(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Students"
    sheet.append(
        [
            "HEI code",
            "Reporting period",
            "Date of return",
            "Student ref",
            "GPhC reg no",
            "Family name",
            "Given name",
            "DOB",
            "Course",
            "Setting",
            "Application date",
            "Enrolment date",
            "Pass date",
        ]
    )
    start = ["HEI02", "Nov-2025", "05/12/2025"]
    sheet.append(
        [*start, "S1", "2000001", "A", "B", "01/02/1990", "C1", "GP", "01/09/2024", "01/10/2024", None]
    )
    sheet.append(
        [*start, "S2", "2000002", "A", "B", "01/02/1990", "C1", "GP", "01/09/2024", None, "31/02/2025"]
    )
    sheet.append([*start, "S3", "2000003", "A", "B", "01/02/1990", "C1", "GP", None, None, None])
    book.save(tmp_path / "students.xlsx")
    report = check_file(tmp_path / "students.xlsx", "provider_return")
    (counts,) = report.report.tables
    assert (counts.read, counts.accepted, counts.quarantined, counts.not_taken) == (5, 3, 1, 1)
    assert problems(report) == [(3, "Pass date", "not_date")]
    assert "1 rows with none of the milestones: not taken" in report.report.notes


def test_rows_that_are_not_ours_are_counted(check: Check) -> None:
    header = "PUBLICATION,EXTRACT_DATE,TYPE,SUB_ICB_LOCATION_CODE,CODE,SEX,AGE,NUMBER_OF_PATIENTS"
    rows = ["P,2025-11-01,GP,16C,A81001,ALL,ALL,10", "P,2025-11-01,GP,16C,A81001,MALE,10,5"]
    (counts,) = check("\n".join((header, *rows)), "registered_patients").report.tables
    assert (counts.accepted, counts.not_taken) == (1, 1)


def test_the_feed_is_found_without_being_told(check: Check) -> None:
    assert check(events(event_row()), None).report.feed == "provider_return"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "empty_file"),
        ("pdf.csv", b"%PDF-1.7 ...", "wrong_format"),
        ("page.csv", b"<!DOCTYPE html><html><body>Service unavailable</body></html>", "wrong_format"),
        ("header.csv", EVENT_HEADER.encode(), "no_rows"),
        ("cut.xlsx", b"PK\x03\x04 and no more", "damaged_file"),
        (
            "other.csv",
            b"Financial year,Published on,Strand,Period\n2024/25,2025-05-01,Supervisors,2024-04",
            "wrong_feed",
        ),
    ],
)
def test_wrong_files_get_one_clear_line(check: Check, name: str, content: bytes, code: str) -> None:
    report = check(content, name=name)
    assert (report.report.outcome, report.report.code) == ("refused", code)
    assert report.report.message.startswith(name)
    assert "found" in report.report.message
    assert "expected" in report.report.message
    assert "\n" not in report.report.message


def test_no_rule_means_no_check_of_the_future(check: Check) -> None:
    feed = load_feeds()["provider_return"]
    table = feed.tables[0]
    columns = tuple(column.model_copy(update={"not_after": None}) for column in table.columns)
    free = feed.model_copy(update={"tables": (table.model_copy(update={"columns": columns}),)})
    report = check(events(event_row(**{"Event date": "2031-01-01"})), feeds={"provider_return": free})
    assert report.ok


def test_receipt_is_a_limit_too(check: Check) -> None:
    feed = load_feeds()["provider_return"]
    table = feed.tables[0]
    columns = tuple(
        column.model_copy(update={"not_after": "receipt"}) if column.name == "event_date" else column
        for column in table.columns
    )
    limited = feed.model_copy(update={"tables": (table.model_copy(update={"columns": columns}),)})
    late = events(event_row(), event_row(**{"Event date": "2099-01-01"}))
    assert problems(check(late, feeds={"provider_return": limited})) == [(3, "Event date", "too_late")]
