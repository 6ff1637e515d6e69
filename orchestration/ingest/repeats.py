"""Files that hold themselves several times, and files that declare a period their rows contradict.

Rows of such tables have no key and equal rows are legitimate, so a repetition shows only as a whole: every row
occurs k, 2k, 3k ... times. The greatest common divisor of the multiplicities is the number of repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import duckdb

from dbt_project.registry.feeds import header_key
from orchestration.ingest.checks import value_name
from orchestration.ingest.months import month_number
from orchestration.ingest.sheets import Sheet
from orchestration.ingest.typing_sql import month_sql


def one_load(
    connection: duckdb.DuckDBPyConnection, relation: str, sheet: Sheet
) -> tuple[str, int, tuple[str, ...]]:
    """Reduce the rows of one file to one load: the relation to use instead, rows left out, and remarks."""
    binding, layout, header = sheet.binding, sheet.layout, sheet.source.header
    cells = [f"c{position}" for position in sorted(set(binding.columns.values()))]
    period = [f"c{binding.columns[key]}" for key in sheet.feed.return_key if key in binding.columns]
    notes: list[str] = []
    before = _count(connection, relation)
    if layout.load_id is not None:
        places = [i for i, cell in enumerate(header) if header_key(cell) == header_key(layout.load_id)]
        if places:
            relation, note = _newest_load(connection, relation, f"c{places[0]}", period, layout.load_id)
            notes.extend(note)
    relation, note = _divide(connection, relation, cells, period)
    notes.extend(note)
    return relation, before - _count(connection, relation), tuple(notes)


def period_notes(
    connection: duckdb.DuckDBPyConnection, typed: str, source: str, sheet: Sheet
) -> tuple[str, ...]:
    """Loud remarks where a column or the file name declares a period other than the rows' own, which stands."""
    period = sheet.feed.period
    if period is None:
        return ()
    own = value_name(period.month)
    if period.year is not None:
        own = f"make_date({value_name(period.year)}, {own}, 1)"
    months = connection.execute(f"select distinct {own} from {typed} where not bad order by 1").fetchall()
    actual = [month for (month,) in months if month is not None]
    notes: list[str] = []
    declared_keys = {header_key(name): name for name in period.declared_columns}
    for position, cell in enumerate(sheet.source.header):
        if header_key(cell) in declared_keys:
            notes.extend(_contradictions(connection, typed, source, own, f"c{position}", cell))
    named = _month_in_name(period.filename_pattern, sheet.file)
    if named is not None and actual and named not in actual:
        notes.append(
            f"the file name says {named:%Y-%m}, the rows' own date says {_listed(actual)}: taken from the rows"
        )
    return tuple(notes)


def _newest_load(
    connection: duckdb.DuckDBPyConnection, relation: str, load: str, period: list[str], label: str
) -> tuple[str, list[str]]:
    """Keep the newest load of each period."""
    number = f"coalesce(try_cast({load} as bigint), -1)"
    over = f"over (partition by {', '.join(period)})" if period else "over ()"
    loads = connection.execute(
        f"select distinct {load} from {relation} order by try_cast({load} as bigint) nulls first, {load}"
    ).fetchall()
    if len(loads) <= 1:
        return relation, []
    connection.execute(
        f"create or replace temp table newest_load as select * exclude (load_number, newest_number) from ("
        f"select *, {number} as load_number, max({number}) {over} as newest_number from {relation}) "
        "where load_number = newest_number"
    )
    numbers = ", ".join(str(load) for (load,) in loads)
    note = f"the file holds {len(loads)} loads ('{label}' {numbers}): the newest of each period taken"
    return "newest_load", [note]


def _divide(
    connection: duckdb.DuckDBPyConnection, relation: str, cells: list[str], period: list[str]
) -> tuple[str, list[str]]:
    """Keep one k-th of the rows where every row of a period occurs a multiple of k times."""
    partition = ", ".join(cells)
    by_period = ", ".join(period)
    group = f"group by {by_period}" if period else ""
    picked = "".join(f"{cell}, " for cell in period)
    connection.execute(
        f"create or replace temp table repetition as select {picked}"
        "list_reduce(list(distinct copies), lambda a, b: greatest_common_divisor(a, b)) as k "
        f"from (select {picked}count(*) as copies from {relation} group by {partition}) {group}"
    )
    worst = connection.execute("select coalesce(max(k), 1), count(*) from repetition where k > 1").fetchall()[
        0
    ]
    if worst[1] == 0:
        return relation, []
    same = " and ".join(f"r.{cell} is not distinct from s.{cell}" for cell in period) or "true"
    connection.execute(
        "create or replace temp table one_copy as select s.* exclude (place, copies) from ("
        f"select *, row_number() over w as place, count(*) over (partition by {partition}) as copies "
        f"from {relation} window w as (partition by {partition} order by line)) as s "
        f"inner join repetition as r on {same} where s.place <= s.copies // r.k order by s.line"
    )
    return "one_copy", [f"every row stands there {worst[0]} times: the repeated copies are not taken"]


def _contradictions(
    connection: duckdb.DuckDBPyConnection, typed: str, source: str, own: str, cell: str, label: str
) -> list[str]:
    query = f"""
        select declared, own, count(*) from (
            select {month_sql(f"trim(source.{cell})")} as declared, {own} as own
            from {typed} as typed inner join {source} as source on typed.line = source.line where not typed.bad
        ) where declared <> own group by all order by all
    """
    return [
        f"column '{label}' says {declared:%Y-%m}, the rows' own date says {own_month:%Y-%m}: "
        f"taken as {own_month:%Y-%m} ({rows:,} rows)"
        for declared, own_month, rows in connection.execute(query).fetchall()
    ]


def _month_in_name(pattern: str | None, file_name: str) -> date | None:
    match = re.search(pattern, file_name, re.IGNORECASE) if pattern else None
    if match is None:
        return None
    number = month_number(match["month"])
    return None if number is None else date(int(match["year"]), number, 1)


def _listed(months: Sequence[date]) -> str:
    return ", ".join(f"{month:%Y-%m}" for month in months)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])
