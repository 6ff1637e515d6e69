"""English month names, whole or shortened to three letters or more."""

from __future__ import annotations

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
SHORTEST = 3


def month_number(text: str) -> int | None:
    """1 to 12 for a number or an English name, None for anything else."""
    if text.isdigit():
        return int(text) if 1 <= int(text) <= len(MONTHS) else None
    short = text.lower()[:SHORTEST]
    for number, name in enumerate(MONTHS, start=1):
        if len(short) == SHORTEST and name.startswith(short):
            return number
    return None
