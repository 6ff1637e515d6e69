"""Months, quarters, financial years and the programme as a whole: which period a day belongs to, where it ends."""

from __future__ import annotations

import pandas as pd

PROGRAMME_START = pd.Timestamp("2021-04-01")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def period_of(days: pd.Series, grain: str) -> pd.Series:
    """First day of each day's period; financial years start on 1 April; `all` starts with the programme."""
    if grain == "all":
        return pd.Series(PROGRAMME_START, index=days.index)
    months = (days.dt.year * 12 + days.dt.month - 1).astype("int64")
    # counted from April, so that quarters and years start where the financial year does
    first = (months - 3) // MONTHS[grain] * MONTHS[grain] + 3
    return pd.to_datetime(pd.DataFrame({"year": first // 12, "month": first % 12 + 1, "day": 1}))


def last_day(start: pd.Timestamp, grain: str, cut_off: pd.Timestamp) -> pd.Timestamp:
    """Last day of a period, never after the data cut-off."""
    if grain == "all":
        return cut_off
    return min(start + pd.DateOffset(months=MONTHS[grain]) - pd.Timedelta(days=1), cut_off)


def middle(start: pd.Timestamp, grain: str, cut_off: pd.Timestamp) -> pd.Timestamp:
    """The day half way between the first and the last day; of two middle days the earlier."""
    last = last_day(start, grain, cut_off)
    return start + pd.Timedelta(days=(last - start).days // 2)


def starts(grain: str, cut_off: pd.Timestamp) -> list[pd.Timestamp]:
    """First days of the programme's periods up to the cut-off."""
    if grain == "all":
        return [PROGRAMME_START]
    return list(pd.date_range(PROGRAMME_START, cut_off, freq=pd.DateOffset(months=MONTHS[grain])))


def months(cut_off: pd.Timestamp) -> list[pd.Timestamp]:
    """First days of the programme's months that are over at the cut-off."""
    return [first for first in starts("month", cut_off) if first + pd.offsets.MonthEnd(0) <= cut_off]
