"""The template workbook: filled as it says, it passes the check."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from dbt_project.registry import Column, Feed, load_feeds
from orchestration.ingest import check_file, write_template
from orchestration.ingest.labels import value_labels
from orchestration.ingest.outcome import Refusal

FEEDS = load_feeds()
WITH_TEMPLATE = [
    feed
    for feed in FEEDS.values()
    if any("excel" in layout.format and layout.header for layout in feed.layouts)
]


def example(column: Column) -> object:
    """A value a supplier could write."""
    by_type = {"integer": 1, "decimal": 1.5, "boolean": "TRUE", "date": "2025-01-31", "month": "2025-01"}
    if column.name in ("census_year", "imd_year"):
        return 2025
    if column.name in ("surname", "forename"):
        return "Example"
    if column.type != "text":
        return by_type[column.type]
    if column.allowed or column.values:
        return value_labels(column)[0]
    patterns = {
        "^U[0-9]{5}$": "U12345",
        "^Y[0-9]{2}$": "Y56",
        "^20[0-9]{2}/[0-9]{2}$": "2024/25",
        "^[A-Z][0-9A-Z]{5}$": "A81001",
        "^[A-Z][A-Z0-9]{2,11}$": "HEI01",
        "^[0-9A-Z]{3,5}$": "16C",
        "^[A-Z0-9]{3}([A-Z0-9]{2})?$": "QHM",
        "^[0-9A-Z]{5}$": "FA123",
        "^[0-9A-Z]{5,6}$": "A81001",
    }
    return patterns[column.pattern] if column.pattern else "0123"


@pytest.mark.parametrize("feed", WITH_TEMPLATE, ids=lambda feed: feed.id)
def test_a_filled_template_passes(feed: Feed, tmp_path: Path) -> None:
    path = write_template(feed, tmp_path / f"{feed.id}.xlsx")
    empty = check_file(path, feed.id).report
    assert (empty.outcome, empty.code) == ("refused", "no_rows")
    book = load_workbook(path)
    for table, sheet in zip(feed.tables, book.worksheets, strict=False):
        labels = [cell.value for cell in sheet[1]]
        assert len(labels) == len(table.columns)
        sheet.append([example(column) for column in table.columns])
    book.save(path)
    report = check_file(path, feed.id)
    assert report.ok, report.to_dict()
    assert report.report.rows_accepted == len(feed.tables)


def test_choices_and_notes(tmp_path: Path) -> None:
    book = load_workbook(write_template(FEEDS["provider_return"], tmp_path / "t.xlsx"))
    assert book.sheetnames[-1] == "Notes"
    sheet = book.worksheets[0]
    assert sheet["A1"].value == "Provider code"
    lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == 6
    notes = [cell.value for cell in book["Notes"]["A"]]
    assert notes[0] == "Provider returns"
    assert "GPhC number" in notes


def test_published_files_have_no_template(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="published files"):
        write_template(FEEDS["practice_map"], tmp_path / "t.xlsx")
