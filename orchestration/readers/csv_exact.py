"""The exact path for delimited text: Python's csv module, true line numbers, broken records set aside."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

import pyarrow as pa

from orchestration.readers.limits import MAX_FIELD_CHARACTERS, MAX_RECORD_LINES
from orchestration.readers.table import (
    Reject,
    Unreadable,
    column_names,
    empty_to_null,
    rejects_table,
    rows_table,
)
from orchestration.readers.text import PlainText

_BATCH_ROWS = 50_000
_NARROWEST_SWALLOWED = 4  # delimiters of a row; an address in a narrower table may hold as many
_EXPECTED_QUOTES = "quotes in pairs, a quote inside a quoted field doubled"


class _RecordTooLongError(Exception):
    """A record runs on over more lines than any real one does."""


class LineFeed(Iterator[str]):
    """Lines of a text stream, counted; those of the current record are kept and can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pending: deque[str] = deque()
        self.taken: list[str] = []  # lines handed out since the last mark
        self.number = 0  # lines handed out in all

    def __next__(self) -> str:
        line = self._pending.popleft() if self._pending else next(self._stream)
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > MAX_RECORD_LINES:
            raise _RecordTooLongError
        return line

    def mark(self) -> None:
        """A record starts here."""
        self.taken.clear()

    def rewind(self, keep: int) -> None:
        """Give back the lines taken since the mark, but for the first ``keep``."""
        given_back = self.taken[keep:]
        self._pending.extendleft(reversed(given_back))
        self.number -= len(given_back)
        del self.taken[keep:]


def read_exact(text: PlainText, delimiter: str, width: int, lines_before: int) -> tuple[pa.Table, pa.Table]:
    """Rows and rejects of a delimited file, one record at a time.

    A broken record that swallowed several lines is rejected by its first line alone and the rest is read
    again, so one stray quote costs one row. Raises :class:`Unreadable` when a quote is left open.
    """
    rejects: list[Reject] = []
    batches: list[pa.Table] = []
    lines: list[int] = []
    records: list[list[str]] = []
    with text.path.open(encoding="utf-8-sig", newline="") as stream:
        feed = LineFeed(stream)
        for _ in range(lines_before):
            next(feed)
            feed.mark()
        for line, record in _records(feed, text.name, delimiter, width, rejects):
            lines.append(line)
            records.append(record)
            if len(records) == _BATCH_ROWS:
                batches.append(_batch(records, lines, width))
                lines, records = [], []
    batches.append(_batch(records, lines, width))
    return pa.concat_tables(batches), rejects_table(rejects)


def next_record(reader: Iterator[list[str]], feed: LineFeed, name: str, delimiter: str) -> list[str] | str:
    """The next record, or what is wrong with it.

    Raises StopIteration at the end and :class:`Unreadable` when a quote is left open.
    """
    feed.mark()
    start = feed.number + 1
    try:
        return next(reader)
    except _RecordTooLongError as error:
        raise _open_quote(feed, name, delimiter, start) from error
    except csv.Error as error:
        # The module gives text, not codes; both wordings are stable since Python 2.5.
        if "unexpected end of data" in str(error):
            raise _open_quote(feed, name, delimiter, start) from error
        if "field limit" in str(error):
            return f"a field of more than {MAX_FIELD_CHARACTERS:,} characters"
        return "a quote left open, or not doubled inside a quoted field"


def _records(
    feed: LineFeed, name: str, delimiter: str, width: int, rejects: list[Reject]
) -> Iterator[tuple[int, list[str]]]:
    """Whole records with their first line; broken ones are added to ``rejects``."""
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        start = feed.number + 1
        try:
            record = next_record(reader, feed, name, delimiter)
        except StopIteration:
            return
        if isinstance(record, list):
            if len(record) == width and not (len(feed.taken) > 1 and _has_swallowed(record, delimiter)):
                yield start, record
                continue
            if not any(field.strip() for field in record):
                continue  # a blank line, or one of delimiters alone
            if len(record) == width:
                rejects.append(
                    Reject(start, None, "a quote left open that runs into the next row", _EXPECTED_QUOTES)
                )
                feed.rewind(keep=1)
                continue
            rejects.append(Reject(start, None, _fields(len(record)), _fields(width)))
        else:
            rejects.append(Reject(start, None, record, _EXPECTED_QUOTES))
        feed.rewind(keep=1)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count:,} fields"


def _has_swallowed(record: list[str], delimiter: str) -> bool:
    """Whether a quoted field holds the rest of one row and the start of the next: a stray quote on each.

    The fields add up, because what is missing of the one row is made up by the other.
    """
    needed = len(record) - 1
    return needed >= _NARROWEST_SWALLOWED and any(
        field.count(delimiter) >= needed and ("\n" in field or "\r" in field) for field in record
    )


def _open_quote(feed: LineFeed, name: str, delimiter: str, start: int) -> Unreadable:
    line = start + _line_of_open_quote(feed.taken, delimiter)
    found = "a quote that is never closed"
    return Unreadable("open_quote", name, found, _EXPECTED_QUOTES, line=line)


def _line_of_open_quote(lines: list[str], delimiter: str) -> int:
    """Which of the lines opens the quote that is still open after the last one (0 = the first)."""
    opened = 0
    quoted, field_start = False, True
    for index, line in enumerate(lines):
        previous_closed = False
        for character in line:
            if quoted:
                if character == '"':
                    quoted, previous_closed = False, True
                continue
            if character == '"' and (field_start or previous_closed):
                if not previous_closed:
                    opened = index  # a doubled quote re-opens the same field instead
                quoted = True
            field_start, previous_closed = character == delimiter, False
    return opened


def _batch(records: list[list[str]], lines: list[int], width: int) -> pa.Table:
    columns = zip(*records, strict=True) if records else ([] for _ in column_names(width))
    arrays = [empty_to_null(pa.array(column, pa.string())) for column in columns]
    return rows_table(arrays, pa.array(lines, pa.int64()))
