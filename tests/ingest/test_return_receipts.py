"""Returns as they came: a return that was replaced is remembered, as known on a day and as an older build knew it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
from intake_files import NOW, Land, event_row, events

from orchestration.ingest import Ledger, ingest_all
from orchestration.return_receipts import write_receipts
from orchestration.settings import Settings
from orchestration.warehouse_inputs import collect

FIRST, SECOND = date(2025, 12, 5), date(2025, 12, 20)
LATER = NOW + timedelta(days=1)


def land_twice(settings: Settings, land: Land) -> None:
    """The return for November 2025, and a day later the one that replaces it."""
    land("provider_return/v1.csv", events(event_row(**{"Return date": str(FIRST)})))
    ingest_all(settings, now=NOW)
    land("provider_return/v2.csv", events(event_row(**{"Return date": str(SECOND)})))
    ingest_all(settings, now=LATER)


def dates(settings: Settings, as_at: date | None = None, among: set[str] | None = None) -> list[date]:
    with Ledger(settings.ledger) as ledger:
        return [receipt.reported_at for receipt in ledger.receipts("provider_return", as_at, among)]


def test_a_replaced_return_is_remembered(settings: Settings, land: Land) -> None:
    land_twice(settings, land)
    assert dates(settings) == [FIRST, SECOND]
    assert dates(settings, as_at=SECOND - timedelta(days=1)) == [FIRST]
    assert dates(settings, as_at=FIRST - timedelta(days=1)) == []


def test_an_older_build_knows_what_had_come_with_its_files(settings: Settings, land: Land) -> None:
    """What stood in it names the second file only; the first had come by then. The other way round it had not."""
    land_twice(settings, land)
    with Ledger(settings.ledger) as ledger:
        files = ledger.current_files("provider_return", "provider_return")
        older = ledger.current_files("provider_return", "provider_return", as_at=FIRST)
    assert dates(settings, among={file.sha256 for file in files}) == [FIRST, SECOND]
    assert dates(settings, among={file.sha256 for file in older}) == [FIRST]


def test_the_table_says_which_month_and_who(settings: Settings, land: Land) -> None:
    land_twice(settings, land)
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as wh; create schema wh.raw")
    write_receipts(connection, collect(settings).receipts)
    rows = connection.execute(
        "select feed_id, period, submitter, reported_at, received_at from wh.raw.return_receipt order by 4"
    ).fetchall()
    month = date(2025, 11, 1)
    came = ((FIRST, NOW), (SECOND, LATER))
    assert rows == [("provider_return", month, "HEI01", told, received) for told, received in came]


def test_an_older_version_that_comes_late_makes_another_build(settings: Settings, land: Land) -> None:
    """Nothing else would stand, but the return turns out to have been sent earlier."""
    land("provider_return/v2.csv", events(event_row(**{"Return date": str(SECOND)})))
    ingest_all(settings, now=NOW)
    before = collect(settings)
    land("provider_return/v1.csv", events(event_row(**{"Return date": str(FIRST)})))
    ingest_all(settings, now=datetime(2026, 6, 2))
    after = collect(settings)
    assert before.files == after.files
    assert before.digest() != after.digest()
