"""Where runs are killed: moments, writes and steps drawn by seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from zygote import STEPS

SEED = 20260401
SURE_STEPS = sorted(set(STEPS) - {"links"})


@dataclass(frozen=True)
class Point:
    """One kill. ``share`` is of the run's duration or of its writes, by ``kind``."""

    number: int
    kind: str  # moment, write or step
    share: float
    step: str
    when: str
    with_dagster: bool

    def order(self, seconds: float, writes: int) -> dict[str, Any]:
        """What to tell the forking process, for a run that lasts so long and writes so often."""
        hooks = [] if self.with_dagster else ["without_dagster"]
        if self.kind == "moment":
            return {"after": self.share * seconds, "hooks": hooks}
        if self.kind == "write":
            return {"write": 1 + int(self.share * writes), "hooks": hooks}
        return {"step": [self.step, self.when], "hooks": hooks}

    def __str__(self) -> str:
        where = f"{self.when} {self.step}" if self.kind == "step" else f"{self.kind} at {self.share:.3f}"
        return f"{self.number}: {where}{' with Dagster' if self.with_dagster else ''}"


def point(number: int) -> Point:
    """The kill of this number: half at a moment, a quarter each at a write and at a step; every eighth with Dagster."""
    draw = random.Random(f"{SEED}-{number}")
    return Point(
        number=number,
        kind=("moment", "write", "moment", "step")[number % 4],
        share=draw.random(),
        step=draw.choice(SURE_STEPS),
        when=draw.choice(("before", "after")),
        with_dagster=number % 8 == 0,
    )
