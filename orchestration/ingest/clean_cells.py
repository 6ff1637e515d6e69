"""Cells without what nobody can see: blanks around them, odd blanks inside, invisible and control characters.

Two cells that look the same must be the same: a zero-width space in a code, or a non-breaking one in a choice, would
set a row aside for a reason that cannot be seen, and a control character would reach a terminal or a report.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.readers.table import LINE

_INVISIBLE = (
    r"[\x{00}-\x{08}\x{0e}-\x{1f}\x{7f}-\x{9f}\x{ad}"  # control characters, soft hyphen
    r"\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}]"  # widths of zero, marks of direction
)
_BLANKS = r"\t\n\x{0b}\x{0c}\r\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_BLANK = f" *[{_BLANKS}][ {_BLANKS}]*"
_HYPHEN = r"[\x{2010}\x{2011}]"
_REPLACED = ((_INVISIBLE, ""), (_BLANK, " "), (_HYPHEN, "-"))
_ODD = "|".join(pattern for pattern, _ in _REPLACED)
# Bytes that every character above has at least one of, in UTF-8; pound signs apart, ordinary text has none.
_FIRST_PLAIN, _LAST_PLAIN = 0x20, 0x7E
_ODD_BYTES = bytes([*range(0x20), 0x7F, 0xC2, 0xE1, 0xE2, 0xE3, 0xEF])


def clean_rows(rows: pa.Table) -> pa.Table:
    """Every cell cleaned; the line numbers as they are."""
    columns = [
        column if name == LINE else _clean(column)
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, names=rows.column_names)


def clean_text(text: str) -> str:
    """One cell, such as the name of a column, cleaned in the same way."""
    for pattern, replacement in _REPLACED:
        text = re.sub(re.sub(r"\\x\{([0-9a-f]+)\}", _python_escape, pattern), replacement, text)
    return text.strip(" ")


def _python_escape(match: re.Match[str]) -> str:
    return f"\\u{int(match[1], 16):04x}"


def _clean(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if _may_be_odd(column):
        cells = column.combine_chunks()
        odd = pc.fill_null(pc.match_substring_regex(cells, _ODD), fill_value=False)
        replaced = cells.filter(odd)
        for pattern, replacement in _REPLACED:
            replaced = pc.replace_substring_regex(replaced, pattern=pattern, replacement=replacement)
        column = pa.chunked_array([pc.replace_with_mask(cells, odd, replaced)])
    return pc.utf8_trim(column, characters=" ")


def _may_be_odd(column: pa.ChunkedArray) -> bool:
    """Whether there is anything to clean inside cells: told from the buffers, at the speed of memory."""
    for chunk in column.chunks:
        buffers: list[Any] = chunk.buffers()
        if len(buffers) != 3:  # noqa: PLR2004  # validity, offsets, text
            return True
        if buffers[2] is None or buffers[2].size == 0:
            continue
        text = np.frombuffer(buffers[2], dtype=np.uint8)
        if text.min() >= _FIRST_PLAIN and text.max() <= _LAST_PLAIN:
            continue
        if len(text.tobytes().translate(None, _ODD_BYTES)) < len(text):
            return True
    return False
