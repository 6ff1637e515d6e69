"""Text that a spreadsheet program would take for a formula, made harmless and recoverable.

A text that begins with ``= + - @``, a tab, a line break or an apostrophe gets an apostrophe before it; to have the
original back, take one leading apostrophe off. Numbers are never text, so a negative number stays a number.
"""

from __future__ import annotations

MARK = "'"
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", MARK)
STATEMENT = (
    "A text that begins with =, +, -, @, a tab, a line break or an apostrophe has an apostrophe put before it, "
    "so that no spreadsheet program takes it for a formula; one leading apostrophe is therefore not part of a text."
)


def inert(text: str) -> str:
    """The text as it is safe in a cell."""
    return MARK + text if text.startswith(STARTS) else text


def one_line(text: str) -> str:
    """As :func:`inert`, for a writer of CSV that does not quote a carriage return: a reader would begin a row there."""
    return inert(text).replace("\r", " ")


def original(text: str) -> str:
    """The text that :func:`inert` was given."""
    return text.removeprefix(MARK)


def inert_sql(column: str) -> str:
    """The same as a DuckDB expression; a text without characters becomes null."""
    listed = ", ".join(f"chr({ord(start)})" for start in STARTS)
    return (
        f"case when left({column}, 1) in ({listed}) then '{MARK * 2}' || {column} "
        f"else nullif({column}, '') end"
    )
