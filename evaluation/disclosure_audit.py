"""What a reader can work out of withheld counts from everything else that is published.

The reader knows a window for every published count (:mod:`evaluation.disclosure_windows`) and how counts make up one
another: parts and wholes, in places, strands, periods and categories, and counts that are part of other counts. Each
row of :class:`Equations` says that some counts add up to another, or to no more than it. The reader narrows each
window by what the others leave of it, over and over, until nothing changes (bound propagation over linear
constraints: Davis, Artificial Intelligence 1987;32:281-331). What is found is a true bound on the count; a reader
with more patience, who weighs many equations at once, may find a narrower one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
UNBOUNDED = 1_000_000_000  # upper end of a window that says nothing
ROUNDS = 200  # far more than ever needed; bounds are true ones after every round


@dataclass(frozen=True)
class Equations:
    """Relations between counts, one row each: the counts of ``parts`` make up ``whole``.

    ``whole`` (n): position of a count. ``is_exact`` (n): they add up to it exactly, else to no more. ``group`` (n):
    rows of one kind, which a reader takes to be exact together. ``part`` (m): positions of counts; ``of`` (m): the row
    each belongs to, ascending.
    """

    whole: Ints
    is_exact: Mask
    group: Ints
    part: Ints
    of: Ints

    @cached_property
    def start(self) -> Ints:
        """Where the parts of each row begin; one more at the end."""
        return np.searchsorted(self.of, np.arange(len(self.whole) + 1)).astype(np.int64)

    def agreeing(self, counts: Ints, known: Mask) -> Equations:
        """Those that counts agree with; a row with an unknown count is left out.

        Where all rows of a group that may be exact are so in truth, a reader may know: everybody has a place, every
        month is in a year. Where one is not, none is taken to be.
        """
        spare = counts[self.whole] - np.bincount(
            self.of, weights=counts[self.part], minlength=len(self.whole)
        ).astype(np.int64)
        unknown = np.bincount(self.of, weights=~known[self.part], minlength=len(self.whole)) > 0
        kept = (spare >= 0) & ~unknown & known[self.whole]
        inexact = np.bincount(self.group, weights=(spare != 0) & ~unknown & known[self.whole]) > 0
        number = np.cumsum(kept) - 1
        parts = kept[self.of]
        is_exact = (self.is_exact & ~inexact[self.group])[kept]
        return Equations(
            self.whole[kept], is_exact, self.group[kept], self.part[parts], number[self.of[parts]]
        )


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest value of each count that agrees with everything, as far as propagation finds.

    ``low_by``, ``high_by``: the row of the equations that gave the bound; -1 for the published window itself.
    """

    low: Ints
    high: Ints
    low_by: Ints
    high_by: Ints

    @property
    def contradictory(self) -> Ints:
        """Positions of counts of which nothing is possible: the publication contradicts itself."""
        return np.flatnonzero(self.low > self.high)


def bounds(low: Ints, high: Ints, equations: Equations) -> Bounds:
    """Narrow windows ``low``..``high`` (n_counts) by the equations until they rest, or contradict each other."""
    low, high = low.copy(), high.copy()
    low_by, high_by = np.full(len(low), -1, dtype=np.int64), np.full(len(low), -1, dtype=np.int64)
    whole, exact, part, of = equations.whole, equations.is_exact, equations.part, equations.of
    rows = np.arange(len(whole), dtype=np.int64)
    for _ in range(ROUNDS):
        least = np.bincount(of, weights=low[part], minlength=len(whole)).astype(np.int64)
        most = np.bincount(of, weights=high[part], minlength=len(whole)).astype(np.int64)
        changed = _raise(low, low_by, whole, least, rows)
        changed |= _lower(high, high_by, whole[exact], most[exact], rows[exact])
        changed |= _lower(high, high_by, part, high[whole][of] - (least[of] - low[part]), of)
        full = exact[of]
        parts = part[full]
        changed |= _raise(low, low_by, parts, low[whole][of[full]] - (most[of[full]] - high[parts]), of[full])
        if not changed or (low > high).any():
            break
    return Bounds(low, high, low_by, high_by)


def _raise(low: Ints, by: Ints, at: Ints, to: Ints, rows: Ints) -> bool:
    better = to > low[at]
    if not better.any():
        return False
    at, to, rows = at[better], to[better], rows[better]
    np.maximum.at(low, at, to)
    reached = low[at] == to
    by[at[reached]] = rows[reached]
    return True


def _lower(high: Ints, by: Ints, at: Ints, to: Ints, rows: Ints) -> bool:
    better = to < high[at]
    if not better.any():
        return False
    at, to, rows = at[better], to[better], rows[better]
    np.minimum.at(high, at, to)
    reached = high[at] == to
    by[at[reached]] = rows[reached]
    return True


def involved(equations: Equations, found: Bounds, count: int, *, highest: bool) -> Ints:
    """The other counts of the relation that gave a bound of one count; none where its own window did."""
    row = int((found.high_by if highest else found.low_by)[count])
    if row < 0:
        return np.zeros(0, dtype=np.int64)
    start, end = equations.start[row : row + 2]
    members = np.append(equations.part[start:end], equations.whole[row])
    return members[members != count]


def behind(equations: Equations, found: Bounds, count: int, *, highest: bool) -> Ints:
    """Counts whose windows together gave a bound of one count: those at the ends of the chain of equations."""
    start = equations.start
    ends: set[int] = set()
    seen = {(count, highest)}
    todo = [(count, highest)]
    while todo:
        here, upper = todo.pop()
        row = int((found.high_by if upper else found.low_by)[here])
        if row < 0:
            ends.add(here)
            continue
        whole = int(equations.whole[row])
        parts = [int(part) for part in equations.part[start[row] : start[row + 1]]]
        if here == whole:
            needed = [(part, upper) for part in parts]
        else:
            needed = [(whole, upper), *((part, not upper) for part in parts if part != here)]
        for item in needed:
            if item not in seen:
                seen.add(item)
                todo.append(item)
    ends.discard(count)
    return np.array(sorted(ends), dtype=np.int64)
