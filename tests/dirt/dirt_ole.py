"""Old Microsoft containers, written by hand: an .xls workbook and a workbook with a password."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_SECTOR = 512
_SMALLEST_STREAM = 4096  # shorter ones would have to lie in the mini stream
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_ENTRIES = _SECTOR // 4


def container(streams: Mapping[str, bytes]) -> bytes:
    """A compound file of these streams (MS-CFB, version 3). A few megabytes at most: one sector holds the table."""
    contents = [
        content.ljust(max(_SMALLEST_STREAM, -(-len(content) // _SECTOR) * _SECTOR), b"\0")
        for content in streams.values()
    ]
    starts: list[int] = []
    table: list[int] = [_FAT, *[_END] * 2]
    table[1] = 2  # the directory takes sectors 1 and 2: eight entries
    for content in contents:
        starts.append(len(table))
        sectors = len(content) // _SECTOR
        table += [*range(len(table) + 1, len(table) + sectors), _END]
    if len(table) > _ENTRIES:
        raise ValueError(f"{len(table)} sectors do not fit one table")
    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    for number, (name, content) in enumerate(zip(streams, contents, strict=True), start=1):
        following = number + 1 if number < len(contents) else _FREE
        entries.append(_entry(name, 2, starts[number - 1], len(content), right=following))
    entries += [_entry("", 0, 0, 0)] * (8 - len(entries))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        1,
        1,
        0,
        _SMALLEST_STREAM,
        _END,
        0,
        _END,
        0,
    ) + struct.pack("<109I", 0, *[_FREE] * 108)
    fat = struct.pack(f"<{_ENTRIES}I", *table, *[_FREE] * (_ENTRIES - len(table)))
    return header + fat + b"".join(entries) + b"".join(contents)


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE, right: int = _FREE) -> bytes:
    spelled = (name + "\0").encode("utf-16-le") if name else b""
    return struct.pack(
        "<64sHBBIII16xI8x8xIQ", spelled, len(spelled), kind, 1, _FREE, right, child, 0, start, size
    )


def xls(name: str, rows: Sequence[Sequence[str]], *, password: bool = False) -> bytes:
    """A BIFF8 workbook of one sheet of texts."""
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    body += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for number, row in enumerate(rows):
        for place, text in enumerate(row):
            if text:
                cell = struct.pack("<HHHHB", number, place, 0, len(text), 1) + text.encode("utf-16-le")
                body += _record(0x0204, cell)
    body += _record(0x000A, b"")
    head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    if password:
        head += _record(0x002F, struct.pack("<H", 1) + bytes(50))
    sheet = struct.pack("<BB", len(name), 0) + name.encode("ascii")
    offset = len(head) + 4 + 6 + len(sheet) + 4
    head += _record(0x0085, struct.pack("<IBB", offset, 0, 0) + sheet) + _record(0x000A, b"")
    return container({"Workbook": head + body})


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
