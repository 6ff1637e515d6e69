"""Checks of what was taken in, feed by feed, built from the contracts.

Ingest has set aside every row that breaks its contract, so a fault here means that ingest and contract
disagree, not that a supplier erred: it is recorded or warned of, and the marts' own checks decide on the
release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from dbt_project.registry.feeds import Column, Feed, Table
from expectations.checks import Asset, Check, Subject

RAW_SCHEMA = "raw"
PLACE = ("left(source_file_sha256, 12) as file", "source_line as line")


def raw_view(table: Table) -> Asset:
    """Where the accepted rows of a promised table are found in the warehouse."""
    return f"{RAW_SCHEMA}.{table.name}"


def intake_checks(feeds: Mapping[str, Feed], landed: Collection[Asset]) -> list[Check]:
    """Contract checks of every table that landed; a feed that did not land has nothing to check."""
    return [
        check
        for feed in feeds.values()
        for table in feed.tables
        if raw_view(table) in landed
        for check in _table_checks(feed, table)
    ]


def _table_checks(feed: Feed, table: Table) -> Iterable[Check]:
    subject = Subject(raw_view(table), feed.owner, PLACE)
    yield subject.required("source_file_sha256", "warning")
    for column in table.raw_columns:
        yield from _column_checks(subject, column)


def _column_checks(subject: Subject, column: Column) -> Iterable[Check]:
    if column.required:
        yield subject.required(column.name, "warning")
    if column.allowed:
        yield subject.one_of(column.name, column.allowed, "warning")
    if column.pattern:
        yield subject.matching(column.name, column.pattern, "info")
    if column.minimum is not None or column.maximum is not None:
        yield subject.within(column.name, column.minimum, column.maximum, "info")
