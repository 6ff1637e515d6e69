"""Writing pseudonymous files and the identity store anew, so that nothing of what was taken out stays in their bytes.

A database keeps what was deleted in blocks it has not used again; only a fresh file is sure to be without it.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dbt_project.registry import load_feeds
from orchestration.identity.schema import DATABASE, KEY_COLUMNS, SCHEMA, TABLES, pair_sql
from orchestration.ingest.raw_file import RAW_FILE_MODE, write_parquet
from orchestration.ingest.sql import literal, name
from orchestration.settings import Settings

STORE = "identity.duckdb"
STORE_MODE = 0o600

_KEY_SUFFIX = "_key"
_OLD = "former"  # name of the store that is copied


def key_columns(connection: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    """Columns of a raw file that hold pseudonyms: the keys of the contracts, and whatever is named like one."""
    promised = {
        each.key for feed in load_feeds().values() for each in (*feed.persons, *feed.pseudonyms)
    } | set(KEY_COLUMNS)
    if file.suffix != ".parquet":
        return []
    described = connection.execute(f"describe from read_parquet({literal(str(file))})").fetchall()
    return [
        str(column)
        for column, kind, *_ in described
        if kind == "VARCHAR" and (column in promised or str(column).endswith(_KEY_SUFFIX))
    ]


def replaced(columns: Mapping[str, str] | list[str], change: Callable[[str], str]) -> str:
    """``* replace (...)`` with every column changed; ``*`` without any."""
    changes = ", ".join(f"{change(name(column))} as {name(column)}" for column in columns)
    return f"* replace ({changes})" if changes else "*"


def write_raw(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """A raw file from a query that keeps the order of its rows; whole or not at all. The number of rows."""
    rows = connection.execute(query).to_arrow_table()
    write_parquet(rows, target, RAW_FILE_MODE)
    return int(rows.num_rows)


def raw_files(raw: Path) -> list[Path]:
    """Every file below ``raw``, without half-written drafts."""
    return sorted(path for path in raw.rglob("*") if path.is_file() and not path.name.startswith("."))


def copy_store(
    connection: duckdb.DuckDBPyConnection,
    source: Path,
    target: Path,
    change: Callable[[str], str] | None = None,
) -> None:
    """A fresh store with the rows of another; ``change`` gives new pseudonyms (SQL to SQL).

    What linkage was scored from is left out: the next run scores again. ``source`` is at the newest schema.
    """
    target.unlink(missing_ok=True)
    with _attached(connection, source, _OLD, read_only=True), _attached(connection, target, DATABASE):
        connection.execute(SCHEMA)
        for table in TABLES:
            columns = _columns(connection, _OLD, table)
            picked = [_picked(column, columns, change) for column in columns]
            connection.execute(
                f"insert into {DATABASE}.{table} ({', '.join(columns)}) "
                f"select {', '.join(picked)} from {_OLD}.{table} order by rowid"
            )
        connection.execute(f"checkpoint {DATABASE}")
    target.chmod(STORE_MODE)


def compact_store(settings: Settings) -> None:
    """Write the identity store anew in its place; nobody may have it open."""
    store = settings.identity / STORE
    draft = store.with_name(f"{STORE}.fresh")
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        copy_store(connection, store, draft)
    draft.replace(store)


def _picked(column: str, columns: list[str], change: Callable[[str], str] | None) -> str:
    if change is None:
        return column
    if column == "pair" and {"person_key", "resolved_person_key"} <= set(columns):
        return pair_sql(change("person_key"), change("resolved_person_key"))
    return change(column) if column in KEY_COLUMNS else column


def _columns(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(f"describe {database}.{table}").fetchall()]


@contextmanager
def _attached(
    connection: duckdb.DuckDBPyConnection, path: Path, alias: str, *, read_only: bool = False
) -> Generator[None]:
    previous = os.umask(0o177)
    try:
        connection.execute(f"attach {literal(str(path))} as {alias}{' (read_only)' if read_only else ''}")
    finally:
        os.umask(previous)
    try:
        yield
    finally:
        connection.execute(f"detach {alias}")
