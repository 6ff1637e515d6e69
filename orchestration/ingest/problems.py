"""Rows set aside: which cell, what was found, what was expected, and the row as received.

``problem`` is a temporary table with one row per thing wrong. A value is quoted only from columns that are not
personal, and not at all where a row breaks several rules: its cells may have slipped into each other's columns.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from orchestration.ingest.checks import Check, text_name
from orchestration.ingest.outcome import Problem
from orchestration.ingest.recognise import Binding
from orchestration.ingest.sql import literal

PROBLEM = "problem"
NOT_A_DATA_ROW = "not_a_data_row"

_SHOWN_CHARACTERS = 60  # a longer value is described, not quoted
_SLIPPED = 3  # broken rules in one row from which its cells may stand in the wrong columns
_SUMMARISED = 3  # kinds of problem named in a file's message

# First cell of a totals row or of a footnote under a table.
_NOTE = r"^\s*((grand|sub)?[ -]?totals?\b|(source|note|notes|footnotes?|copyright|end of|data as at|produced)\b|[*†‡©])"


@dataclass(frozen=True)
class Place:
    """What a problem's position is told by."""

    file: str
    sheet: str | None
    header: Sequence[str]
    binding: Binding
    has_header: bool
    milestone: str | None = None  # promised column filled from several source columns (wide layouts)

    def label(self, column: str) -> str | None:
        """The supplier's own name of the source of a promised column."""
        position = self.binding.columns.get(column)
        if position is None:
            return None
        if not self.has_header:
            return f"field {position + 1} ({column})"
        return " ".join(self.header[position].split())


