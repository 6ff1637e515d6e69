"""Dates written with the month first, where the day is promised first.

10/31/2025 cannot be read with the day first and is set aside; 10/02/2025 can, as a day that was never meant. One date
of a column that shows the order (its second part is past 12) therefore casts doubt on every date of that column that
could be read both ways: none of them is taken. Where every date could be read both ways there is nothing to tell by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from dbt_project.registry import Column
from orchestration.ingest.checks import Check, text_name
from orchestration.ingest.sheets import Sheet
from orchestration.ingest.sql import literal
from orchestration.ingest.typing_sql import date_formats

_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y")
_MONTH_FIRST = r"(0?[1-9]|1[0-2])[/-](1[3-9]|2[0-9]|3[01])[/-][0-9]{4}( .*)?"
_EITHER = r"(0?[1-9]|1[0-2])[/-](0?[1-9]|1[0-2])[/-][0-9]{4}( .*)?"
_EXPECTED = "the day first, or as 2025-11-30"


def without_month_first(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, rows: str, typed: str, rules: Sequence[Check]
) -> list[Check]:
    """Mark the doubtful dates in ``typed`` as bad; the rules that say so of each cell, in place of the usual ones.

    Only rows that are bad already are searched for a sign: a date with the month first can be nothing else.
    """
    columns = [
        column
        for column in sheet.sourced_columns()
        if column.type == "date" and set(_DAY_FIRST) & set(date_formats(column))
    ]
    bad = f"select * from ({rows}) semi join (select file_no, line from {typed} where bad) using (file_no, line)"
    kept = list(rules)
    for column in columns:
        text = text_name(column.name)
        shown = connection.execute(
            f"select file_no, min(line) from ({bad}) where {_is(text, _MONTH_FIRST)} group by file_no"
        ).fetchall()
        if not shown:
            continue
        lines = ", ".join(f"({file_no}, {line})" for file_no, line in shown)
        sign = (
            f"(select line from (values {lines}) as shown(file_no, line) where shown.file_no = {{}}.file_no)"
        )
        connection.execute(f"""
            update {typed} set bad = true where (file_no, line) in (
                select (file_no, line) from ({rows})
                where file_no in ({", ".join(str(file_no) for file_no, _ in shown)}) and {_is(text, _EITHER)}
            )
        """)
        kept = [*_others(kept, column), *_rules(column, text, sign.format("bad_row"))]
    return kept


def _is(text: str, pattern: str) -> str:
    return f"coalesce(regexp_full_match({text}, {literal(pattern)}), false)"


def _others(rules: Sequence[Check], column: Column) -> list[Check]:
    """The rules, but that those of this column leave dates with the month first alone."""
    first = _is(text_name(column.name), _MONTH_FIRST)
    either = _is(text_name(column.name), _EITHER)
    return [
        replace(rule, broken=f"({rule.broken}) and not {first} and not {either}")
        if rule.column.name == column.name
        else rule
        for rule in rules
    ]


def _rules(column: Column, text: str, sign: str) -> list[Check]:
    return [
        Check(column, "month_first", _is(text, _MONTH_FIRST), _EXPECTED, "'a date with the month first'"),
        Check(
            column,
            "month_first",
            f"{_is(text, _EITHER)} and {sign} is not null",
            _EXPECTED,
            f"'a date that may have the month first, as line ' || {sign} || ' has'",
        ),
    ]
