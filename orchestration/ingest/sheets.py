"""A sheet that has been read and whose columns are known: what validation works on."""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false

from __future__ import annotations

from dataclasses import dataclass, replace

from dbt_project.registry import Column, Feed, Layout, Table
from orchestration.ingest.clean_cells import clean_rows, clean_text
from orchestration.ingest.labels import human_label
from orchestration.ingest.outcome import Refusal
from orchestration.ingest.recognise import (
    Binding,
    SheetMatch,
    bind,
    bind_positions,
    extra_note,
    repeated_columns,
)
from orchestration.ingest.sql import literal
from orchestration.readers import SourceTable


@dataclass(frozen=True)
class Sheet:
    """One sheet (or a file without sheets) as text, bound to a promised table."""

    feed: Feed
    match: SheetMatch
    file: str
    source: SourceTable
    binding: Binding
    notes: tuple[str, ...]

    @property
    def layout(self) -> Layout:
        """Its layout."""
        return self.match.layout

    @property
    def table(self) -> Table:
        """The promised table it fills."""
        return self.feed.table(self.layout.table)

    @property
    def where(self) -> str:
        """File and sheet, for a message."""
        return _where(self.file, self.match)

    @property
    def shape(self) -> tuple[object, ...]:
        """Sheets of equal shape can be validated together."""
        return (self.feed.id, self.layout.name, self.match.has_header, self.source.header)

    @property
    def stands_alone(self) -> bool:
        """Whether its rows must be looked at as a whole: repeated loads and declared periods are per file."""
        return self.table.repeated_loads or self.feed.period is not None

    @property
    def milestone_column(self) -> str | None:
        """Promised column filled from several source columns (wide layouts)."""
        unpivot = self.layout.unpivot
        return unpivot.value_column if unpivot is not None and self.binding.milestones else None

    def source_sql(self, column: Column) -> str | None:
        """SQL for the source text of a promised column, None when the sheet says nothing about it."""
        unpivot = self.layout.unpivot
        if column.name in self.layout.constants:
            return literal(self.layout.constants[column.name])
        if unpivot is not None and self.binding.milestones and column.name == unpivot.name_column:
            return "milestone.value"
        if column.name == self.milestone_column:
            return "milestone.cell"
        position = self.binding.columns.get(column.name)
        return None if position is None else f"c{position}"

    def sourced_columns(self) -> list[Column]:
        """The promised columns this sheet says something about."""
        return [column for column in self.table.columns if self.source_sql(column) is not None]

    def label(self, column: str) -> str | None:
        """The supplier's own name of the source of a promised column."""
        position = self.binding.columns.get(column)
        if position is None:
            return None
        if not self.match.has_header:
            return f"field {position + 1} ({column})"
        return " ".join(self.source.header[position].split())


def bind_sheet(feed: Feed, match: SheetMatch, file: str, source: SourceTable) -> Sheet:
    """Bind the columns of what was read.

    Raises :class:`Refusal` when the header does not fill the promised table or there are no rows.
    """
    where = _where(file, match)
    source = _cleaned(_below_titles(source, match.header_row))
    if source.rows.num_rows == 0 and source.rejects.num_rows == 0:
        raise Refusal("no_rows", where, "a header and no rows below it", "at least one row of data")
    if not match.has_header:
        return Sheet(feed, match, file, source, bind_positions(match.layout), (*source.notes, *match.notes))
    binding = bind(feed, match.layout, source.header)
    if binding.repeated:
        raise repeated_columns(where, binding)
    if binding.missing:
        labels = ", ".join(f"'{human_label(column)}'" for column in binding.missing)
        raise Refusal("missing_columns", where, f"no column for {labels}", "every required column")
    remarks = (extra_note(feed, match.layout, binding), _nameless_note(source))
    notes = (*source.notes, *match.notes, *(remark for remark in remarks if remark))
    return Sheet(feed, match, file, source, binding, notes)


def _nameless_note(source: SourceTable) -> str | None:
    """A remark on columns with values and without a name: what stands in them is lost."""
    places = [
        position
        for position, cell in enumerate(source.header)
        if not cell and source.rows.column(position).null_count < source.rows.num_rows
    ]
    if not places:
        return None
    before = next((cell for cell in reversed(source.header[: places[0]]) if cell), None)
    where = f"right of '{' '.join(before.split())}'" if before else "the first"
    count = "1 column" if len(places) == 1 else f"{len(places):,} columns"
    return f"{count} with values and without a name ({where}) not taken"


def _where(file: str, match: SheetMatch) -> str:
    return file if match.sheet is None else f"{file}, sheet '{match.sheet}'"


def _cleaned(source: SourceTable) -> SourceTable:
    """The table without what nobody can see (in Arrow: thirty times as fast as in SQL)."""
    header = tuple(map(clean_text, source.header))
    return replace(source, header=header, rows=clean_rows(source.rows))


def _below_titles(source: SourceTable, titles: int) -> SourceTable:
    """The table without title rows above its header (workbooks: the reader takes the first row for the header)."""
    if titles == 0:
        return source
    row = source.rows.slice(titles - 1, 1).to_pylist()[0]
    header = tuple(row[f"c{position}"] or "" for position in range(len(source.header)))
    return replace(source, header=header, rows=source.rows.slice(titles))
