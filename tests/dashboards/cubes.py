"""The cubes of a built site read back, by a reader that shares nothing with the page's script."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

NUMBERS = ("value", "lower_95", "upper_95", "numerator", "denominator")
Key = tuple[str, str, str, str, str, date]  # metric, place, strand, sector, grain, first day
Cells = dict[Key, tuple[float | None, ...]]


def read_cubes(site: Path) -> tuple[Cells, dict[Key, str]]:
    """Numbers and symbols of every cell of every cube."""
    numbers: Cells = {}
    symbols: dict[Key, str] = {}
    for path in sorted((site / "assets").glob("cube-*.js")):
        match = re.fullmatch(
            r'window\.phipCube = window\.phipCube \|\| \{\};\nwindow\.phipCube\["(\w+)"\] = (.*);\n',
            path.read_text(encoding="utf-8"),
            re.DOTALL,
        )
        assert match, path.name
        _read_cube(match.group(1), json.loads(match.group(2)), numbers, symbols)
    return numbers, symbols


def _read_cube(metric: str, cube: dict[str, Any], numbers: Cells, symbols: dict[Key, str]) -> None:
    for name, (first, marks, *columns) in cube["series"].items():
        place, strand, sector, grain = name.split("|")
        for position, mark in enumerate(marks):
            if mark == "-":
                continue
            start = date.fromisoformat(cube["periods"][grain][first + position][0])
            key = (metric, place, strand, sector, grain, start)
            assert key not in numbers, f"{key} stands twice"
            numbers[key] = tuple(column[position] if column else None for column in columns)
            symbols[key] = "" if mark == "." else mark
