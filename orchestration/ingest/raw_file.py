"""The immutable raw Parquet file: its columns, how keys replace identifiers, and how it reaches the disk whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from dbt_project.registry import Feed, Person, Table
from orchestration.identity.keys import person_key_sql, pseudonym_sql, valid_gphc_sql
from orchestration.ingest.checks import value_name
from orchestration.ingest.sql import literal, name

RAW_FILE_MODE = 0o640
VINTAGE_COLUMN = "vintage_date"
LINEAGE = {
    "source_file_sha256": "VARCHAR",
    "source_sheet": "VARCHAR",
    "source_line": "BIGINT",
    "received_at": "TIMESTAMP",
}


@dataclass(frozen=True)
class Origin:
    """Where the rows of one raw file come from."""

    sha256: str
    sheet: str | None
    received_at: datetime
    vintage: date | None


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


def key_sql(feed: Feed, person: Person) -> str:
    """SQL for a person's key over the typed columns of a row."""
    gphc = value_name(person.gphc_number)
    described = (person.gphc_number, person.surname, person.forename, person.date_of_birth)
    return person_key_sql(
        feed.id,
        valid_gphc_sql(gphc),
        [f"{value_name(column)}::varchar" for column in person.local_id],
        [f"{value_name(column)}::varchar" for column in described if column is not None],
    )


def raw_query(feed: Feed, table: Table, typed: str, origin: Origin) -> str:
    """The rows of a raw file, in the order of the source."""
    columns = [f"{value_name(column.name)} as {name(column.name)}" for column in table.raw_columns]
    columns += [f"{key_sql(feed, person)} as {name(person.key)}" for person in persons(feed, table)]
    for pseudonym in feed.pseudonyms:
        if pseudonym.table == table.name:
            parts = [f"coalesce({value_name(column)}::varchar, '')" for column in pseudonym.columns]
            columns.append(f"{pseudonym_sql([literal(pseudonym.key), *parts])} as {name(pseudonym.key)}")
    columns += [
        f"{literal(origin.sha256)} as source_file_sha256",
        f"{literal(origin.sheet)} as source_sheet",
        "line as source_line",
        f"timestamp '{origin.received_at:%Y-%m-%d %H:%M:%S}' as received_at",
    ]
    if feed.vintage:
        columns.append(f"date '{origin.vintage}' as {VINTAGE_COLUMN}")
    return f"select {', '.join(columns)} from {typed} where not bad"


def people_queries(feed: Feed, table: Table, typed: str) -> Iterable[str]:
    """Queries giving the people of the accepted rows, for the identity store."""
    for person in persons(feed, table):
        number = value_name(person.gphc_number)
        fields = {
            "person_key": key_sql(feed, person),
            "feed": literal(feed.id),
            "gphc_number": number,
            "gphc_valid": f"coalesce({valid_gphc_sql(number)}, '') <> ''",
            "surname": _optional(person.surname),
            "forename": _optional(person.forename),
            "date_of_birth": _optional(person.date_of_birth, "date"),
            "email": _optional(person.email),
        }
        # Distinct people first, keys after: a person stands in many rows.
        columns = dict.fromkeys(
            value_name(column)
            for column in (
                person.gphc_number,
                person.surname,
                person.forename,
                person.date_of_birth,
                person.email,
                *person.local_id,
            )
            if column is not None
        )
        people = f"select distinct {', '.join(columns)} from {typed} where not bad"
        picked = ", ".join(f"{sql} as {key}" for key, sql in fields.items())
        yield f"select * from (select {picked} from ({people})) where person_key is not null"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, target: Path, mode: int) -> None:
    """Write a query's rows to ``target`` so that it is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode))
    try:
        connection.execute(f"copy ({query}) to {literal(str(draft))} (format parquet, compression zstd)")
        draft.chmod(mode)
        _sync(draft)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    _sync(target.parent)


def _optional(column: str | None, sql_type: str = "varchar") -> str:
    return f"null::{sql_type}" if column is None else value_name(column)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
