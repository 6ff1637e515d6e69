"""A text file made fit to parse: unpacked, proved to be UTF-8 (or transcoded, loudly), its lines counted."""

from __future__ import annotations

import codecs
import gzip
import tempfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.readers.kinds import HEAD_BYTES, UTF8_BOM, Kind, refuse_inside_gzip
from orchestration.readers.limits import MAX_DECOMPRESSED_BYTES, MAX_LINE_BYTES, MAX_UNPACKED_RATIO
from orchestration.readers.table import Unreadable

_CHUNK_BYTES = 4 * 1024**2
_EXPECTED_TEXT = "text in UTF-8"
_SMALL_BYTES = 16 * 1024**2  # unpacked text that is no bomb whatever it was packed to


@dataclass(frozen=True)
class PlainText:
    """A UTF-8 file on disk and what is known of its lines (a line ends with LF, CR LF or a lone CR)."""

    path: Path
    name: str  # as the supplier named it
    folder: Path  # scratch folder that lives as long as this object is in use
    bom: bool
    lf: int
    crlf: int
    lone_cr: int
    unfinished_last_line: bool
    trailing_blank_lines: int
    notes: tuple[str, ...]

    @property
    def lines(self) -> int:
        """Physical lines."""
        return self.lf + self.lone_cr + int(self.unfinished_last_line)

    @property
    def uniform_line_ends(self) -> bool:
        """Whether every line ends alike, with LF or with CR LF."""
        return self.lone_cr == 0 and self.crlf in (0, self.lf)


@contextmanager
def plain_text(path: Path, kind: Kind) -> Generator[PlainText]:
    """Yield the file as checked UTF-8 text; scratch copies vanish afterwards.

    Raises :class:`Unreadable` for damaged gzip data, NUL bytes, an unknown encoding or an empty file.
    """
    with tempfile.TemporaryDirectory(prefix="reader-") as scratch:
        folder = Path(scratch)
        notes: list[str] = []
        plain = path
        if kind == "gzip":
            plain = _gunzip(path, folder / "unpacked.csv")
            if path.suffix.lower() != ".gz":
                notes.append("compressed with gzip although the name does not end in .gz")
        elif path.suffix.lower() == ".gz":
            notes.append("not compressed although the name ends in .gz")
        bad_line = _first_line_not_utf8(plain)
        if bad_line is not None:
            plain = _transcode(path.name, plain, folder / "transcoded.csv", bad_line)
            notes.append(
                f"decoded as Windows-1252, UTF-8 expected (line {bad_line:,} is the first that is not)"
            )
        yield _count_lines(plain, path.name, folder, notes)


def _gunzip(path: Path, target: Path) -> Path:
    """Unpack, with every checksum verified: DuckDB alone would take half a file for a whole one."""
    expected = "a complete gzip file"
    written = 0
    packed = path.stat().st_size
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > MAX_DECOMPRESSED_BYTES:
                    found = f"more than {MAX_DECOMPRESSED_BYTES:,} bytes once unpacked"
                    raise Unreadable("too_large", path.name, found, f"at most {MAX_DECOMPRESSED_BYTES:,}")
                if written > max(_SMALL_BYTES, packed * MAX_UNPACKED_RATIO):
                    found = f"{packed:,} bytes that unpack to more than {MAX_UNPACKED_RATIO} times as many"
                    raise Unreadable("too_large", path.name, found, "a file of data")
                sink.write(chunk)
    except EOFError as error:
        raise Unreadable("damaged_file", path.name, "gzip data cut off before its end", expected) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        found = "damaged gzip data (checksum or structure is wrong)"
        raise Unreadable("damaged_file", path.name, found, expected) from error
    with target.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise Unreadable("empty_file", path.name, "an empty file inside gzip", _EXPECTED_TEXT)
    refuse_inside_gzip(path.name, head)
    return target


