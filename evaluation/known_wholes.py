"""Counts by category whose whole is known exactly from somewhere else: how they are shown so that no mask is undone.

Who knows that a whole is 1,240 and sees 355 and 885 beside masked parts knows that nobody is in these. Rounding to 5
leaves each shown count a few either way; where that is not enough, the largest shown count of the whole is rounded
more coarsely, which takes the least from a reader, and where that does not do, the smallest shown count is masked too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dbt_project.registry.metrics import DisclosureRule

Mask = NDArray[np.bool_]
Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

_COARSEST = 4  # a count is rounded to a quarter of itself at most


def round_half_up(counts: Floats, to: int) -> Floats:
    """Counts rounded to a multiple of ``to``, halves upwards: the same answer on every machine."""
    return np.floor(counts / to + 0.5) * to


def hidden_in_wholes(
    counts: Floats, masked: Mask, groups: Ids, part: Ids, rule: DisclosureRule
) -> tuple[Floats, Mask]:
    """Counts to show and which are masked, such that knowing every whole exactly narrows no masked part.

    ``counts`` true counts, ``groups`` the whole and ``part`` the code of each, ``masked`` what is masked already (at
    least two parts of a whole or none). In the answer every masked part of a whole that counts more than
    ``suppress_up_to`` can be anything from 0 to ``suppress_up_to``: the counts shown leave so many unexplained.
    Masked counts are NaN.
    """
    shown = round_half_up(counts, rule.round_to)
    masked = masked.copy()
    for group in np.unique(groups[masked]):
        rows = np.flatnonzero(groups == group)
        whole = counts[rows].sum()
        while (open_rows := rows[~masked[rows]]).size:
            *others, largest = open_rows[np.lexsort((part[open_rows], counts[open_rows]))].tolist()
            others_shown: list[float] = shown[others].tolist()
            least = [_least(number, rule.round_to, rule) for number in others_shown]
            second = (max(others_shown, default=0.0), max(least, default=0.0))
            number = _coarse_enough(float(counts[largest]), whole - sum(least), second, rule)
            if number is not None:
                shown[largest] = number
                break
            masked[others[0] if others else largest] = True
    return np.where(masked, np.nan, shown), masked


def _coarse_enough(
    count: float, remaining: float, second: tuple[float, float], rule: DisclosureRule
) -> float | None:
    """The count, rounded as finely as leaves ``suppress_up_to`` of what remains unexplained; None if nothing does.

    ``second``: how the second largest is shown, and the least that it can be. The largest stays so in what is shown,
    and is then known to be no smaller than the second: of two counts alike no rounding hides that they make up a whole.
    """
    to = rule.round_to
    while to == rule.round_to or to * _COARSEST <= count:
        number = float(np.floor(count / to + 0.5) * to)
        least = max(_least(number, to, rule), second[1])
        if number >= second[0] and remaining - least >= rule.suppress_up_to:
            return number
        to *= 2
    return None


def _least(number: float, to: int, rule: DisclosureRule) -> float:
    """The smallest count that is shown as ``number``."""
    return max(number - to // 2, rule.suppress_up_to + 1)
