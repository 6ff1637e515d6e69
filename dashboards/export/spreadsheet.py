"""A spreadsheet document of plain worksheets: a title, lines of text, at most one marked-up table.

openpyxl makes the frame; the rows of tables are written by :mod:`dashboards.export.grid` and put in afterwards, and
every date in the file is given, so that the same content gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.styles import Alignment, Border, Font, NamedStyle, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from dashboards.export.archive import Archive
from dashboards.export.grid import Grid, GridColumn
from dashboards.inert import inert

LANGUAGE = "en-GB"
TEXT = "@"
FONT, FONT_SIZE, TITLE_SIZE = "Arial", 12, 16
TITLE, SUBHEADING, BODY, WRAPPED, MARK = "Heading 1", "Subheading", "Body", "Body, wrapped", "Body, symbol"
HEADER, NUMBER_HEADER, LINK = "Column heading", "Column heading, numbers", "Link"
_BLUE = "FF005EB8"
_HEADING_1 = 16  # number of the built-in style that spreadsheet programs call Heading 1
_NUMBER_WIDTH, _LEAST_WIDTH, _MOST_WIDTH = 18, 12, 70
_WIDE = 1.15  # Arial's letters against the digits that column widths are counted in
_CORE = "docProps/core.xml"
_END_OF_ROWS = b"</sheetData>"
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"')


@dataclass(frozen=True)
class Line:
    """A line of text; ``link`` names the worksheet it leads to."""

    text: str
    heading: bool = False
    link: str = ""


@dataclass(frozen=True)
class SheetColumn:
    """A column of a table: heading, number format, cells.

    Where ``marks`` has a text, it stands instead of the cell; ``linked`` cells lead to the worksheet they name.
    """

    header: str
    format: str
    cells: pd.Series
    marks: pd.Series | None = None
    linked: bool = False


class Document:
    """A document being written: worksheets are added, then it is saved once."""

    def __init__(self, scratch: Path, *, title: str, subject: str) -> None:
        self._book = Workbook()
        self._book.remove(self._book.worksheets[0])
        self._specimens = self._book.create_sheet("specimens")
        self._scratch = scratch
        self._rows: dict[str, Path] = {}  # worksheet -> its rows as XML
        self._extent: dict[str, str] = {}
        self._styles: dict[tuple[str, str], int] = {}
        self._properties = {"title": title, "subject": subject, "creator": subject, "language": LANGUAGE}
        for style in _named_styles():
            self._book.add_named_style(style)

    def reserve(self, *names: str) -> None:
        """Make room for worksheets that stand before those written until then."""
        for name in names:
            self._book.create_sheet(name)

    def text(self, name: str, title: str, lines: Sequence[Line], width: int = 100) -> None:
        """A worksheet of lines."""
        sheet = self._sheet(name)
        self._head(sheet, title, lines, wrapped=True)
        sheet.column_dimensions["A"].width = width

    def table(
        self, name: str, title: str, lines: Sequence[Line], columns: Sequence[SheetColumn], table_name: str
    ) -> None:
        """A worksheet with a table below its lines."""
        sheet = self._sheet(name)
        header = self._head(sheet, title, lines, wrapped=False) + 1
        for place, column in enumerate(columns, start=1):
            cell = _cell(sheet, header, place)
            _write_text(cell, column.header)
            cell.style = NUMBER_HEADER if _is_number(column) else HEADER
            sheet.column_dimensions[get_column_letter(place)].width = _width(column)
        height = len(columns[0].cells)
        extent = f"A{header}:{get_column_letter(len(columns))}{header + max(height, 1)}"
        _mark_up(sheet, extent, table_name, [column.header for column in columns])
        self._extent[name] = f"A1:{extent.partition(':')[2]}"
        if any(column.linked for column in columns):
            self._write_cells(sheet, header + 1, columns)
            return
        grid = Grid(header + 1, [self._grid_column(column) for column in columns])
        self._rows[name] = self._scratch / f"rows-{len(self._rows)}.xml"
        self._rows[name].write_text(grid.xml(), encoding="utf-8", newline="\n")

    def save(self, target: Path, stamp: datetime) -> None:
        """Write the file; ``stamp`` is the only time in it."""
        self._book.remove(self._specimens)
        self._book.active = 0
        frame = io.BytesIO()
        self._book.save(frame)
        properties = DocumentProperties(created=stamp, modified=stamp, **self._properties)
        paths = {f"xl/worksheets/sheet{n}.xml": name for n, name in enumerate(self._book.sheetnames, start=1)}
        with zipfile.ZipFile(frame) as made, Archive(target, stamp) as archive:
            for name in made.namelist():
                if name == _CORE:
                    archive.add(name, tostring(properties.to_tree()))
                else:
                    archive.add_parts(name, self._parts(paths.get(name, ""), made.read(name)))

    def _parts(self, sheet: str, content: bytes) -> Iterator[bytes]:
        """The content of an entry, with the rows of its table where it is the worksheet of one."""
        if sheet in self._extent:
            content = _DIMENSION.sub(f'<dimension ref="{self._extent[sheet]}"'.encode(), content, count=1)
        if sheet not in self._rows:
            yield content
            return
        before, end, after = content.partition(_END_OF_ROWS)
        yield before
        with self._rows[sheet].open("rb") as rows:
            while piece := rows.read(1 << 20):
                yield piece
        self._rows[sheet].unlink()
        yield end + after

    def _sheet(self, name: str) -> Worksheet:
        sheet = self._book[name] if name in self._book.sheetnames else self._book.create_sheet(name)
        assert isinstance(sheet, Worksheet)  # noqa: S101 - no other kind is ever made here
        return sheet

    def _head(self, sheet: Worksheet, title: str, lines: Sequence[Line], *, wrapped: bool) -> int:
        """Title and lines in column A; the number of the last one's row."""
        for row, line in enumerate((Line(title), *lines), start=1):
            cell = _cell(sheet, row, 1)
            _write_text(cell, line.text)
            if row == 1:
                cell.style = TITLE
            elif line.link:
                _link(cell, line.link)
            else:
                cell.style = SUBHEADING if line.heading else WRAPPED if wrapped else BODY
        return 1 + len(lines)

    def _write_cells(self, sheet: Worksheet, top: int, columns: Sequence[SheetColumn]) -> None:
        """Rows cell by cell, for a small table with links."""
        for place, column in enumerate(columns, start=1):
            for row, value in enumerate(column.cells.tolist(), start=top):
                cell = _cell(sheet, row, place)
                if column.linked:
                    _write_text(cell, value)
                    _link(cell, value)
                elif _is_number(column):
                    cell.value, cell.style, cell.number_format = value, BODY, column.format
                else:
                    _write_text(cell, value)
                    cell.style = WRAPPED

    def _grid_column(self, column: SheetColumn) -> GridColumn:
        style = self._style(column.format, WRAPPED if _longest(column) > _MOST_WIDTH else BODY)
        return GridColumn(column.cells, style, column.marks, self._style(TEXT, MARK))

    def _style(self, number_format: str, name: str) -> int:
        """The number of a cell format, made on first use."""
        key = (number_format, name)
        if key not in self._styles:
            cell = self._specimens.cell(len(self._styles) + 1, 1)
            cell.style = name
            cell.number_format = number_format
            self._styles[key] = cell.style_id
        return self._styles[key]


