"""Operations for the reader child that misbehave as a hostile file would make a parser misbehave."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path


def eat_memory(_path: Path) -> str:
    """Take memory until there is none."""
    hoard: list[bytearray] = []
    while True:
        hoard.append(bytearray(64 * 1024**2))


def hang(_path: Path) -> str:
    """Never come back."""
    while True:
        time.sleep(60)


def abort(_path: Path) -> str:
    """End the process as a failed allocation in native code does."""
    os.abort()


def fail(path: Path) -> str:
    """Raise an error whose text holds a cell's value."""
    raise ValueError(path.read_text())


def process_id(_path: Path) -> int:
    """Which process answers."""
    return os.getpid()


def leave_scratch(path: Path) -> str:
    """Leave a file in the scratch folder and hang."""
    folder = tempfile.mkdtemp()
    path.write_text(folder)
    hang(path)
    return folder
