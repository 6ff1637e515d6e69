"""Writing SQL text: quoted names and literals."""

from __future__ import annotations

from collections.abc import Iterable


def literal(text: str | None) -> str:
    """A text literal, or ``null::varchar``."""
    return "null::varchar" if text is None else "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def listed(texts: Iterable[str]) -> str:
    """Comma-separated text literals."""
    return ", ".join(literal(text) for text in texts)
