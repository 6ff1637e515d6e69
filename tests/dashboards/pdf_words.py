"""The words that a PDF of Chromium draws: its streams unpacked, its glyphs read through the maps of its fonts."""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"<([0-9A-Fa-f]+)>\s*Tj|\[((?:[^\]\\]|\\.)*)\]\s*TJ")
_HEX = re.compile(rb"<([0-9A-Fa-f]+)>")
_PAIRS = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]{4,})>\s*\n")
_RANGES = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]{4})>\s*\n")
Font = dict[int, str]


def words(pdf: bytes) -> str:
    """The text of each stream, read by each font: glyphs that a font does not have are left out.

    Chromium places letters one by one, so words of neighbouring cells run together.
    """
    streams = [_unpacked(found.group(1)) for found in _STREAM.finditer(pdf)]
    fonts = [_font(stream) for stream in streams if b"begincmap" in stream]
    drawn = [_glyphs(stream) for stream in streams if b"begincmap" not in stream]
    return "\n".join("".join(font.get(glyph, "") for glyph in glyphs) for glyphs in drawn for font in fonts)


def _glyphs(stream: bytes) -> list[int]:
    runs = [
        run
        for shown in _SHOWN.finditer(stream)
        for run in ([shown.group(1)] if shown.group(1) else _HEX.findall(shown.group(2)))
    ]
    return [int(run[at : at + 4], 16) for run in runs for at in range(0, len(run), 4)]


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def _font(cmap: bytes) -> Font:
    """Character by glyph, from a ToUnicode map."""
    font: Font = {}
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for glyph, text in _PAIRS.findall(part):
            font[int(glyph, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, start in _RANGES.findall(part):
            for step in range(int(last, 16) - int(first, 16) + 1):
                font[int(first, 16) + step] = chr(int(start, 16) + step)
    return font
