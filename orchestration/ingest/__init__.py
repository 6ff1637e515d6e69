"""Intake: from a received file to an immutable raw Parquet file, a ledger entry, and rows set aside."""

from orchestration.ingest.check import check_file
from orchestration.ingest.current import raw_columns, relation_sql
from orchestration.ingest.intake import ingest_all, ingest_feed
from orchestration.ingest.landed_table import land_table
from orchestration.ingest.ledger import Ledger
from orchestration.ingest.outcome import CheckReport, FeedIntake, FileReport, IntakeReport, Problem
from orchestration.ingest.template import write_template

__all__ = [
    "CheckReport",
    "FeedIntake",
    "FileReport",
    "IntakeReport",
    "Ledger",
    "Problem",
    "check_file",
    "ingest_all",
    "ingest_feed",
    "land_table",
    "raw_columns",
    "relation_sql",
    "write_template",
]
