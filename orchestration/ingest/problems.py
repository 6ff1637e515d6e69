"""Rows set aside: which cell, what was found, what was expected, and the row as received.

``problem`` is a temporary table with one row per thing wrong. Of a personal column only the length of a value is told.
In a table that describes people any cell may hold a person's value that slipped under another header, so a value is
quoted only where it is nearly a promised one; of others the form is shown, with 9 for digits and a for letters.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from dbt_project.registry import Column
from orchestration.ingest.checks import Check, text_name
from orchestration.ingest.labels import value_labels
from orchestration.ingest.outcome import Problem
from orchestration.ingest.raw_file import persons
from orchestration.ingest.sheets import Sheet
from orchestration.ingest.sql import listed, literal

PROBLEM = "problem"
NOT_A_DATA_ROW = "not_a_data_row"

_TABLE_NO = "getvariable('table_no')"  # sheet of the file being validated

_SHOWN_CHARACTERS = 60  # a longer value is described, not quoted
_SLIPPED = 3  # broken rules in one row from which its cells may stand in the wrong columns
_MISSPELT = 2  # letters that may differ from a promised value for the cell to be a misspelling of it
_SHORTEST_MISSPELT = 6  # characters; of shorter ones too much is near to something
_NARROW = 3  # columns below which a lone cell is no sign of a remark
_SUMMARISED = 3  # kinds of problem named in a file's message

# First cell of a totals row or of a footnote under a table.
_NOTE = r"^\s*((grand|sub)?[ -]?totals?\b|(source|note|notes|footnotes?|copyright|end of|data as at|produced)\b|[*†‡©])"


def create_problem_table(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty table of problems, for one batch of files."""
    connection.execute(
        f"create or replace temp table {PROBLEM} (file_no integer, table_no integer, line bigint, "
        "source_column varchar, code varchar, found varchar, expected varchar, source_row varchar)"
    )


def add_rejects(connection: duckdb.DuckDBPyConnection, rejects: pa.Table) -> Counter[int]:
    """Add the rows the reader could not split into fields; the number of lines by file."""
    if rejects.num_rows == 0:
        return Counter()
    connection.register("reader_rejects", rejects)
    connection.execute(
        f"insert into {PROBLEM} select file_no, {_TABLE_NO}, line, \"column\", 'broken_row', found, expected, null "
        "from reader_rejects"
    )
    lines = connection.execute(
        "select file_no, count(distinct line) from reader_rejects group by file_no"
    ).fetchall()
    connection.unregister("reader_rejects")
    return Counter(dict(lines))


def add_problems(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    rows: str,
    typed: str,
    source: str,
    rules: Sequence[Check],
) -> None:
    """Say of every row marked bad which rules it breaks. ``rows`` gives t_ and v_ columns, ``source`` the cells."""
    if not connection.execute(f"select 1 from {typed} where bad limit 1").fetchall():
        return
    bad = f"semi join (select file_no, line from {typed} where bad) as bad using (file_no, line)"
    connection.execute(f"create or replace temp table bad_row as select * from ({rows}) as every_row {bad}")
    connection.execute(
        "create or replace temp table bad_source as select file_no, line, "
        f"{_row_json(sheet.source.header)} as source_row, {_is_note_sql(sheet.source.header)} as is_note, "
        f"{_is_header_sql(sheet)} as is_header "
        f"from {source} as every_row {bad}"
    )
    connection.execute("create or replace temp table broken as " + " union all ".join(_broken(sheet, rules)))
    connection.execute(f"""
        insert into {PROBLEM}
        select b.file_no, {_TABLE_NO}, b.line, b.source_column, b.code, b.found, b.expected, s.source_row
        from (
            select
                file_no, line, source_column, code, expected,
                case
                    when told is not null then told
                    when value is null then 'no value'
                    when showing = 'nothing' or length(value) > {_SHOWN_CHARACTERS}
                        or count(*) over (partition by file_no, line) >= {_SLIPPED}
                        then 'a value of ' || length(value) || ' characters'
                    when showing = 'form' then 'a value like ''' || {_form_sql("value")} || ''''
                    else '''' || value || ''''
                end as found
            from broken
        ) as b
        inner join bad_source as s on b.file_no = s.file_no and b.line = s.line and not s.is_note and not s.is_header
        union all
        select
            file_no, {_TABLE_NO}, line, null, '{NOT_A_DATA_ROW}',
            case when is_header then 'the header line again' else 'a total, a footnote or another remark' end,
            case when is_header then 'rows of data only' else 'rows of data only, nothing below the table' end,
            source_row
        from bad_source where is_note or is_header
    """)