def _named_styles() -> Iterator[NamedStyle]:
    """Every format of text: sans serif, twelve points and more, no colour but that of links."""
    plain, bold = Font(name=FONT, size=FONT_SIZE), Font(name=FONT, size=FONT_SIZE, bold=True)
    below = Border(bottom=Side(style="thin"))
    yield NamedStyle(TITLE, Font(name=FONT, size=TITLE_SIZE, bold=True), builtinId=_HEADING_1)
    yield NamedStyle(SUBHEADING, bold)
    yield NamedStyle(BODY, plain, alignment=Alignment(vertical="top"))
    yield NamedStyle(WRAPPED, plain, alignment=Alignment(vertical="top", wrap_text=True))
    yield NamedStyle(MARK, plain, alignment=Alignment(vertical="top", horizontal="right"))
    yield NamedStyle(LINK, Font(name=FONT, size=FONT_SIZE, color=_BLUE, underline="single"))
    for name, side in ((HEADER, "left"), (NUMBER_HEADER, "right")):
        alignment = Alignment(wrap_text=True, vertical="top", horizontal=side)
        yield NamedStyle(name, bold, border=below, alignment=alignment)


def _cell(sheet: Worksheet, row: int, column: int) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # noqa: S101 - nothing is merged here
    return cell


def _write_text(cell: Cell, text: str) -> None:
    cell.value = inert(text)
    cell.data_type = "s"  # never a formula, whatever it begins with


def _link(cell: Cell, sheet: str) -> None:
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1", display=str(cell.value))
    cell.style = LINK


def _mark_up(sheet: Worksheet, extent: str, name: str, headers: Sequence[str]) -> None:
    """Make a range a table with a name, without filter buttons and stripes."""
    table = Table(displayName=name, name=name, ref=extent)
    table.tableColumns = [
        TableColumn(id=number, name=header) for number, header in enumerate(headers, start=1)
    ]
    table.tableStyleInfo = TableStyleInfo(showRowStripes=False, showColumnStripes=False)
    sheet.add_table(table)


def _is_number(column: SheetColumn) -> bool:
    return column.cells.dtype.kind in "fiu"


def _longest(column: SheetColumn) -> int:
    """Characters of the longest text; 0 for numbers and dates."""
    if column.cells.dtype.kind in "fiuM":
        return 0
    return max((len(text) for text in column.cells.unique()), default=0)


def _width(column: SheetColumn) -> float:
    longest = _longest(column)
    return min(max(longest * _WIDE, _LEAST_WIDTH), _MOST_WIDTH) + 2 if longest else _NUMBER_WIDTH
