"""Delimited text: delimiter and header first, then the fast path where it is exact, else the exact path."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from orchestration.readers.csv_exact import LineFeed, next_record, read_exact
from orchestration.readers.csv_fast import read_fast
from orchestration.readers.kinds import UTF8_BOM, Kind, refuse_inside_gzip
from orchestration.readers.limits import MAX_COLUMNS, PEEK_BYTES, PEEK_ROWS
from orchestration.readers.table import (
    SheetPeek,
    SourceTable,
    Unreadable,
    drop_blank_rows,
    drop_nameless_empty_columns,
    no_rejects,
    positions,
)
from orchestration.readers.text import PlainText, plain_text

DELIMITERS: dict[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_WIDTH_SAMPLE_LINES = 50


@dataclass(frozen=True)
class Start:
    """How a delimited file starts: everything before its first data line."""

    delimiter: str
    header: tuple[str, ...]
    lines: int  # physical lines before the first data line
    one_line_header: bool
    notes: tuple[str, ...] = ()


def read_csv(path: Path, kind: Kind, *, header: bool = True, delimiter: str | None = None) -> SourceTable:
    """Read a delimited text file, plain or gzip-compressed, as text.

    Rows whose number of fields differs from the header's, or whose quotes do not pair, go to ``rejects``.
    Raises :class:`Unreadable` when the file is damaged, not text, or a quote is never closed.
    """
    with plain_text(path, kind) as text:
        start = _start(text, header=header, delimiter=delimiter)
        rows = None
        if start.one_line_header and text.uniform_line_ends and not (text.bom and start.lines == 0):
            rows = read_fast(text, start.delimiter, len(start.header), start.lines)
        rejects = no_rejects()
        if rows is None:
            rows, rejects = read_exact(text, start.delimiter, len(start.header), start.lines)
    rows = drop_blank_rows(rows)
    names, rows = drop_nameless_empty_columns(start.header, rows)
    notes = (*text.notes, *start.notes)
    if rows.num_rows == 0 and rejects.num_rows == 0:
        notes = (*notes, "no rows below the header" if header else "no rows")
    return SourceTable(None, names, rows, rejects, notes)


def peek_csv(path: Path, kind: Kind) -> SheetPeek:
    """The first records of a delimited text file, read leniently from its first megabyte."""
    head = _peek_bytes(path, kind)
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two by the end of the head is no sign of another encoding.
        cut_off = len(head) == PEEK_BYTES and error.start >= len(head) - 4
        text = head[: error.start].decode("utf-8") if cut_off else head.decode("cp1252", errors="replace")
    lines = [line for line in text.removeprefix("\ufeff").splitlines(keepends=True) if line.strip()]
    if not lines:
        raise Unreadable("empty_file", path.name, "only blank lines", "a header line and rows")
    delimiter = _declared_delimiter(lines[0])
    if delimiter is not None:
        lines = lines[1:] or [""]
    else:
        delimiter = find_delimiter(lines[0])
    try:
        rows = tuple(tuple(row) for row in islice(csv.reader(lines, delimiter=delimiter), PEEK_ROWS))
    except csv.Error:  # a field beyond the limit: show the lines as they split
        rows = tuple(tuple(line.rstrip("\r\n").split(delimiter)) for line in lines[:PEEK_ROWS])
    return SheetPeek(None, rows, delimiter)


def find_delimiter(line: str) -> str:
    """The delimiter that occurs most often outside quotes in a line; comma when none does."""
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _peek_bytes(path: Path, kind: Kind) -> bytes:
    if kind == "text":
        with path.open("rb") as stream:
            head = stream.read(PEEK_BYTES)
    else:
        head = _gzip_head(path)
        refuse_inside_gzip(path.name, head)
    nul = head.find(b"\0")
    if nul >= 0:
        line = head[:nul].count(b"\n") + 1
        raise Unreadable("nul_bytes", path.name, "NUL bytes (binary data)", "text in UTF-8", line=line)
    if not head.removeprefix(UTF8_BOM).strip():
        raise Unreadable("empty_file", path.name, "only blank lines", "a header line and rows")
    if len(head) == PEEK_BYTES and b"\n" not in head and b"\r" not in head:
        found = f"a line of more than {PEEK_BYTES:,} bytes"
        raise Unreadable("line_too_long", path.name, found, "lines of bearable length", line=1)
    return head


def _gzip_head(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(PEEK_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        found = "damaged or cut-off gzip data"
        raise Unreadable("damaged_file", path.name, found, "a complete gzip file") from error


def _declared_delimiter(line: str) -> str | None:
    """Excel's own first line ``sep=;`` names the delimiter; it is not data."""
    key, _, value = line.strip("\r\n").strip('"').partition("=")
    return value if key.lower() == "sep" and value in DELIMITERS else None


def _start(text: PlainText, *, header: bool, delimiter: str | None) -> Start:
    notes: tuple[str, ...] = ()
    with text.path.open(encoding="utf-8-sig", newline="") as stream:
        feed = LineFeed(stream)
        line = _first_filled_line(feed)
        declared = _declared_delimiter(line)
        if declared is not None:
            notes = ("the first line names the delimiter (sep=) and is not data",)
            feed.mark()
            line = _first_filled_line(feed)
        before = feed.number - 1
        found = declared or find_delimiter(line)
        chosen = _agreed(text.name, line, delimiter, found, feed.number)
        feed.rewind(keep=len(feed.taken) - 1)
        feed.mark()
        if not header:
            width = _usual_width(list(islice(feed, _WIDTH_SAMPLE_LINES)), chosen)
            return _checked(
                text.name, Start(chosen, positions(width), before, one_line_header=True, notes=notes)
            )
        names = next_record(csv.reader(feed, delimiter=chosen, strict=True), feed, text.name, chosen)
        if isinstance(names, str):
            raise Unreadable("broken_header", text.name, names, "a header line", line=before + 1)
        one_line = len(feed.taken) == 1
    return _checked(
        text.name, Start(chosen, tuple(names), feed.number, one_line_header=one_line, notes=notes)
    )


def _first_filled_line(feed: LineFeed) -> str:
    for line in feed:
        if line.strip():
            return line
        feed.mark()
    return ""


def _agreed(name: str, line: str, wanted: str | None, found: str, number: int) -> str:
    """The delimiter to use: the one the caller wants, unless the line plainly uses another."""
    if wanted is None or wanted in line or found not in line:
        return wanted or found
    described = f"fields separated by {DELIMITERS[found]}"
    expected = f"fields separated by {DELIMITERS.get(wanted, wanted)}"
    raise Unreadable("wrong_delimiter", name, described, expected, line=number)


def _usual_width(lines: list[str], delimiter: str) -> int:
    """Number of fields of a header-less file: the most common, as its first line may be the broken one."""
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    return widths.most_common(1)[0][0]


def _checked(name: str, start: Start) -> Start:
    if len(start.header) > MAX_COLUMNS:
        found = f"{len(start.header):,} columns"
        raise Unreadable("too_wide", name, found, f"at most {MAX_COLUMNS:,} columns")
    return start
