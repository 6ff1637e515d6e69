"""The immutable raw Parquet file: its columns, how keys replace identifiers, and how it reaches the disk whole."""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dbt_project.registry import Feed, Person, Table
from orchestration.identity.keys import is_gphc_message_sql, message_sql, person_message_sql, pseudonym_sql
from orchestration.identity.store import REGISTRANT, name_sql
from orchestration.ingest.checks import value_name
from orchestration.ingest.sql import literal, name

RAW_FILE_MODE = 0o640
DRAFTS = ".*.parquet.*"  # files being written
ORIGIN = "origin"
PSEUDONYM = "pseudonym"

_KEYS_REMEMBERED = 1_000_000
VINTAGE_COLUMN = "vintage_date"
LINEAGE = {
    "source_file_sha256": "VARCHAR",
    "source_sheet": "VARCHAR",
    "source_line": "BIGINT",
    "received_at": "TIMESTAMP",
}


def raw_columns(feed: Feed, table: Table) -> dict[str, str]:
    """Columns of a raw table and their SQL types: promised ones without identifiers, keys, lineage."""
    columns = {column.name: column.sql_type for column in table.raw_columns}
    columns |= {person.key: "VARCHAR" for person in persons(feed, table)}
    columns |= {pseudonym.key: "VARCHAR" for pseudonym in feed.pseudonyms if pseudonym.table == table.name}
    columns |= LINEAGE
    if feed.vintage:
        columns[VINTAGE_COLUMN] = "DATE"
    return columns


def persons(feed: Feed, table: Table) -> tuple[Person, ...]:
    """The people a row of this table describes."""
    return tuple(person for person in feed.persons if person.table == table.name)


def messages(feed: Feed, table: Table) -> dict[str, str]:
    """The keys of a row and, for each, SQL over typed columns for the message it is the pseudonym of."""
    found = {person.key: _person_message(feed, person) for person in persons(feed, table)}
    for pseudonym in feed.pseudonyms:
        if pseudonym.table == table.name:
            parts = [f"coalesce({value_name(column)}::varchar, '')" for column in pseudonym.columns]
            found[pseudonym.key] = message_sql([literal(pseudonym.key), *parts])
    return found


def message_name(key: str) -> str:
    """Name under which the message of a key stands beside the typed values."""
    return name(f"m_{key}")


def make_pseudonyms(connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table, typed: str) -> None:
    """Fill the temporary table ``pseudonym`` (message, key) with what the good rows of ``typed`` need.

    It lives as long as the connection: the same people come again in the next file, and a look-up is cheaper than
    a keyed hash.
    """
    keys = messages(feed, table)
    if not keys:
        return
    connection.execute(f"create temp table if not exists {PSEUDONYM} (message varchar, key varchar)")
    connection.execute(
        f"delete from {PSEUDONYM} where (select count(*) from {PSEUDONYM}) > {_KEYS_REMEMBERED}"
    )
    wanted = " union all ".join(
        f"select {message_name(key)} as message from {typed} where not bad" for key in keys
    )
    connection.execute(
        f"insert into {PSEUDONYM} select message, {pseudonym_sql('message')} "
        f"from (select distinct message from ({wanted})) as wanted "
        f"anti join {PSEUDONYM} as made using (message) where message is not null"
    )


def raw_query(feed: Feed, table: Table, typed: str, received_at: datetime) -> str:
    """Rows for raw files in the order of the source: ``file_no``, then :func:`raw_columns`.

    What differs from file to file comes from the temporary table ``origin`` (file_no, sha256, sheet, vintage), keys
    from ``pseudonym``.
    """
    columns = [f"t.{value_name(column.name)} as {name(column.name)}" for column in table.raw_columns]
    joins = f"inner join {ORIGIN} as o on t.file_no = o.file_no"
    for number, key in enumerate(messages(feed, table)):
        columns.append(f"k{number}.key as {name(key)}")
        joins += f" left join {PSEUDONYM} as k{number} on k{number}.message = t.{message_name(key)}"
    columns += [
        "o.sha256 as source_file_sha256",
        "o.sheet as source_sheet",
        "t.line as source_line",
        f"timestamp '{received_at:%Y-%m-%d %H:%M:%S}' as received_at",
    ]
    if feed.vintage:
        columns.append(f"o.vintage as {VINTAGE_COLUMN}")
    return (
        f"select t.file_no, {', '.join(columns)} from {typed} as t {joins} "
        "where not t.bad order by t.file_no, t.rowid"
    )


