"""Tile-grid positions of the integrated care boards, and the shape of a tile."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LAYOUT_FILE = Path(__file__).parent / "data" / "icb_hex_layout.csv"
ROW_STEP = math.sqrt(3)  # rows of hexagons whose width is two columns
_GAP = 0.95  # drawn a little smaller than the lattice cell, so that neighbours stay apart


@dataclass(frozen=True)
class Tile:
    """One board's hexagon: ``x`` in half hexagons from the west, ``y`` from the south."""

    icb_code: str
    label: str
    x: float
    y: float

    def outline(self) -> tuple[list[float], list[float]]:
        """Corners of the closed hexagon, point upwards."""
        radius = 2 / math.sqrt(3) * _GAP
        angles = [math.radians(30 + 60 * corner) for corner in range(7)]
        return (
            [round(self.x + radius * math.cos(angle), 3) for angle in angles],
            [round(self.y + radius * math.sin(angle), 3) for angle in angles],
        )


@lru_cache(maxsize=1)
def tiles() -> dict[str, Tile]:
    """Tile by ICB code. Lines of the file that start with ``#`` say where it comes from."""
    with LAYOUT_FILE.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(line for line in handle if not line.startswith("#"))
        found = [
            Tile(row["icb_code"], row["label"], float(row["col"]), round(float(row["row"]) * ROW_STEP, 3))
            for row in rows
        ]
    return {tile.icb_code: tile for tile in found}
