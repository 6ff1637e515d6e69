"""The fast path for delimited text: DuckDB reads the file, provided each record is exactly one line."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from functools import lru_cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.readers.limits import MAX_FIELD_CHARACTERS
from orchestration.readers.table import column_names, rows_table
from orchestration.readers.text import PlainText

_CHUNK_BYTES = 4 * 1024**2

# What DuckDB raises about the text itself. Anything else (memory, disk) is no reason to try another way.
_TEXT_ERRORS = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.BinderException)


@lru_cache(maxsize=1)
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine per process: a new one for each file costs more than reading a small file."""
    return duckdb.connect(":memory:")


def read_fast(text: PlainText, delimiter: str, width: int, lines_before: int) -> pa.Table | None:
    """All data rows with their line numbers, or None when line numbers would not be certain.

    A record takes at least one line, so as many records as lines proves one line each. Any doubt (a blank
    line between rows, a line break inside quotes, a wrong number of fields) sends the file to the exact path.
    """
    expected = text.lines - text.trailing_blank_lines - lines_before
    if expected <= 0:
        return None
    # A link with a plain name: DuckDB takes brackets and stars in a file name for a pattern.
    link = text.folder / "source.csv"
    link.symlink_to(text.path.resolve())
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in column_names(width))
    # `new_line` is left to DuckDB: with strict_mode, new_line = CR LF returns no rows at all (1.5.5).
    query = f"""
        select * from read_csv(
            ?, auto_detect = false, header = false, columns = {{{columns}}}, skip = {lines_before},
            delim = '{delimiter}', quote = '"', escape = '"',
            compression = 'none', null_padding = false, strict_mode = true, hive_partitioning = false
        )
    """
    try:
        with _engine().cursor() as connection:
            found = connection.execute(query, [str(link)]).to_arrow_table()
    except _TEXT_ERRORS:
        return None
    except duckdb.Error:
        _engine.cache_clear()  # an internal error leaves the database unusable
        raise
    if any(
        (pc.max(pc.binary_length(column)).as_py() or 0) > MAX_FIELD_CHARACTERS for column in found.columns
    ):
        return None
    if found.num_rows != expected or not _every_delimiter_accounted_for(text, delimiter, lines_before, found):
        return None
    first = lines_before + 1
    lines = pa.array(np.arange(first, first + expected, dtype=np.int64))
    return rows_table(found.columns, lines)


def _every_delimiter_accounted_for(
    text: PlainText, delimiter: str, lines_before: int, found: pa.Table
) -> bool:
    """Whether each delimiter of the file separates two fields or stands inside one.

    DuckDB drops a surplus empty field at the end of a row without a word. Such a row may be one that an
    unquoted delimiter has shifted, so the exact path must see it.
    """
    separators = found.num_rows * (found.num_columns - 1)
    total, quoted = _count(text, delimiter, lines_before)
    if not quoted:
        return total == separators
    inside = [pc.sum(pc.count_substring(column, delimiter)).as_py() or 0 for column in found.columns]
    return total == separators + sum(inside)


def _count(text: PlainText, delimiter: str, lines_before: int) -> tuple[int, bool]:
    """Delimiters in the data lines, and whether there is a quote among them."""
    wanted = delimiter.encode()
    total, quoted = 0, False
    with text.path.open("rb") as stream:
        for _ in range(lines_before):
            stream.readline()
        while chunk := stream.read(_CHUNK_BYTES):
            total += chunk.count(wanted)
            quoted = quoted or b'"' in chunk
    return total, quoted
