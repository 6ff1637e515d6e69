"""Look inside an .xlsx or .ods container before a parser does: true size, reach of each sheet, bad cells.

The parser allocates the whole rectangle up to the last filled cell and aborts the process when it cannot, so
a 1 KB workbook with one far cell would kill the reader. Sizes are taken from the bytes, not from what the
file declares of itself.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.readers.limits import MAX_COLUMNS, MAX_SHEET_CELLS, MAX_WORKBOOK_BYTES
from orchestration.readers.table import Unreadable

_CHUNK_BYTES = 1024**2
_OVERLAP_BYTES = 4096  # longer than any opening tag of a cell; a tag cut by a chunk's end is seen in the next
_NOT_EMPTY_CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r=["']([A-Z]{1,3})([0-9]{1,7})["'][^<>]*(?<!/)>"""
)
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\s[^<>]*?\bt=["']e["']""")
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\s[^<>]*?\bhidden=["'](?:1|true)["']""")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^<>]*?\bref=["'][A-Z]+([0-9]+):[A-Z]+([0-9]+)["']""")
_UNCOMPUTED = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</|</(?:\w+:)?c>)")


@dataclass
class SheetScan:
    """What the XML of a workbook's sheets holds, over all of them."""

    error_cells: int = 0  # cells showing #REF!, #N/A and the like: the parser returns them empty
    hidden_rows: int = 0
    merged_down: int = 0  # blocks of cells merged over several rows: all but the first row are empty
    uncomputed_cells: int = 0  # formulas stored without their result: empty as well


def scan_container(path: Path) -> SheetScan:
    """Prove an .xlsx or .ods container whole and of bearable size.

    Raises :class:`Unreadable` for a damaged or encrypted member, too many bytes, or a sheet reaching too far.
    """
    scan = SheetScan()
    left = MAX_WORKBOOK_BYTES
    expected = "a complete workbook"
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.flag_bits & 0x1:
                    raise Unreadable(
                        "encrypted", path.name, "an encrypted workbook", "one without a password"
                    )
                if member.file_size > left:
                    raise _too_large(path.name)
                is_sheet = member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml")
                chunks = _chunks(archive, member, left)
                left -= _scan_sheet(path.name, chunks, scan) if is_sheet else sum(map(len, chunks))
    except _LimitReachedError as error:
        raise _too_large(path.name) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        found = "a workbook with damaged contents"
        raise Unreadable("damaged_file", path.name, found, expected) from error
    return scan


class _LimitReachedError(Exception):
    """A member unpacks to more than is left of the allowance."""


def _too_large(name: str) -> Unreadable:
    megabytes = MAX_WORKBOOK_BYTES // 1024**2
    found = f"more than {megabytes:,} MB once unpacked"
    return Unreadable("too_large", name, found, f"a workbook of at most {megabytes:,} MB unpacked")


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, allowance: int) -> Iterator[bytes]:
    """The unpacked bytes of a member; reading to its end verifies its checksum."""
    read = 0
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            read += len(chunk)
            if read > allowance:
                raise _LimitReachedError
            yield chunk


def _scan_sheet(name: str, chunks: Iterator[bytes], scan: SheetScan) -> int:
    """Add one sheet's bad cells to ``scan`` and return its size; refuse a sheet that reaches too far."""
    size = 0
    tail = b""
    columns: set[bytes] = set()
    last_row = 0
    for chunk in chunks:
        size += len(chunk)
        text = tail + chunk
        # Work up to the last closed tag, carry the rest over: nothing is counted twice.
        end = text.rfind(b"</") if len(text) > _OVERLAP_BYTES else -1
        work, tail = (text[:end], text[end:]) if end > 0 else (b"", text)
        if len(tail) > _CHUNK_BYTES:  # no tag at all for a megabyte: one huge cell
            work, tail = tail[:-_OVERLAP_BYTES], tail[-_OVERLAP_BYTES:]
        last_row = max(last_row, _note_cells(work, columns, scan))
    last_row = max(last_row, _note_cells(tail, columns, scan))
    width = max((_column_number(letters) for letters in columns), default=0)
    if width > MAX_COLUMNS:
        found = f"cells in {width:,} columns"
        raise Unreadable("too_wide", name, found, f"at most {MAX_COLUMNS:,} columns")
    if width * last_row > MAX_SHEET_CELLS:
        found = f"a sheet reaching to row {last_row:,} and column {width:,}"
        raise Unreadable(
            "too_large", name, found, f"at most {MAX_SHEET_CELLS:,} cells; clear stray cells far off"
        )
    return size


def _note_cells(work: bytes, columns: set[bytes], scan: SheetScan) -> int:
    """Count bad cells, collect the columns in use; the number of the last row in use."""
    references = _NOT_EMPTY_CELL.findall(work)
    if b'"e"' in work or b"'e'" in work:
        scan.error_cells += len(_ERROR_CELL.findall(work))
    if b"hidden=" in work:
        scan.hidden_rows += len(_HIDDEN_ROW.findall(work))
    if b"mergeCell" in work:
        scan.merged_down += sum(first != last for first, last in _MERGED.findall(work))
    scan.uncomputed_cells += len(_UNCOMPUTED.findall(work))
    if not references:
        return 0
    columns.update(letters for letters, _ in references)
    return max(map(int, {row for _, row in references}))


def _column_number(letters: bytes) -> int:
    """A = 1, Z = 26, AA = 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
