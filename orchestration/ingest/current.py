"""What stands of a raw table: its current files, without returns that later files replaced, as SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

from dbt_project.registry import Feed, Table
from orchestration.ingest.ledger import CurrentFile, Ledger
from orchestration.ingest.raw_file import raw_columns
from orchestration.ingest.sql import listed, literal, name

__all__ = ["raw_columns", "relation_sql"]


def relation_sql(
    ledger: Ledger,
    home: Path,
    feed: Feed,
    table: Table,
    as_at: date | None = None,
    among: Collection[str] | None = None,
) -> str:
    """Query giving every row that stands, with :func:`raw_columns`; no rows when the feed has not landed.

    ``as_at`` and ``among`` as for :meth:`Ledger.current_files`. Columns a file does not have (it is older than the
    contract) are null.
    """
    columns = raw_columns(feed, table)
    empty = ", ".join(f"null::{kind} as {name(column)}" for column, kind in columns.items())
    files = ledger.current_files(feed.id, table.name, as_at, among)
    if not files:
        return f"select {empty} where false"
    paths = listed(str(home / file.path) for file in files)
    picked = ", ".join(f"{name(column)}::{kind} as {name(column)}" for column, kind in columns.items())
    conditions = "".join(f" and not ({condition})" for condition in _superseded(files))
    return (
        f"select {picked} from (select {empty} where false union all by name "
        f"select * from read_parquet([{paths}], union_by_name = true)) where true{conditions}"
    )


def _superseded(files: Iterable[CurrentFile]) -> Iterable[str]:
    """One condition per file that still holds replaced returns."""
    for file in files:
        if file.superseded:
            keys = " or ".join(
                "("
                + " and ".join(f"{name(column)}::varchar = {literal(value)}" for column, value in key.items())
                + ")"
                for key in file.superseded
            )
            yield f"source_file_sha256 = {literal(file.sha256)} and ({keys})"
