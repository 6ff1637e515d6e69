"""What the machine did wrong, in plain words: full disk, missing permission, a file held open, bytes gone bad."""

from __future__ import annotations

import re

_STANDS = "The last good release is untouched"
_FAULTS = (
    (
        r"no space left|errno 28|disk is full|file too large|errno 27|could not write|failed to write|out of disk",
        f"the disk is full. {_STANDS}, and what was taken in is kept: free some space and run again",
    ),
    (
        r"permission denied|errno 13|errno 1\b|errno 30|read-only file system|readonly database",
        f"a file or folder may not be read or written by this user. {_STANDS}: give this user the home folder, "
        "then run again",
    ),
    (
        r"database is locked|could not set lock|conflicting lock",
        f"another program holds a file open for writing. {_STANDS}: close it, then run again",
    ),
    (
        r"malformed|not a database|corrupt|checksum|not a valid duckdb|invalid thrift|no magic bytes",
        f"a file holds other bytes than were written. {_STANDS}: run again, which makes anew what can be made; "
        "otherwise restore a backup with 'phip restore'",
    ),
)


def plain(text: str) -> str:
    """An error's own text with a sentence before it that says what to do; the text alone for any other error."""
    for pattern, sentence in _FAULTS:
        if re.search(pattern, text, re.IGNORECASE):
            return f"{sentence} ({text})"
    return text
