"""Axis settings that depend only on the unit shown."""

from __future__ import annotations

import textwrap
from typing import Any

_BY_UNIT: dict[str, dict[str, Any]] = {
    "percent": {"ticksuffix": "%", "tickformat": ",.0f"},
    "gbp": {"tickprefix": "£", "tickformat": ".2~s"},
    "days": {"tickformat": ",.0f"},
    "rate": {"tickformat": ",.3~g"},
}


def value_axis(unit: str) -> dict[str, Any]:
    """Tick format of an axis that carries values of the unit; starts at zero by the template."""
    return {"nticks": 6, **_BY_UNIT.get(unit, {"tickformat": ","})}


def wrapped(name: str, room: int) -> str:
    """A label on as many lines as ``room`` characters beside a chart need."""
    return "<br>".join(textwrap.wrap(name, room, break_long_words=False, break_on_hyphens=False))


def hover(unit_text: str = "%{customdata[1]}") -> str:
    """Hover text: the place or period, and the number as the table prints it."""
    return f"%{{customdata[0]}}<br>{unit_text}<extra></extra>"
