"""One sheet of text against its contract, in a few SQL statements: typed rows, and rows set aside with reasons.

The source stays as text in Arrow; one pass types every cell and marks the rows that break a rule. Only those few
rows are looked at again to say which cell, what was found and what was expected.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from dbt_project.registry import Column, Feed, Layout, Table
from orchestration.ingest.checks import Check, cell_name, checks, text_name, value_name
from orchestration.ingest.labels import human_label
from orchestration.ingest.outcome import Refusal, TableCounts
from orchestration.ingest.problems import Place, add_duplicates, add_problems, add_rejects
from orchestration.ingest.raw_file import key_sql, persons
from orchestration.ingest.recognise import (
    Binding,
    SheetMatch,
    bind,
    bind_positions,
    extra_note,
    repeated_columns,
)
from orchestration.ingest.repeats import one_load, period_notes
from orchestration.ingest.sql import listed, literal
from orchestration.ingest.typing_sql import present_sql, trimmed_sql, typed_sql
from orchestration.readers import SourceTable

_SOURCE = "source_rows"


@dataclass(frozen=True)
class Sheet:
    """A sheet to be validated: what it is, and the file it comes from."""

    feed: Feed
    match: SheetMatch
    file: str
    received_at: datetime

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
        return self.file if self.match.sheet is None else f"{self.file}, sheet '{self.match.sheet}'"


@dataclass(frozen=True)
class Validated:
    """A validated sheet. ``typed`` is a temporary table: line, source_column, v_<column> ..., bad."""

    sheet: Sheet
    typed: str
    counts: TableCounts
    notes: tuple[str, ...]


def validate(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, source: SourceTable, typed: str
) -> Validated:
    """Type every row into the temporary table ``typed``; what is wrong goes to the table of problems.

    Raises :class:`Refusal` when the header does not fill the promised table or there are no rows.
    """
    source = _below_titles(source, sheet.match.header_row)
    binding = _binding(sheet, source)
    if source.rows.num_rows == 0 and source.rejects.num_rows == 0:
        raise Refusal("no_rows", sheet.where, "a header and no rows below it", "at least one row of data")
    connection.register(_SOURCE, source.rows)
    try:
        return _validate(connection, sheet, source, binding, typed)
    finally:
        connection.unregister(_SOURCE)


def _validate(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, source: SourceTable, binding: Binding, typed: str
) -> Validated:
    extra = extra_note(sheet.feed, sheet.layout, binding) if sheet.match.has_header else None
    notes = [*source.notes, *sheet.match.notes, *([extra] if extra else [])]
    relation, not_taken = _SOURCE, 0
    if sheet.table.repeated_loads:
        relation, not_taken, said = one_load(
            connection, relation, sheet.feed, sheet.layout, binding, source.header
        )
        notes.extend(said)
    wanted, filtered, said = _filtered(connection, relation, sheet, binding)
    notes.extend(said)
    rows = _valued_rows(sheet, _cleaned_rows(sheet, binding, source.header, wanted))
    rules = checks(_sourced(sheet, binding), f"{sheet.received_at:%Y-%m-%d}")
    _type_rows(connection, sheet, rows, rules, typed)
    unpivot = sheet.layout.unpivot
    if unpivot is not None and binding.milestones:
        empty = _lines_without_rows(connection, wanted, typed)
        notes.extend([f"{empty:,} rows with none of the milestones: not taken"] if empty else [])
        filtered += empty
    milestone = unpivot.value_column if unpivot is not None and binding.milestones else None
    place = Place(
        sheet.file, sheet.match.sheet, source.header, binding, sheet.match.has_header, milestone=milestone
    )
    rejected = add_rejects(connection, place, source.rejects)
    add_problems(connection, place, rows, typed, _SOURCE, rules)
    _set_duplicates_aside(connection, sheet, place, typed)
    notes.extend(period_notes(connection, typed, relation, sheet.feed, source.header, sheet.file))
    counts = _counts(connection, sheet, typed, rejected, not_taken + filtered)
    return Validated(sheet, typed, counts, tuple(notes))


def _below_titles(source: SourceTable, titles: int) -> SourceTable:
    """The table without title rows above its header (workbooks: the reader takes the first row for the header)."""
    if titles == 0:
        return source
    row = source.rows.slice(titles - 1, 1).to_pylist()[0]
    header = tuple(row[f"c{position}"] or "" for position in range(len(source.header)))
    return replace(source, header=header, rows=source.rows.slice(titles))


def _binding(sheet: Sheet, source: SourceTable) -> Binding:
    if not sheet.match.has_header:
        return bind_positions(sheet.layout)
    binding = bind(sheet.feed, sheet.layout, source.header)
    if binding.repeated:
        raise repeated_columns(sheet.where, binding)
    if binding.missing:
        labels = ", ".join(f"'{human_label(column)}'" for column in binding.missing)
        raise Refusal("missing_columns", sheet.where, f"no column for {labels}", "every required column")
    return binding


def _filtered(
    connection: duckdb.DuckDBPyConnection, relation: str, sheet: Sheet, binding: Binding
) -> tuple[str, int, list[str]]:
    """The rows the layout takes: relation, rows left out, remarks."""
    conditions: list[str] = []
    for column, values in sheet.layout.row_filter.items():
        if column in binding.columns:
            cell = trimmed_sql(f"c{binding.columns[column]}")
            folded = listed(value.lower() for value in values)
            conditions.append(f"coalesce(lower({cell}), '') in ({folded})")
    if not conditions:
        return relation, 0, []
    query = f"select count(*), count(*) filter (where {' and '.join(conditions)}) from {relation}"
    total, taken = connection.execute(query).fetchall()[0]
    wanted = f"(select * from {relation} where {' and '.join(conditions)})"
    if total == taken:
        return relation, 0, []
    rule = "; ".join(f"{human_label(c)}: {', '.join(v)}" for c, v in sheet.layout.row_filter.items())
    return wanted, total - taken, [f"{total - taken:,} rows that are not ours not taken (taken are: {rule})"]


def _sourced(sheet: Sheet, binding: Binding) -> list[Column]:
    """The promised columns this sheet says something about."""
    return [column for column in sheet.table.columns if _source(sheet, binding, column) is not None]


def _source(sheet: Sheet, binding: Binding, column: Column) -> str | None:
    """SQL for the source text of a column, None when the sheet has none."""
    unpivot = sheet.layout.unpivot
    if column.name in sheet.layout.constants:
        return literal(sheet.layout.constants[column.name])
    if unpivot is not None and binding.milestones and column.name == unpivot.name_column:
        return "milestone.value"
    if unpivot is not None and binding.milestones and column.name == unpivot.value_column:
        return "milestone.cell"
    if column.name in binding.columns:
        return f"c{binding.columns[column.name]}"
    return None


def _cleaned_rows(sheet: Sheet, binding: Binding, header: tuple[str, ...], wanted: str) -> str:
    """Query: line, source_column, t_<column> for every promised column; one row per milestone in wide layouts."""
    sources = [(column, _source(sheet, binding, column)) for column in sheet.table.columns]
    cells = "".join(
        f", {trimmed_sql(source)} as {cell_name(column.name)}" for column, source in sources if source
    )
    texts = ", ".join(
        f"{present_sql(column, cell_name(column.name)) if source else 'null::varchar'} as {text_name(column.name)}"
        for column, source in sources
    )
    return f"select line, source_column, {texts} from ({_cells(binding, header, wanted, cells)})"


def _cells(binding: Binding, header: tuple[str, ...], wanted: str, cells: str) -> str:
    """Query: line, source_column and the trimmed cells; one row per filled milestone in wide layouts."""
    if not binding.milestones:
        return f"select line, null::varchar as source_column{cells} from {wanted}"
    milestones = ", ".join(
        f"{{'header': {literal(' '.join(header[position].split()))}, 'value': {literal(value)}, "
        f"'cell': c{position}}}"
        for position, value in binding.milestones.items()
    )
    return (
        f"select line, milestone.header as source_column{cells} "
        f"from (select *, unnest([{milestones}]) as milestone from {wanted}) "
        "where nullif(trim(milestone.cell), '') is not null"
    )


def _valued_rows(sheet: Sheet, cleaned: str) -> str:
    """Query: the cleaned rows and v_<column>, the typed value."""
    values = [
        f"{typed_sql(column, text_name(column.name))} as {value_name(column.name)}"
        for column in sheet.table.columns
    ]
    return f"select *, {', '.join(values)} from ({cleaned})"


def _type_rows(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, rows: str, rules: list[Check], typed: str
) -> None:
    broken = " or ".join(f"coalesce({rule.broken}, false)" for rule in rules) or "false"
    values = ", ".join(value_name(column.name) for column in sheet.table.columns)
    connection.execute(
        f"create or replace temp table {typed} as "
        f"select line, source_column, {values}, {broken} as bad from ({rows})"
    )


def _lines_without_rows(connection: duckdb.DuckDBPyConnection, wanted: str, typed: str) -> int:
    query = f"select count(*) from {wanted} where line not in (select line from {typed})"
    return int(connection.execute(query).fetchall()[0][0])


def _set_duplicates_aside(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, place: Place, typed: str
) -> None:
    key = [sheet.table.column(column) for column in sheet.table.key]
    if not key:
        return
    partition = [value_name(column.name) for column in key]
    people = persons(sheet.feed, sheet.table)
    for column in key:
        # Where the source's own number of a person is missing, the person is told by what else is known.
        if column.personal == "direct" and people:
            partition.append(
                f"case when {value_name(column.name)} is null then {key_sql(sheet.feed, people[0])} end"
            )
    labels = [place.label(column.name) or human_label(column.name) for column in key]
    add_duplicates(connection, place, typed, _SOURCE, partition, labels)


def _counts(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, typed: str, rejected: int, not_taken: int
) -> TableCounts:
    total, bad = connection.execute(f"select count(*), count(*) filter (where bad) from {typed}").fetchall()[
        0
    ]
    return TableCounts(
        table=sheet.table.name,
        layout=sheet.layout.name,
        sheet=sheet.match.sheet,
        read=total + rejected + not_taken,
        accepted=total - bad,
        quarantined=bad + rejected,
        not_taken=not_taken,
    )
