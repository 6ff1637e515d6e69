"""Time to an event under right censoring, one answer a cell: medians, landmark shares, curves, log-rank test.

==============================  =====================================================================
``kaplan_meier_median``         median time to the only event there is
``kaplan_meier_at``             share without the event at a day (landmark retention)
``cumulative_incidence_median`` smallest time by which a share has had the event, others competing
``cumulative_incidence_at``     share that has had the event by a day, others competing
``kaplan_meier_curve``          the whole curve of one group, for a chart
``cumulative_incidence_curve``  the same with competing events
``log_rank``                    test of equal survival in two or more groups
==============================  =====================================================================

Input: one row a unit with ``cell`` (dense whole numbers 0..k-1), ``duration_days`` (0 or more) and either
``is_event`` or ``outcome`` (0 censored, 1 the event, 2 and above competing events). Output: one row for each of
the cells 0..k-1, those without units or with fewer than ``minimum_n`` included, whose figures are missing.

Conventions. An event on a day comes before a censoring on that day. A duration of 0 is an event, or the end of
observation, on the first day. An interval is pointwise 95 % on the log(-log) scale (Kalbfleisch & Prentice, The
Statistical Analysis of Failure Time Data, 1980); it is missing where the curve stands at 0 or 1, where the scale
ends. The interval of a median inverts the pointwise interval (Brookmeyer & Crowley, Biometrics 1982;38:29-41):
its ends are observed event times, and an end that the curve does not reach is missing. A figure at a day that
nobody was observed up to is missing unless everybody had an event before: the curve is not drawn out.

The Kaplan-Meier curve and Greenwood's error are statsmodels' ``SurvfuncRight``. The Aalen-Johansen curve and its
error are own code, because ``CumIncidenceRight`` gives no error from the day on which the last people under
observation have an event, and no number at risk; every other number is tested to equal it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from evaluation import intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEDIAN = 0.5
ROUNDING = 1e-9  # a product of ratios that should be a half may come out this far beside it


class Curve(NamedTuple):
    """The share with the event by each day on which any event happened, with its pointwise interval."""

    time: Floats
    at_risk: Floats
    events: Floats
    share: Floats
    lower: Floats
    upper: Floats


class LogRank(NamedTuple):
    """Chi-square statistic of a log-rank test, its degrees of freedom and p-value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def kaplan_meier_median(
    frame: pd.DataFrame,
    *,
    minimum_n: int = 1,
    cells: int | None = None,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Median time to the event: the smallest day by which the Kaplan-Meier curve has fallen to a half.

    ``frame``: cell, duration_days, is_event. Returns cell, n (units), events, estimate, lower, upper (days) and
    is_reached. ``cells`` is k where the last cells have no unit.
    """
    units = _units(frame, "is_event", cells)
    return _quantiles(units, _survival, MEDIAN, minimum_n, confidence)


def cumulative_incidence_median(
    frame: pd.DataFrame,
    *,
    share: float = MEDIAN,
    minimum_n: int = 1,
    cells: int | None = None,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Smallest day by which the Aalen-Johansen cumulative incidence of outcome 1 has risen to ``share``.

    ``frame``: cell, duration_days, outcome. Returns cell, n, events (of outcome 1), estimate, lower, upper
    (days) and is_reached; where competing events keep the curve below ``share`` for good it is never reached.
    """
    units = _units(frame, "outcome", cells)
    return _quantiles(units, _incidence, share, minimum_n, confidence)


def kaplan_meier_at(
    frame: pd.DataFrame,
    at_days: float,
    *,
    minimum_n: int = 1,
    cells: int | None = None,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Share without the event by the end of day ``at_days`` (Kaplan-Meier).

    ``frame``: cell, duration_days, is_event. Returns cell, n (units), events (up to and on that day), at_risk
    (units observed up to that day), estimate, lower, upper (proportions).
    """
    units = _units(frame, "is_event", cells)
    table = _landmarks(units, _survival, at_days, minimum_n, confidence)
    kept = {"estimate": 1 - table["estimate"], "lower": 1 - table["upper"], "upper": 1 - table["lower"]}
    return table.assign(**kept)


def cumulative_incidence_at(
    frame: pd.DataFrame,
    at_days: float,
    *,
    minimum_n: int = 1,
    cells: int | None = None,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Share with outcome 1 by the end of day ``at_days`` (Aalen-Johansen), other outcomes competing.

    ``frame``: cell, duration_days, outcome. Returns cell, n (units), events (of outcome 1, up to and on that
    day), at_risk (units observed up to that day), estimate, lower, upper (proportions).
    """
    units = _units(frame, "outcome", cells)
    return _landmarks(units, _incidence, at_days, minimum_n, confidence)


def kaplan_meier_curve(frame: pd.DataFrame, *, confidence: float = intervals.CONFIDENCE) -> pd.DataFrame:
    """Share without the event, day by day, of one group: duration_days, is_event.

    Returns time (days, from 0, then every day with an event and the last day observed), at_risk (just before
    the events of that day), events, estimate, lower, upper.
    """
    table = _drawn(frame, "is_event", _survival, confidence)
    kept = {"estimate": 1 - table["estimate"], "lower": 1 - table["upper"], "upper": 1 - table["lower"]}
    return table.assign(**kept)


def cumulative_incidence_curve(
    frame: pd.DataFrame, *, confidence: float = intervals.CONFIDENCE
) -> pd.DataFrame:
    """Share with outcome 1, day by day, of one group: duration_days, outcome.

    Returns time (days, from 0, then every day with any outcome and the last day observed), at_risk, events (of
    outcome 1), estimate, lower, upper.
    """
    return _drawn(frame, "outcome", _incidence, confidence)


def log_rank(frame: pd.DataFrame, group: str) -> LogRank:
    """Log-rank test that the groups in column ``group`` share one survival curve (statsmodels ``survdiff``).

    ``frame``: duration_days, is_event and the group. With fewer than two groups, or no event, the test says
    nothing: statistic and p-value are NaN.
    """
    duration, outcome = _checked(frame, "is_event")
    groups = frame[group].astype("category").cat.codes.to_numpy()
    freedom = len(np.unique(groups)) - 1
    if freedom < 1 or not outcome.any():
        return LogRank(np.nan, max(freedom, 0), np.nan)
    statistic = float(survdiff(duration, outcome, groups)[0])
    return LogRank(statistic, freedom, float(stats.chi2.sf(statistic, freedom)))


class _Units(NamedTuple):
    """Units in the order of their cell: those of cell ``i`` are rows ``start[i]`` to ``start[i + 1]``."""

    duration: Floats
    outcome: Ints
    cell: Ints
    start: Ints

    @property
    def cells(self) -> int:
        return len(self.start) - 1

    def counts(self, rows: NDArray[np.bool_] | None = None) -> Ints:
        """Units of each cell, or of those rows."""
        return np.bincount(self.cell if rows is None else self.cell[rows], minlength=self.cells)

    def large(self, minimum_n: int) -> Iterator[tuple[int, Floats, Ints]]:
        """Durations and outcomes of each cell with at least ``minimum_n`` units, and at least one."""
        for cell in np.flatnonzero(np.diff(self.start) >= max(minimum_n, 1)):
            rows = slice(self.start[cell], self.start[cell + 1])
            yield int(cell), self.duration[rows], self.outcome[rows]


CurveOf = Callable[[Floats, Ints, float], Curve]


def _units(frame: pd.DataFrame, kind: str, cells: int | None) -> _Units:
    duration, outcome = _checked(frame, kind)
    cell = frame["cell"].to_numpy(dtype=np.int64)
    last = int(cell.max()) if len(cell) else -1
    known = last + 1 if cells is None else cells
    if len(cell) and (int(cell.min()) < 0 or last >= known):
        raise ValueError(f"cell: expected 0 to {known - 1}, found {int(cell.min())} to {last}")
    order = np.argsort(cell, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=known))]).astype(np.int64)
    return _Units(duration[order], outcome[order], cell[order], start)


