"""Table ``raw.return_receipt``: every return that ever came, with its month and who sent it.

The raw views leave out what later files replaced; whether a return came in time is known only from the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import duckdb

from dbt_project.registry import Feed, load_feeds
from orchestration.ingest.ledger import Receipt

_TABLE = """
create table wh.raw.return_receipt (
    feed_id varchar, return_key varchar, period date, submitter varchar, reported_at date, received_at timestamp
)
"""


def write_receipts(
    connection: duckdb.DuckDBPyConnection, receipts: Mapping[str, tuple[Receipt, ...]]
) -> None:
    """Create and fill the table in the warehouse attached as ``wh``; ``receipts`` by feed."""
    connection.execute(_TABLE)
    feeds = load_feeds()
    rows = [_row(feeds[feed], receipt) for feed, found in receipts.items() for receipt in found]
    if rows:
        connection.executemany("insert into wh.raw.return_receipt values (?, ?, ?, ?, ?, ?)", rows)


def _row(feed: Feed, receipt: Receipt) -> list[object]:
    """The month is the key's column of that type, the submitter whatever else is in the key; either may be none."""
    months = feed.month_columns
    key = receipt.return_key
    period = next((value for name, value in key.items() if name in months), None)
    others = [key[name] for name in feed.return_key if name in key and name not in months]
    return [
        feed.id,
        json.dumps(key, sort_keys=True),
        period,
        "|".join(others) or None,
        receipt.reported_at,
        receipt.received_at,
    ]
