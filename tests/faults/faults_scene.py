"""The scene of the fault tests: two homes every fault starts from, and how to run fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIGHT = ("without_dagster",)


@dataclass(frozen=True)
class Scene:
    """``before``: a home with one release and new files landed. ``after``: the same after an undisturbed run."""

    before: Path
    after: Path
    seconds: float  # of the undisturbed run
    writes: int  # to files below home, that it began
    figures: dict[str, str]
    accepted: dict[str, object]