def settle_disputes(
    connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table, typed: str
) -> Counter[int]:
    """Rows, by file, whose registration number belongs to somebody else: they no longer go by it.

    A number is disputed when the register knows its holder and neither surname nor date of birth agree: digits were
    swapped, and the key would credit a stranger. A new married name or a slip in a date alone disputes nothing. Needs
    the temporary table ``registrant``.
    """
    disputed: Counter[int] = Counter()
    for person in persons(feed, table):
        if person.surname is None or person.date_of_birth is None:
            continue
        message = message_name(person.key)
        surname = name_sql(f"t.{value_name(person.surname)}")
        born = f"t.{value_name(person.date_of_birth)}"
        connection.execute(
            f"create or replace temp table disputed as select t.rowid as row_id, any_value(t.file_no) as file_no "
            f"from {typed} as t inner join {REGISTRANT} as r on r.message = t.{message} "
            f"where not t.bad and {surname} is not null and {born} is not null group by t.rowid "
            f"having not bool_or(coalesce(r.surname = {surname}, false) or coalesce(r.date_of_birth = {born}, false))"
        )
        connection.execute(
            f"update {typed} set {message} = {_person_message(feed, person, by_number=False)} "
            "where rowid in (select row_id from disputed)"
        )
        rows = connection.execute("select file_no, count(*) from disputed group by file_no").fetchall()
        disputed.update(dict(rows))
    return disputed


def _person_message(feed: Feed, person: Person, *, by_number: bool = True) -> str:
    described = (person.gphc_number, person.surname, person.forename, person.date_of_birth)
    return person_message_sql(
        feed.id,
        value_name(person.gphc_number) if by_number else None,
        [f"{value_name(column)}::varchar" for column in person.local_id],
        [f"{value_name(column)}::varchar" for column in described if column is not None],
    )


def set_origins(
    connection: duckdb.DuckDBPyConnection, origins: Sequence[tuple[str, str | None, date | None]]
) -> None:
    """Say where files come from: (sha256, sheet, vintage) in the order of ``file_no``."""
    connection.execute(
        f"create or replace temp table {ORIGIN} (file_no integer, sha256 varchar, sheet varchar, vintage date)"
    )
    rows = ", ".join(
        f"({number}, {literal(sha256)}, {literal(sheet)}, {literal(vintage.isoformat() if vintage else None)})"
        for number, (sha256, sheet, vintage) in enumerate(origins, start=1)
    )
    connection.execute(f"insert into {ORIGIN} values {rows}")


def people_queries(feed: Feed, table: Table, typed: str) -> Iterable[str]:
    """Queries giving the people of the good rows with file_no and sha256, for the identity store."""
    for person in persons(feed, table):
        message = message_name(person.key)
        fields = {
            "gphc_number": value_name(person.gphc_number),
            "surname": _optional(person.surname),
            "forename": _optional(person.forename),
            "date_of_birth": _optional(person.date_of_birth, "date"),
            "email": _optional(person.email),
            **_source(person),
        }
        picked = ", ".join(f"{sql} as {field}" for field, sql in fields.items())
        people = (
            f"select {message} as message, {picked}, min(file_no) as file_no from {typed} "
            f"where not bad and {message} is not null group by all"
        )
        yield (
            f"select key as person_key, {literal(feed.id)} as feed, {is_gphc_message_sql('message')} as gphc_valid, "
            f"{', '.join(fields)}, file_no, sha256 "
            f"from ({people}) inner join {PSEUDONYM} using (message) inner join {ORIGIN} using (file_no)"
        )


def _source(person: Person) -> dict[str, str]:
    """Who numbers a person (the first column of a contract's ``local_id``), and the number there."""
    if not person.local_id:
        return {"source": "null::varchar", "local_id": "null::varchar"}
    first, *rest = (f"{value_name(column)}::varchar" for column in person.local_id)
    return {"source": first, "local_id": message_sql(rest) if rest else first}


def by_file(rows: pa.Table) -> dict[int, pa.Table]:
    """The rows of each file that has any, without ``file_no``. Rows of one file stand together."""
    if not rows.num_rows:
        return {}
    numbers = rows.column("file_no").to_numpy()
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    ends = [*starts[1:], len(numbers)][: len(starts)]  # no rows: no file
    bare = rows.drop_columns(["file_no"])
    return {
        int(numbers[start]): bare.slice(start, end - start) for start, end in zip(starts, ends, strict=True)
    }


def write_parquet(rows: pa.Table, target: Path, mode: int) -> None:
    """Write rows to ``target`` so that the file is there whole or not at all; the folder is synced by the caller."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            pq.write_table(rows, stream, compression="zstd", write_page_checksum=True)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(mode)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _optional(column: str | None, sql_type: str = "varchar") -> str:
    return f"null::{sql_type}" if column is None else value_name(column)
