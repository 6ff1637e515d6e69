"""What identifies a build: the bytes that went in and the code that ran."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("dbt_project", "evaluation", "expectations", "dashboards", "orchestration")
CODE_SUFFIXES = frozenset({".py", ".sql", ".yml", ".csv", ".html", ".jinja", ".css", ".js", ".json"})
NOT_CODE = frozenset({"__pycache__", "node_modules", "target", "logs", "synthetic"})


@lru_cache(maxsize=1)
def code_version() -> str:
    """SHA-256 over the rooms' own files (names and bytes), as 64 hex digits.

    The generator of demonstration data is left out: it makes inputs, and inputs have hashes of their own.
    """
    digest = hashlib.sha256()
    for path in _code_files():
        digest.update(path.relative_to(REPOSITORY).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def inputs_hash(parts: Iterable[tuple[str, ...]]) -> str:
    """SHA-256 over the inputs of a build: every (feed, table, file hash) and every parameter, order-free."""
    lines = sorted("\x1f".join(part) for part in parts)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _code_files() -> list[Path]:
    return sorted(
        path
        for room in ROOMS
        for path in (REPOSITORY / room).rglob("*")
        if path.suffix in CODE_SUFFIXES and not NOT_CODE & set(path.relative_to(REPOSITORY).parts)
    )
