"""What identifies a build: the bytes that went in and the code that ran."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("dbt_project", "evaluation", "expectations", "dashboards", "orchestration")
FIGURE_CODE = ("dbt_project", "evaluation", "orchestration/warehouse.py", "orchestration/ingest/current.py")
CODE_SUFFIXES = frozenset({".py", ".sql", ".yml", ".csv", ".html", ".jinja", ".css", ".js", ".json"})
NOT_CODE = frozenset({"__pycache__", "node_modules", "target", "logs", "synthetic"})


@lru_cache(maxsize=1)
def code_version() -> str:
    """SHA-256 over the rooms' own files (names and bytes), as 64 hex digits.

    The generator of demonstration data is left out: it makes inputs, and inputs have hashes of their own.
    """
    return _hash_of(_code_files(ROOMS))


@lru_cache(maxsize=1)
def figures_version() -> str:
    """As :func:`code_version`, over what computes figures: two builds that share it differ by their inputs alone."""
    return _hash_of(_code_files(FIGURE_CODE))


def inputs_hash(parts: Iterable[tuple[str, ...]]) -> str:
    """SHA-256 over the inputs of a build: every (feed, table, file hash) and every parameter, order-free."""
    lines = sorted("\x1f".join(part) for part in parts)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _hash_of(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(REPOSITORY).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _code_files(places: Iterable[str]) -> list[Path]:
    found = [REPOSITORY / place for place in places]
    return sorted(
        path
        for place in found
        for path in ([place] if place.is_file() else place.rglob("*"))
        if path.suffix in CODE_SUFFIXES and not NOT_CODE & set(path.relative_to(REPOSITORY).parts)
    )
