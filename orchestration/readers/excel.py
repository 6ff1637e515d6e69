"""Workbooks (.xlsx, .xlsm, .xls, .ods) through calamine, after a look at what is inside."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from orchestration.readers.kinds import Kind
from orchestration.readers.limits import MAX_COLUMNS, PEEK_ROWS
from orchestration.readers.table import (
    SheetPeek,
    SourceTable,
    Unreadable,
    no_rejects,
    positions,
    rows_table,
)
from orchestration.readers.workbook_scan import SheetScan, scan_container

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta

_PEEK_SCAN_ROWS = 50  # rows looked at to find the first filled ones


def read_excel(path: Path, kind: Kind, *, sheet: str | None = None, header: bool = True) -> SourceTable:
    """One sheet of a workbook as text; its first filled row is the header.

    Whole numbers lose their ".0", dates and midnights become ISO dates, booleans TRUE or FALSE. Empty rows
    and nameless empty columns are left out; ``line`` stays the row number shown in Excel.
    Raises :class:`Unreadable` when the workbook is damaged or too large, or has no such sheet.
    """
    with _workbook(path, kind) as (book, scan):
        name, notes = _choose_sheet(path.name, book, sheet)
        cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    rows = [(number, row) for number, row in enumerate(cells, start=1) if not _is_blank(row)]
    if not rows:
        raise Unreadable("empty_sheet", path.name, "no filled cell", "a header row and rows", sheet=name)
    width = max(_filled_width(row) for _, row in rows)
    if width > MAX_COLUMNS:
        found, expected = f"{width:,} columns", f"at most {MAX_COLUMNS:,} columns"
        raise Unreadable("too_wide", path.name, found, expected, sheet=name)
    names = tuple(cell_text(cell) for cell in rows[0][1][:width]) if header else positions(width)
    data = rows[1:] if header else rows
    names, table = _assemble(names, data)
    if not data:
        notes.append("no rows below the header")
    return SourceTable(name, names, table, no_rejects(), (*notes, *_scan_notes(scan)))


def peek_excel(path: Path, kind: Kind) -> tuple[SheetPeek, ...]:
    """The first filled rows of every worksheet, hidden ones included."""
    peeks: list[SheetPeek] = []
    with _workbook(path, kind) as (book, _):
        for name in _worksheets(book):
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=True, nrows=_PEEK_SCAN_ROWS)
            filled = [row for row in cells if not _is_blank(row)][:PEEK_ROWS]
            width = max((_filled_width(row) for row in filled), default=0)
            rows = tuple(tuple(cell_text(cell) for cell in row[:width]) for row in filled)
            peeks.append(SheetPeek(name, rows, None))
    return tuple(peeks)


def cell_text(cell: Cell) -> str:
    """A cell as text: as Excel shows it where that is exact, ISO for dates."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def number_text(value: float) -> str:
    """A number without exponent: whole numbers as integers, others to the 15 digits Excel keeps."""
    if value.is_integer():
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


@contextmanager
def _workbook(path: Path, kind: Kind) -> Generator[tuple[CalamineWorkbook, SheetScan]]:
    scan = scan_container(path) if kind in ("xlsx", "ods") else SheetScan()
    try:
        # From a stream, not a path: calamine would believe the name's ending, which may be wrong.
        with path.open("rb") as stream, CalamineWorkbook.from_filelike(stream) as book:
            yield book, scan
    except PasswordError as error:
        raise Unreadable(
            "encrypted", path.name, "a workbook with a password", "one without a password"
        ) from error
    except CalamineError as error:
        found, expected = "a workbook whose contents cannot be parsed", "a workbook that Excel opens"
        if kind == "xls":
            found = "an old workbook (.xls) that cannot be parsed, perhaps one with a password"
            expected = "a workbook saved as .xlsx, without a password"
        raise Unreadable("damaged_file", path.name, found, expected) from error


def _worksheets(book: CalamineWorkbook) -> list[str]:
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]


def _choose_sheet(file: str, book: CalamineWorkbook, wanted: str | None) -> tuple[str, list[str]]:
    """Name of the sheet to read, and remarks about how it was found."""
    names = _worksheets(book)
    hidden = {s.name for s in book.sheets_metadata if s.visible != SheetVisibleEnum.Visible} & set(names)
    listed = ", ".join(f"'{name}'{' (hidden)' if name in hidden else ''}" for name in names) or "no worksheet"
    if wanted is None:
        visible = [name for name in names if name not in hidden]
        chosen = next((name for name in visible if _has_cells(book.get_sheet_by_name(name))), None)
        if chosen is None:
            raise Unreadable(
                "empty_file", file, f"no visible sheet with data among {listed}", "a filled sheet"
            )
    else:
        same = [name for name in names if name == wanted] or [
            n for n in names if _folded(n) == _folded(wanted)
        ]
        if len(same) != 1:
            raise Unreadable("wrong_sheet", file, f"the sheets {listed}", f"a sheet named '{wanted}'")
        chosen = same[0]
    notes: list[str] = []
    if wanted is not None and chosen != wanted:
        notes.append(f"sheet '{chosen}' taken for '{wanted}'")
    if wanted is None and len(names) > 1:
        notes.append(f"sheet '{chosen}' read of {listed}")
    if chosen in hidden:
        notes.append(f"sheet '{chosen}' is hidden")
    elif hidden:
        notes.append("hidden sheets: " + ", ".join(f"'{name}'" for name in names if name in hidden))
    return chosen, notes


def _folded(name: str) -> str:
    """Sheet names differ between vintages by case and spaces alone: 'PCN Details', 'PCNDetails'."""
    return "".join(name.split()).casefold()


def _has_cells(sheet: CalamineSheet) -> bool:
    return sheet.start is not None


def _is_blank(row: Sequence[Cell]) -> bool:
    return not any(not isinstance(cell, str) or cell.strip() for cell in row)


def _filled_width(row: Sequence[Cell]) -> int:
    """Columns up to the last filled cell."""
    for index in range(len(row) - 1, -1, -1):
        if row[index] != "":
            return index + 1
    return 0


def _assemble(names: tuple[str, ...], rows: list[tuple[int, list[Cell]]]) -> tuple[tuple[str, ...], pa.Table]:
    """Columns of text; those without a value are left out when they have no name either."""
    columns: list[pa.Array] = []
    kept: list[str] = []
    for index, name in enumerate(names):
        texts = [cell_text(row[index]) or None for _, row in rows]
        if name.strip() or any(text is not None for text in texts):
            columns.append(pa.array(texts, pa.string()))
            kept.append(name)
    lines = pa.array([number for number, _ in rows], pa.int64())
    return tuple(kept), rows_table(columns, lines)


def _scan_notes(scan: SheetScan) -> list[str]:
    notes: list[str] = []
    if scan.error_cells:
        notes.append(
            f"{scan.error_cells:,} cells of the workbook show an Excel error (#N/A, #REF!): read as empty"
        )
    if scan.uncomputed_cells:
        notes.append(
            f"{scan.uncomputed_cells:,} formulas of the workbook have no stored result: read as empty "
            "(open and save it in Excel)"
        )
    if scan.hidden_rows:
        notes.append(f"{scan.hidden_rows:,} hidden rows of the workbook are read like all others")
    if scan.merged_down:
        blocks = f"{scan.merged_down:,} such block{'s' if scan.merged_down > 1 else ''}"
        notes.append(f"cells merged over several rows: only the first of them holds the value ({blocks})")
    return notes
