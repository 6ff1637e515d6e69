"""Text that suppliers choose (names of files, sheets, columns, values) made fit to stand in a message or a log."""

from __future__ import annotations

_BYTES_START, _FIRST_BYTE, _LAST_BYTE = 0xDC00, 0xDC80, 0xDCFF


def printable(text: str) -> str:
    r"""``text`` with everything that does not show as itself written out: ``\n``, ``\x1b``, ``\u202e``.

    Line ends and terminal sequences would forge lines of a log, marks of direction would turn them round, and bytes
    of a file name that are not UTF-8 cannot be stored at all.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _written_out(character) for character in text)


def _written_out(character: str) -> str:
    code = ord(character)
    if (
        _FIRST_BYTE <= code <= _LAST_BYTE
    ):  # a byte of a file name that is not UTF-8, as Python holds it (PEP 383)
        return f"\\x{code - _BYTES_START:02x}"
    return character.encode("unicode_escape").decode("ascii")
