"""Worksheets of what is no figure of a metric: curves, tests between groups, analyses and their estimates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from dashboards import wording
from dashboards.export.spreadsheet import TEXT, Line, SheetColumn
from dashboards.export.tables import ExportTable, Publication, selected
from dbt_project.registry.published_tables import PublishedTable, load_published_tables

DAY, NUMBER, WHOLE = "d mmmm yyyy", "General", "#,##0"
_WHOLE_KINDS = ("BIGINT", "INTEGER")


@dataclass(frozen=True)
class OtherSheet:
    """One worksheet of a table, ready to write: every row and every column of it, as published.

    ``lines`` say what the table is, ``notes`` what each column means.
    """

    promise: PublishedTable
    lines: tuple[Line, ...]
    notes: tuple[Line, ...]
    columns: tuple[SheetColumn, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0].cells)


def other_sheets(connection: duckdb.DuckDBPyConnection, publication: Publication) -> Iterator[OtherSheet]:
    """The worksheets of a publication in the order of the registry; none for a table without rows."""
    tables = {table.name: table for table in publication.others}
    for name, promise in load_published_tables().items():
        if name in tables:
            frame = connection.execute(selected(tables[name])).df()
            if len(frame):
                columns = tuple(_column(frame[column.name], column.kind) for column in tables[name].columns)
                lines = _lines(tables[name], publication.notices)
                yield OtherSheet(promise, lines, tuple(_notes(promise, frame)), columns)


def _lines(table: ExportTable, notices: Sequence[str]) -> tuple[Line, ...]:
    said = [
        "This worksheet contains one table. The worksheet Symbols explains symbols in square brackets.",
        *notices,
        table.description,
        f"Grain: {table.grain}.",
    ]
    return tuple(Line(text) for text in said)


def _notes(promise: PublishedTable, frame: pd.DataFrame) -> Iterator[Line]:
    """What each column means, and each word that stands in one: a line each, for a long line is not read."""
    yield Line("What the columns mean", heading=True)
    for column in promise.columns:
        yield Line(f"{_header(column.name)}: {column.description}")
        held = set(frame[column.name]) if column.values else set[object]()
        for value, meaning in column.values.items():
            if value in held:
                yield Line(f"{_header(column.name)}, {value}: {meaning}.")


def _column(cells: pd.Series, kind: str) -> SheetColumn:
    header = _header(str(cells.name))
    nothing = f"[{wording.NOT_APPLICABLE[0]}]"
    missing = cells.isna()
    if kind == "VARCHAR":
        return SheetColumn(header, TEXT, cells.mask(missing | (cells == ""), nothing).astype(object))
    if kind == "BOOLEAN":
        return SheetColumn(header, TEXT, cells.map({True: "Yes", False: "No"}).fillna(nothing).astype(object))
    marks = missing.map({True: nothing, False: ""})
    if kind == "DATE":
        return SheetColumn(header, DAY, cells.fillna(pd.Timestamp(0)).astype("datetime64[us]"), marks)
    return SheetColumn(header, WHOLE if kind in _WHOLE_KINDS else NUMBER, cells.astype("float64"), marks)


def _header(name: str) -> str:
    return name.replace("_", " ").capitalize()