def _first_line_not_utf8(path: Path) -> int | None:
    """Number of the first line that is not UTF-8, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    line = 1
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            held_back = decoder.getstate()[0]
            if not (chunk and chunk.isascii() and not held_back):
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    return line + (held_back + chunk)[: error.start].count(b"\n")
            if not chunk:
                return None
            line += chunk.count(b"\n")


def _first_line_in_utf8(path: Path) -> int | None:
    """Number of the first line with letters past ASCII in UTF-8, or None: decoded as Windows-1252 it is garbled."""
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES), b""), start=1):
            if not line.isascii():
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    continue
                return number
    return None


def _transcode(name: str, source: Path, target: Path, bad_line: int) -> Path:
    """Rewrite Windows-1252 as UTF-8. Five bytes mean nothing in it: they refuse the file."""
    utf8_line = _first_line_in_utf8(source)
    if utf8_line is not None:
        found = f"some lines in UTF-8 (line {utf8_line:,}) and others in Windows-1252 (line {bad_line:,})"
        raise Unreadable("wrong_encoding", name, found, _EXPECTED_TEXT, line=bad_line)
    line = 1
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(_CHUNK_BYTES):
            try:
                writing.write(chunk.decode("cp1252").encode("utf-8"))
            except UnicodeDecodeError as error:
                line += chunk[: error.start].count(b"\n")
                found = f"bytes that are neither UTF-8 (line {bad_line:,}) nor Windows-1252 (line {line:,})"
                raise Unreadable("wrong_encoding", name, found, _EXPECTED_TEXT, line=bad_line) from error
            line += chunk.count(b"\n")
    return target


def _count_lines(path: Path, name: str, folder: Path, notes: list[str]) -> PlainText:
    lf = crlf = cr = running = 0
    last = b""
    bom = False
    with path.open("rb") as stream:
        first = True
        while chunk := stream.read(_CHUNK_BYTES):
            if first:
                bom, first = chunk.startswith(UTF8_BOM), False
            if (nul := chunk.find(b"\0")) >= 0:
                line = lf + chunk[:nul].count(b"\n") + 1
                raise Unreadable("nul_bytes", name, "NUL bytes (binary data)", _EXPECTED_TEXT, line=line)
            first_end, last_end = _line_ends(chunk)
            if running + (len(chunk) if first_end < 0 else first_end) > MAX_LINE_BYTES:
                found = f"a line of more than {MAX_LINE_BYTES:,} bytes"
                raise Unreadable(
                    "line_too_long", name, found, "lines of bearable length", line=lf + cr - crlf + 1
                )
            running = running + len(chunk) if first_end < 0 else len(chunk) - last_end - 1
            lf += chunk.count(b"\n")
            if chunk.find(b"\r") >= 0:
                cr += chunk.count(b"\r")
                crlf += chunk.count(b"\r\n")
            crlf += int(last == b"\r" and chunk.startswith(b"\n"))
            last = chunk[-1:]
    blank = _trailing_blank_lines(name, path)
    lone_cr = cr - crlf
    if lone_cr or crlf not in (0, lf):
        notes.append("line endings are mixed" if lf else "lines end with CR alone")
    return PlainText(
        path=path,
        name=name,
        folder=folder,
        bom=bom,
        lf=lf,
        crlf=crlf,
        lone_cr=lone_cr,
        unfinished_last_line=last not in (b"\n", b"\r"),
        trailing_blank_lines=blank,
        notes=tuple(notes),
    )


def _line_ends(chunk: bytes) -> tuple[int, int]:
    """Places of the first and the last line end of a chunk, -1 when there is none."""
    if (first := chunk.find(b"\n")) >= 0:
        return first, chunk.rfind(b"\n")
    return chunk.find(b"\r"), chunk.rfind(b"\r")


def _trailing_blank_lines(name: str, path: Path) -> int:
    """Empty lines at the end of the file. Raises :class:`Unreadable` when there is nothing else in it."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        tail = b""
        while len(tail) < size and not tail.strip(b"\r\n"):
            # Doubled each time: a file of blank lines alone must not cost the square of its size.
            wanted = min(size, max(64 * 1024, len(tail) * 2))
            stream.seek(size - wanted)
            tail = stream.read(wanted)
    content = tail.rstrip(b"\r\n")
    if not tail.removeprefix(UTF8_BOM).strip():
        raise Unreadable("empty_file", name, "only blank lines", "a header line and rows")
    ends = tail[len(content) :].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return max(0, len(ends) - 1)
