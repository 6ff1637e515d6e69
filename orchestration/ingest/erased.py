"""Rows about people erased on request, in a file that comes later: left out before anything of them is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from orchestration.identity.keys import pseudonym_sql
from orchestration.identity.store import IdentityStore
from orchestration.ingest.outcome import FileReport, TableCounts
from orchestration.ingest.problems import PROBLEM
from orchestration.ingest.raw_file import message_name, persons
from orchestration.ingest.validate import Validated


@dataclass(frozen=True)
class LeftOut:
    """Rows of one table in one file: those that would have been taken, and those that would have been set aside."""

    good: int
    bad: int


Tally = Mapping[tuple[int, str], LeftOut]
"""By file_no and name of the table."""


def leave_out(
    connection: duckdb.DuckDBPyConnection, store: IdentityStore, tables: Sequence[Validated]
) -> dict[tuple[int, str], LeftOut]:
    """Take rows about erased people out of validated tables, and what was said of them out of the problems.

    Where such a person is only named in somebody else's row (a supervisor), the row stays without that key. Costs one
    look at the tombstones while there are none.
    """
    erased = sorted(store.erased())
    if not erased:
        return {}
    connection.execute(
        "create or replace temp table erased as select unnest(?::varchar[]) as person_key", [erased]
    )
    found: dict[tuple[int, str], LeftOut] = {}
    for table_no, table in enumerate(tables):
        keys = [person.key for person in persons(table.first.feed, table.first.table)]
        if not keys:
            continue
        subject, *named = keys
        for key in named:
            connection.execute(
                f"update {table.typed} set {message_name(key)} = null where {_is_erased(message_name(key))}"
            )
        connection.execute(
            "create or replace temp table erased_row as select rowid as row_id, file_no, line, bad "
            f"from {table.typed} where {_is_erased(message_name(subject))}"
        )
        rows = connection.execute(
            "select file_no, count(*) filter (not bad), count(*) filter (bad) from erased_row group by file_no"
        ).fetchall()
        connection.execute(f"delete from {table.typed} where rowid in (select row_id from erased_row)")
        connection.execute(
            f"delete from {PROBLEM} where table_no = {table_no} "
            "and (file_no, line) in (select (file_no, line) from erased_row)"
        )
        found |= {(file_no, table.first.table.name): LeftOut(good, bad) for file_no, good, bad in rows}
    return found


def told(report: FileReport, file_no: int | None, left_out: Tally) -> FileReport:
    """The report of a file, counting rows that were left out as not taken."""
    mine = {table: rows for (number, table), rows in left_out.items() if number == file_no}
    if not mine:
        return report
    rows = sum(each.good + each.bad for each in mine.values())
    note = f"{rows:,} row{'s' if rows > 1 else ''} about people erased on request: not taken"
    counts = tuple(_counted(each, mine.get(each.table)) for each in report.tables)
    return replace(report, tables=counts, notes=(*report.notes, note))


def _counted(counts: TableCounts, rows: LeftOut | None) -> TableCounts:
    if rows is None:
        return counts
    return replace(
        counts,
        accepted=counts.accepted - rows.good,
        quarantined=counts.quarantined - rows.bad,
        not_taken=counts.not_taken + rows.good + rows.bad,
    )


def _is_erased(message: str) -> str:
    return f"coalesce({pseudonym_sql(message)} in (from erased), false)"
