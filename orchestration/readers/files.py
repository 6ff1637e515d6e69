"""Read one file into one :class:`SourceTable`, whatever its format."""

from __future__ import annotations

from pathlib import Path

from orchestration.readers.csv import read_csv
from orchestration.readers.excel import read_excel
from orchestration.readers.kinds import detect
from orchestration.readers.parquet import read_parquet
from orchestration.readers.table import SourceTable


def read(
    path: Path, *, sheet: str | None = None, header: bool = True, delimiter: str | None = None
) -> SourceTable:
    """Every row of a file as text, with line numbers.

    ``sheet`` names a worksheet (None = the first visible one that holds anything) and matters to workbooks
    only; ``header=False`` numbers the columns "1", "2", ...; ``delimiter`` None = found from the header.
    Raises :class:`Unreadable` when the file as a whole cannot be trusted.
    """
    kind = detect(path)
    if kind in ("text", "gzip"):
        return read_csv(path, kind, header=header, delimiter=delimiter)
    if kind == "parquet":
        return read_parquet(path)
    return read_excel(path, kind, sheet=sheet, header=header)
