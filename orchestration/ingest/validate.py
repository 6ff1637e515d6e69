"""Sheets of text against their contract, in a few SQL statements: typed rows, and rows set aside with reasons.

The source stays as text in Arrow; one pass types every cell and marks the rows that break a rule. Only those few
rows are looked at again to say which cell, what was found and what was expected. Sheets of equal shape go through
together, told apart by ``file_no`` (from 1): planning such a statement costs more than running it on a small file.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.ingest.checks import Check, cell_name, checks, text_name, value_name
from orchestration.ingest.labels import human_label
from orchestration.ingest.month_first import without_month_first
from orchestration.ingest.outcome import TableCounts
from orchestration.ingest.problems import add_duplicates, add_problems, add_rejects
from orchestration.ingest.raw_file import message_name, messages, persons
from orchestration.ingest.repeats import one_load, period_notes
from orchestration.ingest.sheets import Sheet
from orchestration.ingest.sql import listed, literal
from orchestration.ingest.typing_sql import present_sql, typed_sql
from orchestration.ingest.unusual import unusual_notes

_SOURCE = "source_rows"

Tally = Counter[int]  # rows by file_no


@dataclass(frozen=True)
class Validated:
    """Validated sheets of equal shape. ``typed`` is a temporary table: file_no, line, source_column, v_..., bad."""

    sheets: tuple[Sheet, ...]  # file_no - 1 -> sheet
    typed: str
    counts: tuple[TableCounts, ...]
    notes: tuple[tuple[str, ...], ...]

    @property
    def first(self) -> Sheet:
        """Any of the sheets: they share feed, layout and header."""
        return self.sheets[0]


def validate(
    connection: duckdb.DuckDBPyConnection, sheets: Sequence[Sheet], typed: str, received_on: date
) -> Validated:
    """Type every row into the temporary table ``typed``; what is wrong goes to the table of problems."""
    connection.register(_SOURCE, _together([sheet.source.rows for sheet in sheets]))
    try:
        return _validate(connection, tuple(sheets), typed, received_on)
    finally:
        connection.unregister(_SOURCE)


def _validate(
    connection: duckdb.DuckDBPyConnection, sheets: tuple[Sheet, ...], typed: str, received_on: date
) -> Validated:
    sheet = sheets[0]
    notes = [list(each.notes) for each in sheets]
    relation, not_taken = _SOURCE, Tally()
    if sheet.table.repeated_loads:
        relation, left_out, said = one_load(connection, relation, sheet)
        not_taken[1] += left_out
        notes[0].extend(said)
    wanted, filtered, rule = _filtered(connection, relation, sheet)
    for file_no, rows in filtered.items():
        notes[file_no - 1].append(f"{rows:,} rows that are not ours not taken (taken are: {rule})")
    rows_sql = _valued_rows(sheet, wanted)
    people = persons(sheet.feed, sheet.table)
    rules = checks(sheet.sourced_columns(), received_on.isoformat(), people)
    _type_rows(connection, sheet, rows_sql, rules, typed)
    rules = without_month_first(connection, sheet, rows_sql, typed, rules)
    empty = _lines_without_rows(connection, wanted, typed) if sheet.milestone_column else Tally()
    for file_no, rows in empty.items():
        notes[file_no - 1].append(f"{rows:,} rows with none of the milestones: not taken")
    rejected = add_rejects(connection, _together([each.source.rejects for each in sheets]))
    add_problems(connection, sheet, rows_sql, typed, _SOURCE, rules)
    _set_duplicates_aside(connection, sheet, typed)
    for file_no, said in unusual_notes(connection, typed, sheet).items():
        notes[file_no - 1].extend(said)
    notes[0].extend(period_notes(connection, typed, relation, sheet))
    counts = _counts(connection, sheets, typed, rejected, not_taken + filtered + empty)
    return Validated(sheets, typed, counts, tuple(map(tuple, notes)))


def _together(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of equal columns as one, with ``file_no``."""
    numbered = [
        table.append_column("file_no", pa.array(np.full(table.num_rows, number, dtype=np.int32)))
        for number, table in enumerate(tables, start=1)
    ]
    return pa.concat_tables(numbered)


