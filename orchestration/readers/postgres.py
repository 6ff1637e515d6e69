"""A PostgreSQL table or query, fetched as Arrow over ADBC in a read-only transaction."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import re

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from orchestration.readers.arrow_text import text_rows
from orchestration.readers.limits import MAX_COLUMNS
from orchestration.readers.table import SourceTable, Unreadable, no_rejects

DEFAULT_TIMEOUT_SECONDS = 600

WHERE = "PostgreSQL"  # never the address: it holds the password

_IDENTIFIER = r'(?:[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"\x00]|"")+")'
_TABLE = re.compile(rf"{_IDENTIFIER}(?:\.{_IDENTIFIER}){{0,2}}")
_QUERY = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)

# SQLSTATE -> what a person would call it
_STATES = {
    "28P01": "a password that the server refuses",
    "28000": "a user that the server refuses",
    "3D000": "no database of that name",
    "42P01": "no table of that name",
    "42703": "no column of a name the query uses",
    "42501": "no permission to read the table",
    "42601": "a query with a syntax error",
    "25006": "a query that writes",
    "57014": "a query cut off by the time limit",
}


def read_postgres(
    uri: str, query_or_table: str, *, timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
) -> SourceTable:
    """Every row of a table (``name`` or ``schema.name``) or of one SELECT, as text.

    ``line`` counts rows from 1. The transaction is read-only and is rolled back. Raises
    :class:`Unreadable`; no message holds any part of ``uri`` or a value.
    """
    query = _query(query_or_table)
    try:
        with dbapi.connect(uri) as connection, connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {int(timeout_seconds) * 1000}")
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(query)
            table = cursor.fetch_arrow_table()
            connection.rollback()
    except adbc_driver_manager.Error as error:
        raise _refused(error) from None  # the driver's own text may quote the address or a value
    if table.num_columns > MAX_COLUMNS:
        found = f"{table.num_columns:,} columns"
        raise Unreadable("too_wide", WHERE, found, f"at most {MAX_COLUMNS:,} columns")
    notes = () if table.num_rows else ("no rows",)
    rows = text_rows(_plain_types(table), WHERE)
    return SourceTable(None, tuple(table.column_names), rows, no_rejects(), notes)


def _query(query_or_table: str) -> str:
    text = query_or_table.strip().rstrip(";").strip()
    if _TABLE.fullmatch(text):
        return f"SELECT * FROM {text}"
    if _QUERY.match(text):
        return text
    raise Unreadable("wrong_query", WHERE, "neither a table name nor a SELECT", "a table name or one SELECT")


def _refused(error: adbc_driver_manager.Error) -> Unreadable:
    """What went wrong, from the SQLSTATE and the kind of failure, never from the driver's text."""
    state = error.sqlstate or ""
    if state in ("28P01", "28000", "3D000"):
        return Unreadable("no_connection", WHERE, _STATES[state], "an address, user and password that work")
    text = str(error)
    for known, meaning in _STATES.items():
        # Failures to connect reach the driver as text without a state.
        if state == known and state:
            return Unreadable("query_failed", WHERE, meaning, "a readable table or a valid SELECT")
    if "password authentication failed" in text or "no password supplied" in text:
        meaning = _STATES["28P01"]
    elif "does not exist" in text and "connect" in text.lower():
        meaning = "no database or user of that name"
    elif state and not state.startswith("\0"):
        found = f"an error of the server (SQLSTATE {state})"
        return Unreadable("query_failed", WHERE, found, "a readable table or a valid SELECT")
    else:
        meaning = "no server that answers at the configured address"
    return Unreadable("no_connection", WHERE, meaning, "an address, user and password that work")


def _plain_types(table: pa.Table) -> pa.Table:
    """Unwrap types the driver hands over as text (numeric); refuse those it hands over as raw bytes."""
    for index, field in enumerate(table.schema):
        kind = field.type
        if isinstance(kind, pa.BaseExtensionType) and pa.types.is_string(kind.storage_type):
            storage = [chunk.storage for chunk in table.column(index).chunks]
            table = table.set_column(index, field.name, pa.chunked_array(storage, kind.storage_type))
        elif isinstance(kind, pa.BaseExtensionType) or pa.types.is_binary(kind):
            found = f"column '{field.name}' of a type without a plain text form"
            expected = "text, numbers, dates or booleans (cast the column to text in the query)"
            raise Unreadable("unsupported_type", WHERE, found, expected)
    return table
