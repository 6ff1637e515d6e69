"""The workbook a supplier fills: the contract's columns, choices for coded values, and notes on every column."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from dbt_project.registry import Column, Feed, Layout, Table
from orchestration.ingest.labels import header_label, value_labels
from orchestration.ingest.outcome import Refusal
from orchestration.ingest.typing_sql import expected_text

NOTES_SHEET = "Notes"

_ROWS_PREPARED = 5_000  # rows given formats and choices
_MINIMUM_WIDTH = 14
_REQUIRED_FILL = PatternFill("solid", fgColor="FFD8E6F5")
_NUMBER_FORMATS = {"date": "yyyy-mm-dd", "integer": "0", "decimal": "0.0#######", "boolean": "General"}
_TEXT_FORMAT = "@"  # keeps leading zeros of codes and months as they are typed
_BOOLEANS = ("TRUE", "FALSE")


def write_template(feed: Feed, path: Path) -> Path:
    """Write the template of a feed; its path.

    Raises :class:`Refusal` when no layout of the feed is a workbook: such files come as published.
    """
    layouts = [layout for layout in feed.layouts if "excel" in layout.format and layout.header]
    if not layouts:
        raise Refusal("no_template", feed.id, "a feed of published files", "a feed that takes workbooks")
    book = Workbook()
    notes = book.create_sheet(NOTES_SHEET, index=0)
    del book[book.sheetnames[-1]]
    row = _write_head(notes, feed)
    filled: set[str] = set()
    for layout in layouts:
        if layout.table not in filled and layout.unpivot is None:
            filled.add(layout.table)
            title = layout.sheets[0] if layout.sheets else layout.title[:31]
            sheet = book.create_sheet(_sheet_name(title), index=len(filled) - 1)
            row = _write_table(sheet, notes, row, feed.table(layout.table), layout)
    book.active = 0
    book.save(path)
    return path


def _sheet_name(title: str) -> str:
    """Excel forbids some characters in sheet names."""
    return "".join(" " if character in "[]:*?/\\" else character for character in title)


def _write_head(notes: Worksheet, feed: Feed) -> int:
    """Title and general remarks; the next free row."""
    lines = (
        feed.title,
        feed.description,
        "Fill the first sheet: one header line, rows of data below it, no totals and no remarks.",
        "Columns in blue must be filled in every row. Keep the column names; their order does not matter.",
        f"Questions: {feed.owner}, {feed.owner_email}",
    )
    for number, line in enumerate(lines, start=1):
        notes.cell(number, 1, line).font = Font(bold=number == 1)
    return len(lines) + 2


def _write_table(sheet: Worksheet, notes: Worksheet, row: int, table: Table, layout: Layout) -> int:
    """One sheet to fill and its part of the notes; the next free row of the notes."""
    columns = [column for column in table.columns if column.name not in layout.constants]
    titles = ("Column", "Needed", "What it is", "What a cell looks like", "Choices")
    for place, title in enumerate(titles, start=1):
        notes.cell(row, place, title).font = Font(bold=True)
    for place, column in enumerate(columns, start=1):
        row += 1
        label = header_label(layout, column)
        choices = _choices(column)
        cells = (label, "yes" if column.required else "", column.description, _form(column), *choices)
        for number, text in enumerate(cells, start=1):
            notes.cell(row, number, text)
        _write_header(sheet, place, label, column)
        source = f"'{NOTES_SHEET}'!$E${row}:${get_column_letter(4 + len(choices))}${row}" if choices else None
        _add_rule(sheet, place, column, source)
    sheet.freeze_panes = "A2"
    notes.column_dimensions["A"].width = notes.column_dimensions["D"].width = 28
    notes.column_dimensions["C"].width = 60
    return row + 2


def _write_header(sheet: Worksheet, place: int, label: str, column: Column) -> None:
    cell = sheet.cell(1, place, label)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if column.required:
        cell.fill = _REQUIRED_FILL
    letter = get_column_letter(place)
    dimension = sheet.column_dimensions[letter]
    dimension.width = max(_MINIMUM_WIDTH, len(label) + 2)
    dimension.number_format = _NUMBER_FORMATS.get(column.type, _TEXT_FORMAT)


def _add_rule(sheet: Worksheet, place: int, column: Column, choices: str | None) -> None:
    """Choices for coded columns, Excel's own checks for dates and numbers."""
    if choices is not None:
        rule = DataValidation(type="list", formula1=choices, allow_blank=True)
    elif column.type == "date":
        rule = DataValidation(type="date", operator="greaterThan", formula1="1", allow_blank=True)
    elif column.type in ("integer", "decimal") and column.minimum is not None:
        kind = "whole" if column.type == "integer" else "decimal"
        formula = f"{column.minimum:g}"
        rule = DataValidation(type=kind, operator="greaterThanOrEqual", formula1=formula, allow_blank=True)
    else:
        return
    rule.error = f"Expected {expected_text(column)}"[:255]
    rule.errorTitle = "Not taken"
    letter = get_column_letter(place)
    rule.add(f"{letter}2:{letter}{_ROWS_PREPARED + 1}")
    sheet.add_data_validation(rule)


def _choices(column: Column) -> tuple[str, ...]:
    if column.type == "boolean":
        return _BOOLEANS
    return value_labels(column) if column.type == "text" else ()


def _form(column: Column) -> str:
    return f"text of the form {column.pattern}" if column.pattern else expected_text(column)