def _checked(frame: pd.DataFrame, kind: str) -> tuple[Floats, Ints]:
    duration = frame["duration_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    bad = int((~(np.isfinite(duration) & (duration >= 0))).sum())
    if bad:
        raise ValueError(f"duration_days: missing or below 0 in {bad} of {len(duration)} rows")
    missing = int(frame[kind].isna().sum())
    if missing:
        raise ValueError(f"{kind}: missing in {missing} of {len(duration)} rows")
    outcome = frame[kind].to_numpy(dtype=np.int64)
    highest = int(outcome.max(initial=0))
    if outcome.min(initial=0) < 0 or (kind == "is_event" and highest > 1):
        raise ValueError(f"{kind}: expected codes from 0, found {int(outcome.min())} to {highest}")
    return duration, outcome


def _survival(duration: Floats, outcome: Ints, confidence: float) -> Curve:
    """Kaplan-Meier, turned round to the share with the event."""
    if not outcome.any():
        return _nothing_happened()
    fit = SurvfuncRight(duration, outcome)
    kept = np.asarray(fit.surv_prob, dtype=np.float64)
    error = np.asarray(fit.surv_prob_se, dtype=np.float64)
    lower, upper = _log_minus_log(kept, error, confidence)
    time, at_risk, events = (
        np.asarray(part, dtype=np.float64) for part in (fit.surv_times, fit.n_risk, fit.n_events)
    )
    return Curve(time, at_risk, events, 1 - kept, 1 - upper, 1 - lower)


def _incidence(duration: Floats, outcome: Ints, confidence: float) -> Curve:
    """Aalen-Johansen cumulative incidence of outcome 1, with the delta-method error of the reference below.

    Source of the error: Marubini & Valsecchi, Analysing Survival Data from Clinical Trials and Observational
    Studies, 1995, formula 10.12 (Dinse & Larson, Biometrika 1986;73:379-386). In its first sum the term of the
    day itself is (I(t) - I(t))^2 times Greenwood's term: 0, also where all at risk have an event that day.
    """
    if not outcome.any():
        return _nothing_happened()
    days, day = np.unique(duration, return_inverse=True)
    risk = np.cumsum(np.bincount(day)[::-1])[::-1]
    any_event = np.bincount(day[outcome > 0], minlength=len(days))
    happened = any_event > 0
    n = risk[happened].astype(np.float64)
    d = any_event[happened].astype(np.float64)
    first = np.bincount(day[outcome == 1], minlength=len(days))[happened].astype(np.float64)
    free = np.cumprod(1 - d / n)
    before = np.concatenate([[1.0], free[:-1]])
    share = np.cumsum(before * first / n)

    greenwood = np.divide(d, n * (n - d), out=np.zeros_like(d), where=n > d)
    jump = before * first / n**2
    variance = (
        share**2 * np.cumsum(greenwood)
        - 2 * share * np.cumsum(share * greenwood)
        + np.cumsum(share**2 * greenwood)
        + np.cumsum((before / n) ** 2 * (n - first) * first / n)
        - 2 * share * np.cumsum(jump)
        + 2 * np.cumsum(share * jump)
    )
    lower, upper = _log_minus_log(share, np.sqrt(np.clip(variance, 0, None)), confidence)
    return Curve(days[happened], n, first, share, lower, upper)


def _nothing_happened() -> Curve:
    none = np.empty(0, dtype=np.float64)
    return Curve(none, none, none, none, none, none)


def _log_minus_log(share: Floats, error: Floats, confidence: float) -> intervals.Interval:
    """Limits of a share from its standard error on the log(-log) scale; missing where the share is 0 or 1."""
    inside = (share > 0) & (share < 1)
    p = np.where(inside, share, np.nan)
    log_p = np.log(p)
    spread = intervals.normal_quantile(confidence) * np.where(inside, error, np.nan) / np.abs(p * log_p)
    with np.errstate(over="ignore"):  # a very uncertain share: its lower limit is 0
        return p ** np.exp(spread), p ** np.exp(-spread)


def _quantiles(
    units: _Units, curve_of: CurveOf, share: float, minimum_n: int, confidence: float
) -> pd.DataFrame:
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, found {share}")
    figures = np.full((units.cells, 3), np.nan)
    for cell, duration, outcome in units.large(minimum_n):
        figures[cell] = _reaches(curve_of(duration, outcome, confidence), share)
    return _table(units, units.counts(units.outcome == 1)).assign(
        estimate=figures[:, 0],
        lower=figures[:, 1],
        upper=figures[:, 2],
        is_reached=~np.isnan(figures[:, 0]),
    )


def _reaches(curve: Curve, share: float) -> tuple[float, float, float]:
    """When the curve, its upper limit and, for good, its lower limit have risen to ``share``."""
    lower = np.where(np.isnan(curve.lower), curve.share, curve.lower)
    upper = np.where(np.isnan(curve.upper), curve.share, curve.upper)
    last_below = np.flatnonzero(lower <= share)
    return (
        _first(curve.time, curve.share >= share - ROUNDING),
        _first(curve.time, upper >= share),
        _first(curve.time, np.arange(len(lower)) > (last_below[-1] if len(last_below) else -1)),
    )


def _first(time: Floats, chosen: NDArray[np.bool_]) -> float:
    return float(time[chosen.argmax()]) if chosen.any() else np.nan


def _landmarks(
    units: _Units, curve_of: CurveOf, at_days: float, minimum_n: int, confidence: float
) -> pd.DataFrame:
    if not at_days >= 0:
        raise ValueError(f"at_days must be 0 or more, found {at_days}")
    figures = np.full((units.cells, 3), np.nan)
    for cell, duration, outcome in units.large(minimum_n):
        end = duration.max()
        if end < at_days and not outcome[duration == end].all():
            continue  # nobody was observed that long, and somebody could still have the event
        figures[cell] = _value_at(curve_of(duration, outcome, confidence), at_days)
    by_then = (units.outcome == 1) & (units.duration <= at_days)
    return _table(units, units.counts(by_then)).assign(
        at_risk=units.counts(units.duration >= at_days),
        estimate=figures[:, 0],
        lower=figures[:, 1],
        upper=figures[:, 2],
    )


def _value_at(curve: Curve, day: float) -> tuple[float, float, float]:
    row = int(np.searchsorted(curve.time, day, side="right")) - 1
    if row < 0:
        return 0.0, np.nan, np.nan
    return float(curve.share[row]), float(curve.lower[row]), float(curve.upper[row])


def _table(units: _Units, events: Ints) -> pd.DataFrame:
    return pd.DataFrame({"cell": np.arange(units.cells), "n": units.counts(), "events": events})


def _drawn(frame: pd.DataFrame, kind: str, curve_of: CurveOf, confidence: float) -> pd.DataFrame:
    """The curve as rows, with its beginning (day 0) and the last day observed added where nothing happened."""
    duration, outcome = _checked(frame, kind)
    columns = ["time", "at_risk", "events", "estimate", "lower", "upper"]
    if not len(duration):
        return pd.DataFrame({name: np.empty(0, dtype=np.float64) for name in columns})
    curve = curve_of(duration, outcome, confidence)
    days = np.union1d(curve.time, [0.0, duration.max()])
    row = np.searchsorted(curve.time, days, side="right")  # 0: before anything happened
    happened = np.isin(days, curve.time)
    table = pd.DataFrame(
        {
            "time": days,
            "at_risk": len(duration) - np.searchsorted(np.sort(duration), days, side="left"),
            "events": np.where(happened, np.concatenate([[0.0], curve.events])[row], 0).astype(np.int64),
            "estimate": np.concatenate([[0.0], curve.share])[row],
            "lower": np.concatenate([[np.nan], curve.lower])[row],
            "upper": np.concatenate([[np.nan], curve.upper])[row],
        }
    )
    return table[columns]