def create_problem_table(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty table of problems, for one file."""
    connection.execute(
        f"create or replace temp table {PROBLEM} (sheet varchar, line bigint, source_column varchar, "
        "code varchar, found varchar, expected varchar, source_row varchar)"
    )


def add_rejects(connection: duckdb.DuckDBPyConnection, place: Place, rejects: pa.Table) -> int:
    """Add the rows the reader could not split into fields; the number of lines."""
    if rejects.num_rows == 0:
        return 0
    connection.register("reader_rejects", rejects)
    connection.execute(
        f"insert into {PROBLEM} select {literal(place.sheet)}, line, \"column\", 'broken_row', found, expected, "
        "null from reader_rejects"
    )
    lines = _number(connection, "select count(distinct line) from reader_rejects")
    connection.unregister("reader_rejects")
    return lines


def add_problems(
    connection: duckdb.DuckDBPyConnection,
    place: Place,
    rows: str,
    typed: str,
    source: str,
    rules: Sequence[Check],
) -> None:
    """Say of every row marked bad which rules it breaks. ``rows`` gives t_ and v_ columns, ``source`` the cells."""
    if _number(connection, f"select count(*) from {typed} where bad") == 0:
        return
    connection.execute(
        f"create or replace temp table bad_row as select * from ({rows}) "
        f"where line in (select line from {typed} where bad)"
    )
    connection.execute(
        "create or replace temp table bad_source as select line, "
        f"{_row_json(place.header)} as source_row, {_is_note_sql(place.header)} as is_note "
        f"from {source} where line in (select line from {typed} where bad)"
    )
    connection.execute("create or replace temp table broken as " + " union all ".join(_broken(place, rules)))
    connection.execute(f"""
        insert into {PROBLEM}
        select {literal(place.sheet)}, b.line, b.source_column, b.code, b.found, b.expected, s.source_row
        from (
            select
                line, source_column, code, expected,
                case
                    when value is null then 'no value'
                    when quotable and length(value) <= {_SHOWN_CHARACTERS}
                        and count(*) over (partition by line) < {_SLIPPED} then '''' || value || ''''
                    else 'a value of ' || length(value) || ' characters'
                end as found
            from broken
        ) as b
        inner join bad_source as s on b.line = s.line and not s.is_note
        union all
        select
            {literal(place.sheet)}, line, null, '{NOT_A_DATA_ROW}', 'a total, a footnote or another remark',
            'rows of data only, nothing below the table', source_row
        from bad_source where is_note
    """)


def add_duplicates(
    connection: duckdb.DuckDBPyConnection,
    place: Place,
    typed: str,
    source: str,
    partition: Sequence[str],
    labels: Sequence[str],
) -> int:
    """Set later rows with the key of an earlier one aside; their number. ``partition`` holds the key's SQL."""
    key = ", ".join(partition)
    doubled = f"select count(*) - count(distinct hash({key})) from {typed} where not bad"
    if _number(connection, doubled) == 0:
        return 0
    connection.execute(f"""
        create or replace temp table duplicate as
        select row_id, line, first_line from (
            select
                rowid as row_id, line, row_number() over one_key as place, first_value(line) over one_key as first_line
            from {typed} where not bad
            window one_key as (partition by {key} order by rowid)
        ) where place > 1
    """)
    connection.execute(f"update {typed} set bad = true where rowid in (select row_id from duplicate)")
    same = literal(f" in {', '.join(labels)}")
    connection.execute(f"""
        insert into {PROBLEM}
        select
            {literal(place.sheet)}, d.line, null, 'duplicate_row',
            'the same as line ' || d.first_line || {same}, 'each of them once', {_row_json(place.header)}
        from duplicate as d inner join {source} as s on d.line = s.line
    """)
    return _number(connection, "select count(*) from duplicate")


def problem_count(connection: duckdb.DuckDBPyConnection) -> int:
    """Things wrong in the file."""
    return _number(connection, f"select count(*) from {PROBLEM}")


def listed_problems(connection: duckdb.DuckDBPyConnection, file: str, limit: int) -> tuple[Problem, ...]:
    """The first problems, in order of sheet and line."""
    rows = connection.execute(
        f"select sheet, line, source_column, code, found, expected from {PROBLEM} "
        f"order by sheet, line, source_column, code limit {limit}"
    ).fetchall()
    return tuple(Problem(file, *row) for row in rows)


def summary(connection: duckdb.DuckDBPyConnection) -> str:
    """The commonest problems in words: column, how many, the first line, found and expected."""
    rows = connection.execute(f"""
        select source_column, count(*) as times, min(line), arg_min(found, line), expected
        from {PROBLEM} group by source_column, code, expected order by times desc, min(line) limit {_SUMMARISED}
    """).fetchall()
    kinds = _number(
        connection, f"select count(*) from (select distinct source_column, code, expected from {PROBLEM})"
    )
    parts = [
        f"{f'column {chr(39)}{column}{chr(39)}, ' if column else ''}{times:,} time{'s' if times > 1 else ''} "
        f"from line {line}: found {found}; expected {expected}"
        for column, times, line, found, expected in rows
    ]
    more = [f"and {kinds - _SUMMARISED} other kinds of problem"] if kinds > _SUMMARISED else []
    return " | ".join([*parts, *more])


def quarantine_query(file: str) -> str:
    """All problems with the rows as received, for the restricted quarantine file."""
    return (
        f"select {literal(file)} as file, sheet, line, source_column as \"column\", code, found, expected, "
        f"source_row from {PROBLEM} order by sheet, line, source_column, code"
    )


def _broken(place: Place, rules: Sequence[Check]) -> list[str]:
    """One query per rule: the rows that break it."""
    queries: list[str] = []
    for rule in rules:
        column = rule.column
        label = "source_column" if column.name == place.milestone else literal(place.label(column.name))
        quotable = "true" if column.personal == "none" else "false"
        queries.append(
            f"select line, {label} as source_column, {literal(rule.code)} as code, "
            f"{text_name(column.name)} as value, {quotable} as quotable, {literal(rule.expected)} as expected "
            f"from bad_row where {rule.broken}"
        )
    return queries


def _row_json(header: Sequence[str]) -> str:
    names: dict[str, str] = {}
    for position, cell in enumerate(header):
        label = " ".join(cell.split()) or f"column {position + 1}"
        names[label if label not in names else f"{label} ({position + 1})"] = f"c{position}"
    keys = ", ".join(map(literal, names))
    return f"to_json(map([{keys}], [{', '.join(names.values())}]))"


def _is_note_sql(header: Sequence[str]) -> str:
    """Whether a row that breaks rules is a total or a remark: by its first cell, or because it is the only one."""
    cells = [f"c{position}" for position in range(len(header))]
    first = f"regexp_matches(lower(coalesce({', '.join(cells)}, '')), {literal(_NOTE)})"
    if len(cells) < 3:
        return first
    filled = " + ".join(f"({cell} is not null)::integer" for cell in cells)
    return f"({first} or {filled} = 1)"


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])