def _filtered(connection: duckdb.DuckDBPyConnection, relation: str, sheet: Sheet) -> tuple[str, Tally, str]:
    """The rows the layout takes: relation, rows left out, and the rule in words."""
    conditions: list[str] = []
    for column, values in sheet.layout.row_filter.items():
        if column in sheet.binding.columns:
            cell = f"c{sheet.binding.columns[column]}"
            folded = listed(value.lower() for value in values)
            conditions.append(f"coalesce(lower({cell}), '') in ({folded})")
    if not conditions:
        return relation, Tally(), ""
    condition = " and ".join(conditions)
    left_out = _tally(connection, f"from {relation} where not ({condition})")
    rule = "; ".join(f"{human_label(c)}: {', '.join(v)}" for c, v in sheet.layout.row_filter.items())
    wanted = f"(select * from {relation} where {condition})" if left_out else relation
    return wanted, left_out, rule


def _cells(sheet: Sheet, wanted: str) -> str:
    """Query: file_no, line, source_column, s_<column>; one row per filled milestone in wide layouts."""
    cells = "".join(
        f", {source} as {cell_name(column.name)}"
        for column in sheet.table.columns
        if (source := sheet.source_sql(column))
    )
    if not sheet.binding.milestones:
        return f"select file_no, line, null::varchar as source_column{cells} from {wanted}"
    milestones = ", ".join(
        f"{{'header': {literal(' '.join(sheet.source.header[position].split()))}, 'value': {literal(value)}, "
        f"'cell': c{position}}}"
        for position, value in sheet.binding.milestones.items()
    )
    return (
        f"select file_no, line, milestone.header as source_column{cells} "
        f"from (select *, unnest([{milestones}]) as milestone from {wanted}) "
        "where nullif(milestone.cell, '') is not null"
    )


def _valued_rows(sheet: Sheet, wanted: str) -> str:
    """Query: file_no, line, source_column, t_<column> (text) and v_<column> (typed) of every promised column."""
    texts = ", ".join(
        f"{present_sql(column, cell_name(column.name)) if sheet.source_sql(column) else 'null::varchar'} "
        f"as {text_name(column.name)}"
        for column in sheet.table.columns
    )
    cleaned = f"select file_no, line, source_column, {texts} from ({_cells(sheet, wanted)})"
    values = ", ".join(
        f"{typed_sql(column, text_name(column.name))} as {value_name(column.name)}"
        for column in sheet.table.columns
    )
    return f"select *, {values} from ({cleaned})"


def _type_rows(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, rows: str, rules: list[Check], typed: str
) -> None:
    broken = " or ".join(f"coalesce({rule.broken}, false)" for rule in rules) or "false"
    values = ", ".join(value_name(column.name) for column in sheet.table.columns)
    keys = "".join(
        f", {sql} as {message_name(key)}" for key, sql in messages(sheet.feed, sheet.table).items()
    )
    connection.execute(
        f"create or replace temp table {typed} as "
        f"select file_no, line, source_column, {values}{keys}, {broken} as bad from ({rows})"
    )


def _lines_without_rows(connection: duckdb.DuckDBPyConnection, wanted: str, typed: str) -> Tally:
    with_rows = f"(select distinct file_no, line from {typed}) as with_rows"
    return _tally(connection, f"from {wanted} as every_line anti join {with_rows} using (file_no, line)")


def _set_duplicates_aside(connection: duckdb.DuckDBPyConnection, sheet: Sheet, typed: str) -> None:
    key = [sheet.table.column(column) for column in sheet.table.key]
    if not key:
        return
    partition = ["file_no", *(value_name(column.name) for column in key)]
    people = persons(sheet.feed, sheet.table)
    for column in key:
        # Where the source's own number of a person is missing, the person is told by what else is known.
        if column.personal == "direct" and people:
            person = message_name(people[0].key)
            partition.append(f"case when {value_name(column.name)} is null then {person} end")
    labels = [sheet.label(column.name) or human_label(column.name) for column in key]
    add_duplicates(connection, sheet, typed, _SOURCE, partition, labels)


def _counts(
    connection: duckdb.DuckDBPyConnection,
    sheets: tuple[Sheet, ...],
    typed: str,
    rejected: Tally,
    not_taken: Tally,
) -> tuple[TableCounts, ...]:
    good = _tally(connection, f"from {typed} where not bad")
    bad = _tally(connection, f"from {typed} where bad")
    return tuple(
        TableCounts(
            table=sheet.table.name,
            layout=sheet.layout.name,
            sheet=sheet.match.sheet,
            read=good[number] + bad[number] + rejected[number] + not_taken[number],
            accepted=good[number],
            quarantined=bad[number] + rejected[number],
            not_taken=not_taken[number],
        )
        for number, sheet in enumerate(sheets, start=1)
    )


def _tally(connection: duckdb.DuckDBPyConnection, rows: str) -> Tally:
    """Rows by file."""
    found = connection.execute(f"select file_no, count(*) {rows} group by file_no order by file_no")
    return Tally(dict(found.fetchall()))
