"""Table ``raw.return_receipt``: every return that ever came, with its month and who sent it.

The raw views leave out what later files replaced; whether a return came in time is known only from the ledger.
"""

from __future__ import annotations

import json
from datetime import date

import duckdb

from dbt_project.registry import Feed, load_feeds
from orchestration.ingest.ledger import Ledger, Receipt

_TABLE = """
create table wh.raw.return_receipt (
    feed_id varchar, return_key varchar, period date, submitter varchar, reported_at date, received_at timestamp
)
"""


def write_receipts(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, as_at: date | None = None
) -> None:
    """Create and fill the table in the warehouse attached as ``wh``, as known on ``as_at`` (None: now)."""
    connection.execute(_TABLE)
    rows = [
        _row(feed, receipt) for feed in load_feeds().values() for receipt in ledger.receipts(feed.id, as_at)
    ]
    if rows:
        connection.executemany("insert into wh.raw.return_receipt values (?, ?, ?, ?, ?, ?)", rows)


def _row(feed: Feed, receipt: Receipt) -> list[object]:
    """The month is the key's column of that type, the submitter whatever else is in the key; either may be none."""
    months = {column.name for table in feed.tables for column in table.columns if column.type == "month"}
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
