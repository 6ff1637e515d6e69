"""Readers: turn a file, a database table or an API answer into one :class:`SourceTable` of text columns.

A reader knows formats, never feeds: it decides nothing about meaning, types or keys. Every cell is text as
the supplier wrote it, every row knows its line, and what cannot be read is refused in one clear sentence.
"""

from orchestration.readers.files import read
from orchestration.readers.sniff import peek
from orchestration.readers.table import Peek, SheetPeek, SourceTable, Unreadable

__all__ = ["Peek", "SheetPeek", "SourceTable", "Unreadable", "peek", "read"]