def add_duplicates(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    typed: str,
    source: str,
    partition: Sequence[str],
    labels: Sequence[str],
) -> None:
    """Set later rows with the key of an earlier one aside. ``partition`` holds the key's SQL."""
    key = ", ".join(partition)
    doubled = f"select count(*) > count(distinct hash({key})) from {typed} where not bad"
    if not connection.execute(doubled).fetchall()[0][0]:
        return
    connection.execute(f"""
        create or replace temp table duplicate as
        select row_id, file_no, line, first_line from (
            select
                rowid as row_id, file_no, line,
                row_number() over one_key as place, first_value(line) over one_key as first_line
            from {typed} where not bad
            window one_key as (partition by {key} order by rowid)
        ) where place > 1
    """)
    connection.execute(f"update {typed} set bad = true where rowid in (select row_id from duplicate)")
    same = literal(f"the same {', '.join(labels)} as line ")
    cells = [f"c{position}" for position in range(len(sheet.source.header))]
    again = " and ".join(f"s.{cell} is not distinct from f.{cell}" for cell in cells)
    connection.execute(f"""
        insert into {PROBLEM}
        select
            d.file_no, {_TABLE_NO}, d.line, null, 'duplicate_row',
            case
                when {again} then 'line ' || d.first_line || ' again'
                else {same} || d.first_line || ' with other values'
            end,
            'each of them once', {_row_json(sheet.source.header, "s.")}
        from duplicate as d
        inner join {source} as s on d.file_no = s.file_no and d.line = s.line
        inner join {source} as f on d.file_no = f.file_no and d.first_line = f.line
    """)


def problem_counts(connection: duckdb.DuckDBPyConnection) -> Counter[int]:
    """Things wrong, by file."""
    rows = connection.execute(f"select file_no, count(*) from {PROBLEM} group by file_no").fetchall()
    return Counter(dict(rows))


def listed_problems(
    connection: duckdb.DuckDBPyConnection, file: str, sheets: Sequence[str | None], limit: int
) -> tuple[Problem, ...]:
    """The first problems of the only file examined, in order of sheet and line."""
    rows = connection.execute(
        f"select table_no, line, source_column, code, found, expected from {PROBLEM} "
        f"order by table_no, line, source_column, code limit {limit}"
    ).fetchall()
    return tuple(Problem(file, sheets[table_no], *rest) for table_no, *rest in rows)


def summary(connection: duckdb.DuckDBPyConnection, file_no: int) -> str:
    """The commonest problems of a file in words: column, how many, the first line, found and expected."""
    rows = connection.execute(f"""
        select
            source_column, count(*) as times, min(line) as first_line, arg_min(found, line), expected,
            count(*) over () as kinds
        from {PROBLEM} where file_no = {file_no}
        group by source_column, code, expected
        order by times desc, first_line, source_column, expected limit {_SUMMARISED}
    """).fetchall()
    parts = [
        f"{_column_words(column)}{times:,} time{'s' if times > 1 else ''} from line {line}: "
        f"found {found}; expected {expected}"
        for column, times, line, found, expected, _ in rows
    ]
    more = rows[0][-1] - _SUMMARISED if rows else 0
    if more > 0:
        parts.append(f"and {more} other kind{'s' if more > 1 else ''} of problem")
    return " | ".join(parts)


