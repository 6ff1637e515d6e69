"""A curve of time to an event as it may be published: on a fixed grid of months, and coarse enough to count nobody.

A curve drawn day by day gives every event away: its steps times the number of people are the events. So it is given
at whole months only, a month is left out until more people than the rule masks have had the event since the month
shown before (none counts as few: a flat piece would say zero), and it ends where few are left under observation.
Below England shares are rounded so that one step of the rounding is worth at least as many people as the rule rounds
counts to. What is left is disclosed by design: England's shares times its starters give counts above the rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dbt_project.registry.metrics import DisclosureRule
from evaluation.time_to_event import cumulative_incidence_curve

MONTHS = tuple(range(1, 37))
LEAST_AT_RISK = 30
DAYS_IN_MONTH = 365.25 / 12
COLUMNS = ("months", "share", "lower_95", "upper_95")
_PERCENT = 100.0
_DECIMALS = 1


def controlled_curve(
    units: pd.DataFrame,
    rule: DisclosureRule,
    *,
    rounded: bool,
    months: Sequence[int] = MONTHS,
    least_at_risk: int = LEAST_AT_RISK,
) -> pd.DataFrame:
    """Cumulative incidence of outcome 1 in percent, with its 95 % interval, at those months that may be shown.

    ``units``: duration_days and outcome (0 followed, 1 the event, 2 competing) of one group. ``rounded``: whether the
    rule rounds counts of this place. Returns :data:`COLUMNS`, ascending; empty where no month may be shown. Raises
    ValueError as :func:`evaluation.time_to_event.cumulative_incidence_curve`.
    """
    curve = cumulative_incidence_curve(units)
    duration = units["duration_days"].to_numpy(dtype=np.float64)
    is_event = units["outcome"].to_numpy(dtype=np.int64) == 1
    step = max(1.0, _PERCENT * rule.round_to / len(units)) if rounded and len(units) else 0.0
    rows: list[dict[str, float]] = []
    shown = 0
    for month in sorted(months):
        day = round(month * DAYS_IN_MONTH)
        if int((duration >= day).sum()) < least_at_risk:
            break
        events = int((is_event & (duration <= day)).sum())
        if events - shown <= rule.suppress_up_to:
            continue
        shown = events
        at = curve[curve["time"] <= day].iloc[-1]
        figures = (at["estimate"], at["lower"], at["upper"])
        share, lower, upper = (_coarse(float(figure) * _PERCENT, step) for figure in figures)
        rows.append({"months": month, "share": share, "lower_95": lower, "upper_95": upper})
    kinds = {"months": "int64", **dict.fromkeys(COLUMNS[1:], "float64")}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds)


def _coarse(percent: float, step: float) -> float:
    """Rounded to a multiple of the step, or to a tenth of a percent where there is none."""
    whole = np.round(percent / step) * step if step else percent
    return float(np.round(whole, _DECIMALS))
