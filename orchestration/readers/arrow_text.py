"""Typed Arrow columns (Parquet, PostgreSQL) as the text a person would have written."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from orchestration.readers.table import Unreadable, empty_to_null, rows_table

_LARGEST_EXACT_INTEGER = 2.0**53


def text_rows(table: pa.Table, where: str) -> pa.Table:
    """Every column as text (null = no value), with ``line`` = row number from 1.

    Whole floats lose their fraction, decimals keep every digit, booleans are TRUE or FALSE, dates and times
    ISO with midnights as plain dates. Raises :class:`Unreadable` naming a column that holds no plain values.
    """
    columns = [text_column(table.column(i), where, name) for i, name in enumerate(table.column_names)]
    return rows_table(columns, pa.array(np.arange(1, table.num_rows + 1, dtype=np.int64)))


def text_column(column: pa.ChunkedArray, where: str, name: str) -> pa.ChunkedArray:
    """One column as text; see :func:`text_rows`."""
    kind = column.type
    if pt.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    try:
        text = _converted(column, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        found = f"column '{name}' with values that are no text (type {kind})"
        raise Unreadable("unsupported_type", where, found, "text, numbers, dates or booleans") from error
    return empty_to_null(text.cast(pa.string()))


def _converted(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pt.is_boolean(kind):
        return pc.if_else(column, "TRUE", "FALSE")
    if pt.is_floating(kind):
        return _floats(column)
    if pt.is_decimal(kind):
        return _decimals(column)
    if pt.is_timestamp(kind):
        return _timestamps(column, kind)
    if isinstance(kind, pa.BaseExtensionType):
        raise pa.ArrowNotImplementedError(str(kind))
    if pt.is_string(kind) or pt.is_large_string(kind):
        column = column.cast(pa.binary())  # the way back proves that it is UTF-8
    text = column.cast(pa.string())
    return _without_spare_zeros(text) if pt.is_time(kind) else text


def _floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Shortest text that reads back as the same number; NaN is no value."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    text = column.cast(pa.string())
    doubles = column.cast(pa.float64())
    whole = pc.and_(
        pc.equal(pc.floor(doubles), doubles), pc.less_equal(pc.abs(doubles), _LARGEST_EXACT_INTEGER)
    )
    integers = pc.if_else(whole, doubles, pa.scalar(None, pa.float64())).cast(pa.int64()).cast(pa.string())
    text = pc.if_else(whole, integers, text)
    return _without_exponent(text)


def _decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return _without_exponent(column.cast(pa.string()))


def _without_exponent(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Rewrite the few values in scientific notation digit by digit."""
    scientific = pc.fill_null(pc.match_substring_regex(text, "[0-9][eE]"), fill_value=False)
    if not pc.any(scientific).as_py():
        return text
    rewritten = [format(decimal.Decimal(value), "f") for value in text.filter(scientific).to_pylist()]
    flat = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    mask = scientific.combine_chunks() if isinstance(scientific, pa.ChunkedArray) else scientific
    return pa.chunked_array([pc.replace_with_mask(flat, mask, pa.array(rewritten, pa.string()))])


def _timestamps(column: pa.ChunkedArray, kind: pa.TimestampType) -> pa.ChunkedArray:
    """ISO, midnights as plain dates; a time with a zone is given in UTC with a Z."""
    naive = column.cast(pa.timestamp(kind.unit))
    text = pc.replace_substring(naive.cast(pa.string()), " ", "T")
    text = _without_spare_zeros(text)
    if kind.tz is not None:
        return pc.binary_join_element_wise(text, "Z", "")
    return pc.replace_substring_regex(text, r"T00:00(:00)?$", "")


def _without_spare_zeros(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Fractions of a second without zeros at their end."""
    return pc.replace_substring_regex(pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1"), r"\.$", "")
