"""What every reader hands back: a table of text with line numbers, or a refusal a supplier understands."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Format = Literal["csv", "excel", "parquet"]

LINE = "line"
REJECTS_SCHEMA = pa.schema(
    [("line", pa.int64()), ("column", pa.string()), ("found", pa.string()), ("expected", pa.string())]
)


class Unreadable(Exception):
    """The source as a whole cannot be read. Nothing in it came from a cell.

    ``code`` is stable and machine-readable, ``message`` one line for the supplier; ``found`` and ``expected``
    are its two halves; ``sheet`` and ``line`` say where, when that is known.
    """

    def __init__(
        self,
        code: str,
        where: str,
        found: str,
        expected: str,
        *,
        sheet: str | None = None,
        line: int | None = None,
    ) -> None:
        place = where
        if sheet is not None:
            place += f", sheet '{sheet}'"
        if line is not None:
            place += f", line {line}"
        self.code = code
        self.where = where
        self.found = found
        self.expected = expected
        self.sheet = sheet
        self.line = line
        self.message = f"{place}: found {found}; expected {expected}"
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from all fields: the default would pass the message alone."""
        place = {"sheet": self.sheet, "line": self.line}
        return (partial(Unreadable, **place), (self.code, self.where, self.found, self.expected))


@dataclass(frozen=True)
class SourceTable:
    """One table as found.

    ``rows`` holds text columns ``c0`` .. ``c{n-1}`` in the order of ``header`` (null = empty) and ``line``
    (int64, the physical line of the file or the row of the sheet, from 1). ``rejects`` holds one row per
    structurally broken line: ``line``, ``column``, ``found``, ``expected``; ``found`` describes and never
    quotes a cell. ``notes`` are remarks that must be shown.
    """

    sheet: str | None
    header: tuple[str, ...]
    rows: pa.Table
    rejects: pa.Table
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SheetPeek:
    """The first rows of one sheet, the header included. They may hold personal data: never log them."""

    name: str | None
    first_rows: tuple[tuple[str, ...], ...]
    delimiter: str | None


@dataclass(frozen=True)
class Peek:
    """What kind of file it is and how each of its sheets starts; enough to recognise a layout."""

    format: Format
    sheets: tuple[SheetPeek, ...]


@dataclass(frozen=True)
class Reject:
    """One structurally broken line."""

    line: int
    column: str | None
    found: str
    expected: str


def no_rejects() -> pa.Table:
    """An empty table of rejects."""
    return REJECTS_SCHEMA.empty_table()


def rejects_table(rejects: Iterable[Reject]) -> pa.Table:
    """Rejects as Arrow, in the order given."""
    rows = [
        {"line": reject.line, "column": reject.column, "found": reject.found, "expected": reject.expected}
        for reject in rejects
    ]
    return pa.Table.from_pylist(rows, schema=REJECTS_SCHEMA)


def column_names(count: int) -> list[str]:
    """``c0`` .. ``c{count-1}``."""
    return [f"c{index}" for index in range(count)]


def positions(count: int) -> tuple[str, ...]:
    """Header of a header-less source: "1", "2", ..."""
    return tuple(str(index + 1) for index in range(count))


def rows_table(columns: Sequence[pa.Array | pa.ChunkedArray], lines: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Assemble ``rows``: text columns named by position, then ``line``."""
    return pa.Table.from_arrays([*columns, lines], names=[*column_names(len(columns)), LINE])


def empty_to_null(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Replace empty text by null."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def drop_blank_rows(table: pa.Table) -> pa.Table:
    """Leave out rows in which every cell is empty or white space."""
    candidates: Any = None  # row numbers still blank; shrinks with every column looked at
    for name in table.column_names:
        if name == LINE:
            continue
        column = table.column(name)
        if candidates is not None:
            column = column.take(candidates)
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), fill_value=True)
        found = pc.indices_nonzero(blank)
        candidates = found if candidates is None else candidates.take(found)
        if len(candidates) == 0:
            return table
    if candidates is None:
        return table
    every = pa.array(np.arange(table.num_rows, dtype=np.uint64))
    return table.filter(pc.invert(pc.is_in(every, value_set=candidates)))


def drop_nameless_empty_columns(header: Sequence[str], table: pa.Table) -> tuple[tuple[str, ...], pa.Table]:
    """Leave out columns that have neither a name nor a single value (trailing delimiters, spare columns)."""
    kept = [
        index
        for index, name in enumerate(header)
        if name.strip() or table.column(index).null_count < table.num_rows
    ]
    if len(kept) == len(header):
        return tuple(header), table
    columns = [table.column(index) for index in kept]
    return tuple(header[index] for index in kept), rows_table(columns, table.column(LINE))
