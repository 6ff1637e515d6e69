"""Parquet files, every column as text."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from orchestration.readers.arrow_text import text_rows
from orchestration.readers.limits import MAX_COLUMNS, MAX_PARQUET_CELLS, MAX_TEXT_BYTES, PEEK_ROWS
from orchestration.readers.table import LINE, SheetPeek, SourceTable, Unreadable, no_rejects

_PIECE_ROWS = 4_096


def read_parquet(path: Path) -> SourceTable:
    """Every row of a Parquet file as text; ``line`` is the row number from 1.

    Raises :class:`Unreadable` when it is damaged, too large or holds nested columns.
    """
    with _opened(path) as file:
        table = _bounded(path.name, file)
    notes = () if table.num_rows else ("no rows",)
    return SourceTable(None, tuple(table.column_names), text_rows(table, path.name), no_rejects(), notes)


def peek_parquet(path: Path) -> SheetPeek:
    """The column names and the first rows."""
    with _opened(path) as file:
        names = tuple(str(name) for name in file.schema_arrow.names)
        batches = file.iter_batches(batch_size=PEEK_ROWS)
        first = next(batches, None)
    if first is None:
        return SheetPeek(None, (names,), None)
    table = pa.Table.from_batches([first]).slice(0, PEEK_ROWS - 1)
    rows = text_rows(table, path.name).drop_columns([LINE]).to_pylist()
    return SheetPeek(None, (names, *(tuple(value or "" for value in row.values()) for row in rows)), None)


@contextmanager
def _opened(path: Path) -> Generator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            _check_size(path.name, file.metadata)
            yield file
    except pa.ArrowMemoryError:
        raise  # no fault of the data
    except (pa.ArrowException, OSError) as error:
        found = "damaged or cut-off Parquet data"
        raise Unreadable("damaged_file", path.name, found, "a complete Parquet file") from error


def _bounded(name: str, file: pq.ParquetFile) -> pa.Table:
    """The whole table, read piece by piece: what a dictionary says in a few bytes may fill any memory."""
    pieces: list[pa.RecordBatch] = []
    size = 0
    for piece in file.iter_batches(batch_size=_PIECE_ROWS):
        size += sum(_spelled_out_bytes(column) for column in piece.columns)
        if size > MAX_TEXT_BYTES:
            megabytes = MAX_TEXT_BYTES // 1024**2
            found = f"more than {megabytes:,} MB of text in its cells"
            raise Unreadable("too_large", name, found, f"at most {megabytes:,} MB")
        pieces.append(piece)
    return pa.Table.from_batches(pieces) if pieces else file.schema_arrow.empty_table()


def _spelled_out_bytes(column: pa.Array) -> int:
    """Bytes of the values of a column; where a dictionary stands for them, of what it says each time."""
    kind = column.type
    if not pt.is_dictionary(kind) or not (
        pt.is_string(kind.value_type) or pt.is_large_string(kind.value_type)
    ):
        return column.nbytes
    return pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0


def _check_size(name: str, metadata: pq.FileMetaData) -> None:
    if metadata.num_columns > MAX_COLUMNS:
        found = f"{metadata.num_columns:,} columns"
        raise Unreadable("too_wide", name, found, f"at most {MAX_COLUMNS:,} columns")
    if metadata.num_columns * metadata.num_rows > MAX_PARQUET_CELLS:
        found = f"{metadata.num_rows:,} rows of {metadata.num_columns:,} columns"
        raise Unreadable("too_large", name, found, f"at most {MAX_PARQUET_CELLS:,} cells")
