"""A first look at a file: its format, its sheets and their first rows."""

from __future__ import annotations

from pathlib import Path

from orchestration.readers.csv import peek_csv
from orchestration.readers.excel import peek_excel
from orchestration.readers.kinds import FORMAT_OF_KIND, detect
from orchestration.readers.parquet import peek_parquet
from orchestration.readers.table import Peek, SheetPeek


def peek(path: Path) -> Peek:
    """Format of a file and the first rows of each of its sheets, without reading a text file whole.

    Raises :class:`Unreadable`. The rows may hold personal data and must not reach a log.
    """
    kind = detect(path)
    sheets: tuple[SheetPeek, ...]
    if kind in ("text", "gzip"):
        sheets = (peek_csv(path, kind),)
    elif kind == "parquet":
        sheets = (peek_parquet(path),)
    else:
        sheets = peek_excel(path, kind)
    return Peek(FORMAT_OF_KIND[kind], sheets)
