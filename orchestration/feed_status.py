"""How each feed is doing, for the quality page and the end of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import TypedDict

import pandas as pd

from dbt_project.registry import load_feeds
from orchestration.settings import Settings
from orchestration.warehouse_inputs import collect


class Row(TypedDict):
    """How one feed is doing; counts of files are of all that ever came."""

    feed: str
    title: str
    status: str  # received, stale or missing
    files: int
    rows_accepted: int
    rows_quarantined: int
    files_refused: int
    latest_data: str | None  # ISO date
    owner: str


class Totals(TypedDict):
    """Counts over all feeds, from the ledger."""

    files_taken: int
    files_refused: int
    duplicates: int
    rows_accepted: int
    rows_quarantined: int
    feeds_missing: tuple[str, ...]


def rows(settings: Settings, data_to: date) -> tuple[Row, ...]:
    """One row per feed of the contracts, landed or not, as the ledger knows them now."""
    inputs = collect(settings)
    found_rows: list[Row] = []
    for feed in load_feeds().values():
        found = inputs.status[feed.id]
        latest = found.latest_reported_at
        status = "missing" if latest is None else "received"
        if latest is not None and (data_to - latest).days > feed.freshness_days:
            status = "stale"
        found_rows.append(
            Row(
                feed=feed.id,
                title=feed.title,
                status=status,
                files=found.files_accepted + found.files_with_quarantine,
                rows_accepted=found.rows_current,
                rows_quarantined=found.rows_quarantined,
                files_refused=found.files_refused,
                latest_data=None if latest is None else latest.isoformat(),
                owner=feed.owner,
            )
        )
    return tuple(found_rows)


def frame_of(found: Sequence[Row]) -> pd.DataFrame:
    """The rows as published; columns as ``dashboards.inputs.FEED_COLUMNS``."""
    table = pd.DataFrame(list(found))
    table["latest_data"] = pd.to_datetime(table["latest_data"])
    return table


def totals(settings: Settings) -> Totals:
    """Counts over everything the ledger knows."""
    status = collect(settings).status
    with closing(sqlite3.connect(settings.ledger)) as connection:
        homeless = connection.execute(
            "select count(*) from file where feed is null and outcome = 'refused'"
        ).fetchone()[0]
    return Totals(
        files_taken=sum(found.files_accepted + found.files_with_quarantine for found in status.values()),
        files_refused=sum(found.files_refused for found in status.values()) + int(homeless),
        duplicates=sum(found.files_duplicate for found in status.values()),
        rows_accepted=sum(found.rows_current for found in status.values()),
        rows_quarantined=sum(found.rows_quarantined for found in status.values()),
        feeds_missing=tuple(feed for feed, found in status.items() if found.latest_reported_at is None),
    )


def newest_verdict_counts(settings: Settings) -> tuple[str | None, int, int]:
    """Status, number of checks and number not passed of the newest verdict; (None, 0, 0) without one."""
    with closing(sqlite3.connect(settings.ledger)) as connection:
        known = connection.execute("select 1 from sqlite_master where name = 'verdict'").fetchone()
        row = (
            connection.execute(
                "select verdict_id, status from verdict order by sequence desc limit 1"
            ).fetchone()
            if known
            else None
        )
        if row is None:
            return None, 0, 0
        counts = connection.execute(
            "select count(*), coalesce(sum(status <> 'passed'), 0) from verdict_check where verdict_id = ?",
            [row[0]],
        ).fetchone()
    return str(row[1]), int(counts[0]), int(counts[1])
