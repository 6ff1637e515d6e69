"""Statistical process control: XmR charts by the conventions of NHS England's Making Data Count.

======================  ==========================================================================
``Rebase``              a period from which limits are computed anew, and the reason for it
``process_chart``       mean, limits and signals of a series, one row a period
======================  ==========================================================================

Rules, as in the R package NHSRplotthedots (``ptd_spc``): limits are the mean -/+ 2.66 times the mean moving
range, moving ranges of 3.267 times their mean or more being screened out first. A signal is a point outside the
limits; a shift, seven points in a row on one side of the mean; a trend, seven in a row each above, or each
below, the one before; or two of three points in a row close to one limit (beyond two thirds of the way) with all
three on that side of the mean. Runs do not cross a rebase. The constants: Wheeler DJ, Understanding Variation,
1993 (2.66 = 3 / 1.128 and 3.267 for ranges of two).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LIMIT = 2.66  # mean moving ranges from the mean to a limit
SCREEN = 3.267  # mean moving ranges from which a moving range is left out
CLOSE = 2 / 3  # of the way from the mean to a limit
RUN = 7  # points of a shift and of a trend
WINDOW, WINDOW_CLOSE = 3, 2  # two of three close to a limit
TRIAL_BELOW = 12  # points below which limits are trial limits


@dataclass(frozen=True)
class Rebase:
    """From this period on the process is another one; ``reason`` says why and may not be empty."""

    period: object
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"rebase at {self.period}: a reason is needed")


def process_chart(
    frame: pd.DataFrame, *, rebases: Sequence[Rebase] = (), screen: bool = True
) -> pd.DataFrame:
    """XmR chart of a series without gaps: ``period`` (sortable, no repeats) and ``value`` (no missing value).

    Returns, in order of period: period, value, segment (0 until the first rebase), reason (of the segment's
    rebase), mean, lower, upper (limits), moving_range, is_trial (limits from fewer than 12 points), is_outside,
    is_shift, is_trend, is_close (two of three), is_signal (any of them). A segment of one point has no limits.
    Raises ValueError for a missing value, a repeated period and a rebase at a period that is not in the series.
    """
    if frame["value"].isna().any():
        raise ValueError(f"value: missing in {int(frame['value'].isna().sum())} of {len(frame)} periods")
    if frame["period"].duplicated().any():
        raise ValueError(f"period: {int(frame['period'].duplicated().sum())} repeated")
    series = frame[["period", "value"]].sort_values("period", ignore_index=True)
    for rebase in rebases:
        if not series["period"].isin([rebase.period]).any():
            raise ValueError(f"rebase at {rebase.period}: no such period in the series")
    reasons = {rebase.period: rebase.reason for rebase in rebases}
    begins = series["period"].isin(list(reasons))
    series = series.assign(
        value=series["value"].astype(float),
        segment=begins.cumsum(),
        reason=series["period"].map(reasons).where(begins).ffill(),
    )
    parts = [
        part.assign(**_segment(part["value"].to_numpy(dtype=np.float64), screen))
        for _, part in series.groupby("segment")
    ]
    return pd.concat(parts, ignore_index=True) if parts else series.assign(**_segment(np.empty(0), screen))


def _segment(value: Floats, screen: bool) -> dict[str, Floats | Flags | float | bool]:
    mean = float(value.mean()) if len(value) else np.nan
    moving = np.abs(np.diff(value))
    kept = moving
    if screen and len(moving) and moving.mean() > 0:
        kept = moving[moving < SCREEN * moving.mean()]
    reach = LIMIT * float(kept.mean()) if len(kept) else np.nan
    side = np.sign(value - mean)
    outside = np.abs(value - mean) > reach
    near = ~outside & (np.abs(value - mean) > CLOSE * reach)
    shift = _members(np.abs(_sums(side, RUN)) == RUN, RUN, len(value))
    steps = _sums(np.sign(np.diff(value)), RUN - 1)
    trend = _members(np.abs(steps) == RUN - 1, RUN, len(value))
    pair = (_sums(near.astype(float), WINDOW) >= WINDOW_CLOSE) & (np.abs(_sums(side, WINDOW)) == WINDOW)
    close = near & _members(pair, WINDOW, len(value))
    return {
        "mean": mean,
        "lower": mean - reach,
        "upper": mean + reach,
        "moving_range": np.concatenate([np.full(min(len(value), 1), np.nan), moving]),
        "is_trial": len(value) < TRIAL_BELOW,
        "is_outside": outside,
        "is_shift": shift,
        "is_trend": trend,
        "is_close": close,
        "is_signal": outside | shift | trend | close,
    }


def _sums(values: Floats, width: int) -> Floats:
    """Sum of each ``width`` neighbours, by the first of them."""
    if len(values) < width:
        return np.empty(0, dtype=np.float64)
    return np.convolve(values, np.ones(width), mode="valid")


def _members(found: Flags, width: int, length: int) -> Flags:
    """Every point of the windows that were found, by their first point."""
    member = np.zeros(length, dtype=np.bool_)
    for first in np.flatnonzero(found):
        member[first : first + width] = True
    return member
