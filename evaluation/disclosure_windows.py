"""What published rows say of the counts behind them: a window for each, read from the publication alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dbt_project.registry.metrics import DisclosureRule, Metric
from evaluation.disclosure import ESTIMATED, RATIO_UNITS
from evaluation.disclosure_audit import UNBOUNDED, Ints


def windows(rows: pd.DataFrame, metric: Metric, part: str, rule: DisclosureRule) -> tuple[Ints, Ints]:
    """Lowest and highest count that each published row of a metric of class B or C allows for one of its parts.

    Shown in England, or not rounded: the count itself. Shown below: half the rounding base around it, and above the
    withheld class, because a smaller count would not be shown. Not shown: anything; but where no value is given
    because too few people stand behind it (status ``unreliable``, not suppressed), fewer than the metric's least
    denominator.
    """
    shown = counts_of(rows, metric, part)
    is_shown = ~np.isnan(shown)
    england = (rows["org_level"] == "england").to_numpy(dtype=np.bool_)
    count = np.where(is_shown, shown, 0)
    below, above = rule.round_to // 2, (rule.round_to - 1) // 2
    is_whole = england | (count % rule.round_to != 0)  # what is no multiple was not rounded
    low = np.where(is_whole, count, np.maximum(count - below, rule.suppress_up_to + 1))
    high = np.where(is_whole, count, count + above)
    suppressed = rows["suppressed"].to_numpy(dtype=np.bool_)
    few = (
        ~is_shown
        & (rows["status"] == "unreliable").to_numpy(dtype=np.bool_)
        & ~suppressed
        & (metric.minimum_denominator > 0 and part == "denominator" and metric.method != ESTIMATED)
    )
    # a median that was not reached is said only where enough people wait for it
    enough = ~is_shown & ~suppressed & ~england & (rows["status"] == "not_reached").to_numpy(dtype=np.bool_)
    low = np.where(is_shown, low, np.where(enough, rule.suppress_up_to + 1, 0))
    high = np.where(is_shown, high, np.where(few, metric.minimum_denominator - 1, UNBOUNDED))
    return low.astype(np.int64), high.astype(np.int64)


def counts_of(rows: pd.DataFrame, metric: Metric, part: str) -> NDArray[np.float64]:
    """The numerator or denominator of each row; NaN where it has none. A plain count may be in ``value`` alone."""
    shown = rows[part].to_numpy(dtype=np.float64, na_value=np.nan)
    if part == "numerator" and metric.denominator is None:
        value = rows["value"].to_numpy(dtype=np.float64, na_value=np.nan)
        shown = np.where(np.isnan(value), shown, value)
    return shown


def rates_follow(rows: pd.DataFrame, metric: Metric) -> bool:
    """Whether every shown percentage, rate or ratio is that of the two counts beside it."""
    if metric.unit not in RATIO_UNITS or metric.method == ESTIMATED:
        return True
    value, numerator, denominator = (
        rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("value", "numerator", "denominator")
    )
    shown = ~np.isnan(value) & ~np.isnan(numerator) & (denominator > 0)
    scale = 100.0 if metric.unit == "percent" else float(metric.per)
    return bool(np.allclose(value[shown], numerator[shown] / denominator[shown] * scale, rtol=1e-9, atol=0))
