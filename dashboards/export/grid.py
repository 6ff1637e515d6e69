"""Rows of a worksheet as XML, written column by column: tens of times faster than cell by cell.

Only what a table of figures needs: text, numbers, dates. ECMA-376, part 1, 18.3.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

from dashboards.inert import inert

_EPOCH = np.datetime64("1899-12-30")  # day 0 of a spreadsheet's dates, after 28 February 1900
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no XML document can hold them


@dataclass(frozen=True)
class GridColumn:
    """Cells of a column: numbers, dates or texts; where ``marks`` has a text, it stands instead of the cell."""

    cells: pd.Series
    style: int
    marks: pd.Series | None = None
    mark_style: int = 0


@dataclass(frozen=True)
class Grid:
    """Columns of one length below a header row; ``top`` is the number of the first row of data."""

    top: int
    columns: Sequence[GridColumn] = field(default_factory=tuple[GridColumn, ...])

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.columns[0].cells) if self.columns else 0

    def xml(self) -> str:
        """The ``row`` elements."""
        numbers = [str(row) for row in range(self.top, self.top + self.height)]
        columns = [
            _cells(column, get_column_letter(place), numbers)
            for place, column in enumerate(self.columns, start=1)
        ]
        return "".join(
            f'<row r="{number}">{"".join(cells)}</row>'
            for number, cells in zip(numbers, zip(*columns, strict=True), strict=True)
        )


def _cells(column: GridColumn, letter: str, numbers: list[str]) -> list[str]:
    tails = _tails(column)
    return [f'<c r="{letter}{number}{tail}' for number, tail in zip(numbers, tails, strict=True)]


def _tails(column: GridColumn) -> list[str]:
    """What follows the reference of each cell."""
    if column.cells.dtype.kind in "fiu":
        plain = [_number(value, column.style) for value in column.cells.tolist()]
    elif column.cells.dtype.kind == "M":
        days = (column.cells.to_numpy().astype("datetime64[D]") - _EPOCH).astype(np.int64)
        plain = [_number(day, column.style) for day in days.tolist()]
    else:
        plain = _texts(column.cells, column.style)
    if column.marks is None:
        return plain
    marks = _texts(column.marks, column.mark_style)
    marked = (column.marks != "").tolist()
    return [mark if is_marked else cell for cell, mark, is_marked in zip(plain, marks, marked, strict=True)]


def _texts(cells: pd.Series, style: int) -> list[str]:
    codes, found = pd.factorize(cells)
    tails = [_text(str(text), style) for text in found]
    return [tails[code] for code in codes.tolist()]


def _text(text: str, style: int) -> str:
    if not text:
        return f'" s="{style}"/>'
    clean = escape(_FORBIDDEN.sub("", inert(text)))
    space = ' xml:space="preserve"' if clean != clean.strip() else ""
    return f'" s="{style}" t="inlineStr"><is><t{space}>{clean}</t></is></c>'


def _number(value: float, style: int) -> str:
    if value != value:  # noqa: PLR0124 - not a number: an empty cell
        return f'" s="{style}"/>'
    return f'" s="{style}"><v>{int(value) if float(value).is_integer() else repr(value)}</v></c>'
