"""What a file really is: its first bytes decide, its name must agree."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from orchestration.readers.table import Format, Unreadable

Kind = Literal["text", "gzip", "xlsx", "xls", "ods", "parquet"]

HEAD_BYTES = 4096
_UTF16_SAMPLE = 512  # bytes
_UTF16_LEAST = 20  # characters
UTF8_BOM = b"\xef\xbb\xbf"

FORMAT_OF_KIND: dict[Kind, Format] = {
    "text": "csv",
    "gzip": "csv",
    "xlsx": "excel",
    "xls": "excel",
    "ods": "excel",
    "parquet": "parquet",
}
FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".gz": "csv",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_DESCRIPTION: dict[Kind, str] = {
    "text": "plain text",
    "gzip": "gzip-compressed data",
    "xlsx": "an Excel workbook",
    "xls": "an old-style Excel workbook",
    "ods": "an OpenDocument workbook",
    "parquet": "a Parquet file",
}
_EXPECTED: dict[Format, str] = {
    "csv": "a CSV file: plain text in UTF-8",
    "excel": "an Excel workbook (.xlsx)",
    "parquet": "a Parquet file",
}
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\xff\xfe\x00\x00", "text in UTF-32"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "a rich-text document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<!--", b"<script", b"<div")


def detect(path: Path) -> Kind:
    """Kind of file, from its first bytes.

    Raises :class:`Unreadable` when it is empty, no table format, or not what its name promises.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        found = f"no readable file ({type(error).__name__})"
        raise Unreadable("not_found", path.name, found, "a file that can be opened") from error
    expected_format = FORMAT_OF_SUFFIX.get(path.suffix.lower())
    expected = _EXPECTED[expected_format or "csv"]
    kind = _kind(path, head, expected)
    if expected_format is not None and FORMAT_OF_KIND[kind] != expected_format:
        found = f"{_DESCRIPTION[kind]} under a name ending in {path.suffix}"
        raise Unreadable("wrong_format", path.name, found, expected)
    return kind


def _kind(path: Path, head: bytes, expected: str) -> Kind:
    if not head:
        raise Unreadable("empty_file", path.name, "an empty file (0 bytes)", expected)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        _refuse_encrypted(path)
        return "xls"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _kind_of_zip(path, expected)
    refuse_foreign_text(path.name, head, expected)
    return "text"


def refuse_foreign_text(name: str, head: bytes, expected: str = _EXPECTED["csv"]) -> None:
    """Raise :class:`Unreadable` when the first bytes are those of something other than a text table."""
    for magic, description in _REFUSED:
        if head.startswith(magic):
            raise Unreadable("wrong_format", name, description, expected)
    if _unmarked_utf16(head):
        raise Unreadable("wrong_format", name, "text in UTF-16", expected)
    start = head.removeprefix(UTF8_BOM).lstrip()
    lowered = start[:64].lower()
    if lowered.startswith(_MARKUP):
        raise Unreadable("wrong_format", name, "a web page (HTML), perhaps an error page", expected)
    if lowered.startswith(b"<?xml"):
        raise Unreadable("wrong_format", name, "an XML document", expected)
    if start.startswith((b'{"', b"{\n", b"{\r\n", b"{}", b"[{")):
        raise Unreadable("wrong_format", name, "a JSON document, perhaps an error answer", expected)


def refuse_inside_gzip(name: str, head: bytes) -> None:
    """Raise :class:`Unreadable` when what was unpacked is no text table."""
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"\xd0\xcf\x11\xe0")):
        found = "another compressed or binary file inside gzip"
        raise Unreadable("wrong_format", name, found, "a CSV file inside gzip")
    refuse_foreign_text(name, head)


def _refuse_encrypted(path: Path) -> None:
    """A workbook with a password is an old container with a stream of that name."""
    mark, before = "EncryptedPackage".encode("utf-16-le"), b""
    with path.open("rb") as stream:
        while chunk := stream.read(1024**2):
            if mark in before + chunk:
                raise Unreadable(
                    "encrypted", path.name, "a workbook with a password", "one without a password"
                )
            before = chunk[-len(mark) :]


def _unmarked_utf16(head: bytes) -> bool:
    """Whether every other byte of the first ones is NUL: western text in UTF-16 without its mark."""
    start = head[:_UTF16_SAMPLE]
    for places in (start[0::2], start[1::2]):
        if (
            len(places) >= _UTF16_LEAST
            and places.count(0) * 10 > len(places) * 9
            and start.count(0) == places.count(0)
        ):
            return True
    return False


def _kind_of_zip(path: Path, expected: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:128] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        found = "a damaged or cut-off zip container (its directory is missing)"
        raise Unreadable("damaged_file", path.name, found, expected) from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if b"opendocument.spreadsheet" in mimetype:
        return "ods"
    if "xl/workbook.bin" in names:
        raise Unreadable(
            "wrong_format", path.name, "a binary Excel workbook (.xlsb)", "a workbook saved as .xlsx"
        )
    if "word/document.xml" in names:
        raise Unreadable("wrong_format", path.name, "a Word document", expected)
    raise Unreadable("wrong_format", path.name, f"a zip archive of {len(names)} files", expected)
