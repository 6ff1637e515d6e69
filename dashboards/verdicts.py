"""Is a figure on course? A published value beside a published target, in words. No number is made here."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards import formatting
from dashboards.values import Value
from dbt_project.registry import Metric
from dbt_project.registry.metrics import Target


@dataclass(frozen=True)
class Verdict:
    """The answer, its tag colour, and whether it counts as on course (None = cannot say)."""

    text: str
    tone: str
    on_course: bool | None


NO_TARGET = Verdict("No published target", "grey", None)
TOO_EARLY = Verdict("Too early to say", "grey", None)
NO_DATA = Verdict("No data", "grey", None)
WITHHELD = Verdict("Not shown", "grey", None)
ON_COURSE = Verdict("On course", "green", True)
CLOSE = Verdict("Close to target", "blue", True)
BEHIND = Verdict("Behind target", "orange", False)
BUILDING = Verdict("Not yet reached", "yellow", None)


def applicable_target(metric: Metric, value: Value | None, *, level: str = "england") -> Target | None:
    """The metric's published target where it is set for the same kind of period and place, else None."""
    target = metric.target
    if target is None or value is None or target.level != level or metric.direction == "neutral":
        return None
    running_total = metric.kind == "cumulative" and target.grain == "all"
    return target if target.grain == value.grain or running_total or metric.kind == "stock" else None


def judge(metric: Metric, value: Value | None, *, level: str = "england") -> Verdict:
    """Compare a value and its interval with the target.

    A target inside the interval is "close": the data cannot tell the two apart. A total that is still growing
    towards a target for the whole programme is not behind, only not yet there.
    """
    if value is None:
        return NO_DATA
    if value.value is None:
        return {"e": TOO_EARLY, "c": WITHHELD}.get(value.symbol, NO_DATA)
    target = applicable_target(metric, value, level=level)
    if target is None:
        return NO_TARGET
    lower_is_better = metric.direction == "lower"
    reached = value.value <= target.value if lower_is_better else value.value >= target.value
    if reached:
        return ON_COURSE
    if value.lower is not None and value.upper is not None and value.lower <= target.value <= value.upper:
        return CLOSE
    return BUILDING if target.grain == "all" else BEHIND


def course(value: Value, earlier: Value | None) -> str:
    """The direction since a year before: ``up from 2,310 in 2024/25``; empty without a comparison."""
    if earlier is None or value.value is None or earlier.value is None:
        return ""
    before = f"{formatting.plain(earlier.value, earlier.unit)} {formatting.in_period(earlier)}"
    if formatting.plain(value.value, value.unit) == formatting.plain(earlier.value, earlier.unit):
        return f"the same as {before}"
    return f"{'up' if value.value > earlier.value else 'down'} from {before}"


def no_gap(unit: str) -> float:
    """The value at which two groups do alike: 1 for a ratio, 0 for a difference."""
    return 1.0 if unit == "ratio" else 0.0


def gap_reading(value: Value) -> str:
    """What an interval says of a gap: whether chance alone could have made it."""
    if value.value is None or value.lower is None or value.upper is None:
        return "Cannot be said"
    if value.lower > no_gap(value.unit):
        return "Above, beyond chance"
    return "Below, beyond chance" if value.upper < no_gap(value.unit) else "No gap beyond chance"


def beside_chance(value: Value, earlier: Value | None) -> str:
    """Whether the published intervals of two times leave each other room; empty where one has none.

    Intervals that do not meet are more than chance allows. Where they meet, the change may be chance and may be not:
    the test is cautious, the more so as the same networks stand behind both times.
    """
    if earlier is None or value.lower is None or value.upper is None:
        return ""
    if earlier.lower is None or earlier.upper is None:
        return ""
    if value.lower > earlier.upper or value.upper < earlier.lower:
        return "the 95% intervals do not overlap, so it is more than chance"
    return "the 95% intervals overlap, so it may be chance"


def without_target(value: Value | None, earlier: Value | None) -> Verdict:
    """Where no target is published, the direction is all that can be said."""
    direction = course(value, earlier).partition(" from ")[0] if value else ""
    words = {"up": "rising", "down": "falling"}.get(direction, "steady" if direction else "")
    return Verdict(f"No target, {words}", "grey", None) if words else NO_TARGET