def quarantine_query(file: str, file_no: int, sheets: Sequence[str | None]) -> str:
    """All problems of a file with the rows as received, for the restricted quarantine file."""
    names = ", ".join(map(literal, sheets))
    return (
        f'select {literal(file)} as file, ([{names}])[table_no + 1] as sheet, line, source_column as "column", '
        f"code, found, expected, source_row from {PROBLEM} where file_no = {file_no} "
        "order by table_no, line, source_column, code"
    )


def start_table(connection: duckdb.DuckDBPyConnection, table_no: int) -> None:
    """Problems added from now on belong to this sheet of their files (from 0)."""
    connection.execute(f"set variable table_no = {table_no}")


def _column_words(column: str | None) -> str:
    return f"column '{column}', " if column else ""


def _broken(sheet: Sheet, rules: Sequence[Check]) -> list[str]:
    """One query per rule: the rows that break it."""
    queries: list[str] = []
    for rule in rules:
        column = rule.column
        label = (
            "source_column" if column.name == sheet.milestone_column else literal(sheet.label(column.name))
        )
        text = text_name(column.name)
        hint, showing = _showing_sql(sheet, column, text)
        queries.append(
            f"select file_no, line, {label} as source_column, {literal(rule.code)} as code, {text} as value, "
            f"{rule.found or hint} as told, {showing} as showing, {literal(rule.expected)} as expected "
            f"from bad_row where {rule.broken}"
        )
    return queries


def _showing_sql(sheet: Sheet, column: Column, text: str) -> tuple[str, str]:
    """SQL for what is to be said in place of the value (mostly null), and for what may be shown of it."""
    if column.personal == "direct":
        return "null::varchar", "'nothing'"
    hint = "null::varchar"
    if column.pattern is not None:
        digits = f"replace({text}, 'O', '0')"
        hint = (
            f"case when {text} <> {digits} and regexp_matches({digits}, {literal(column.pattern)}) "
            f"then '''' || {text} || ''', with the letter O for the digit 0' end"
        )
    if not persons(sheet.feed, sheet.table) and column.personal == "none":
        return hint, "'value'"
    promised = [label.lower() for label in (*value_labels(column), *column.values, *column.allowed)]
    if not promised:
        return hint, "'form'"
    near = (
        f"length({text}) >= {_SHORTEST_MISSPELT} and list_min(list_transform([{listed(dict.fromkeys(promised))}], "
        f"lambda label: levenshtein(label, lower({text})))) <= {_MISSPELT}"
    )
    return hint, f"case when {near} then 'value' else 'form' end"


def _form_sql(text: str) -> str:
    """The form of a value: 9 for each digit, A and a for letters, other characters as they are."""
    form = text
    for characters, shown in ((r"\p{Nd}", "9"), (r"\p{Lu}", "A"), (r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]", "a")):
        form = f"regexp_replace({form}, {literal(characters)}, {literal(shown)}, 'g')"
    return form


def _is_header_sql(sheet: Sheet) -> str:
    """Whether a row that breaks rules is the header line again: most of its cells are their own headers."""
    if not sheet.match.has_header:
        return "false"
    same = " + ".join(
        f"coalesce(lower(c{position}) = {literal(cell.lower())}, false)::integer"
        for position, cell in enumerate(sheet.source.header)
    )
    return f"({same}) * 2 > {len(sheet.source.header)}"


def _row_json(header: Sequence[str], source: str = "") -> str:
    names: dict[str, str] = {}
    for position, cell in enumerate(header):
        label = " ".join(cell.split()) or f"column {position + 1}"
        names[label if label not in names else f"{label} ({position + 1})"] = f"{source}c{position}"
    keys = ", ".join(map(literal, names))
    return f"to_json(map([{keys}], [{', '.join(names.values())}]))"


def _is_note_sql(header: Sequence[str]) -> str:
    """Whether a row that breaks rules is a total or a remark: by its first cell, or because it is the only one."""
    cells = [f"c{position}" for position in range(len(header))]
    first = f"regexp_matches(lower(coalesce({', '.join(cells)}, '')), {literal(_NOTE)})"
    if len(cells) < _NARROW:
        return first
    filled = " + ".join(f"({cell} is not null)::integer" for cell in cells)
    return f"({first} or {filled} = 1)"
