"""Time to event, as in a textbook: one loop over the days on which something happened, in exact fractions.

Kaplan and Meier (1958), Aalen and Johansen (1978); as written out in Collett, Modelling Survival Data in Medical
Research, chapters 2 and 14. Somebody censored on a day was still at risk on that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

HALF = Fraction(1, 2)
Curve = list[tuple[int, Fraction]]  # day, height from that day on


def survival(days: Sequence[int], happened: Sequence[bool]) -> Curve:
    """Kaplan-Meier: share to whom it has not happened, after each day on which it happened to somebody."""
    pairs = list(zip(days, happened, strict=True))
    alive, curve = Fraction(1), []
    for day in sorted({day for day, is_event in pairs if is_event}):
        at_risk = sum(1 for other, _ in pairs if other >= day)
        events = sum(1 for other, is_event in pairs if is_event and other == day)
        alive *= Fraction(at_risk - events, at_risk)
        curve.append((day, alive))
    return curve


def incidence(days: Sequence[int], causes: Sequence[str | None], cause: str) -> Curve:
    """Aalen-Johansen: share to whom `cause` has happened first; other causes compete, None is censored."""
    pairs = list(zip(days, causes, strict=True))
    free, share, curve = Fraction(1), Fraction(0), []
    for day in sorted({day for day, why in pairs if why is not None}):
        at_risk = sum(1 for other, _ in pairs if other >= day)
        that_day = [why for other, why in pairs if other == day and why is not None]
        share += free * Fraction(that_day.count(cause), at_risk)
        free *= Fraction(at_risk - len(that_day), at_risk)
        curve.append((day, share))
    return curve


def height(curve: Curve, day: int, start: Fraction) -> float:
    """Height of a curve on a day; `start` before its first step."""
    reached = [level for step, level in curve if step <= day]
    return float(reached[-1] if reached else start)


def median_of_survival(curve: Curve) -> float:
    """The first day on which half are left or fewer; NaN when that is never reached."""
    return float(next((day for day, left in curve if left <= HALF), float("nan")))


def median_of_incidence(curve: Curve) -> float:
    """The first day on which half or more have it; NaN when that is never reached."""
    return float(next((day for day, share in curve if share >= HALF), float("nan")))
