"""Funnel plots: control limits of ratios and proportions, outliers, overdispersion.

======================  ==========================================================================
``ratio_funnel``        where a count of events meets the limits of an observed/expected ratio
``rate_funnel``         counts against populations: expected, limits at each population, who is outside
``proportion_limits``   limits of a proportion around an average, by size of the population
``signals``             which observed counts lie outside the limits, and how far
``overdispersion``      Spiegelhalter's phi and the variance between units that it implies
``overdispersed_limits``  limits of a ratio widened by that variance
``widened``             limits of ``rate_funnel`` widened by phi, and who is outside them
======================  ==========================================================================

Conventions: OHID's, as in the R package PHEindicatormethods (``calculate_funnel_limits``,
``assign_funnel_significance``): limits at 95 % and 99.8 %, ratios by the Poisson distribution, proportions by the
normal approximation around the average. Overdispersion: Spiegelhalter DJ, Stat Med 2005;24:1185-1202, and Qual
Saf Health Care 2005;14:347-351, as in the R package FunnelPlotR.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from evaluation import intervals

Floats = NDArray[np.float64]

WARNING = 0.95
ALARM = 0.998
_FAR = 5.0  # standard deviations, beyond every limit drawn
TRIMMED = 0.1  # share of the units at each end whose z-scores are cut before phi is taken

Scale = Literal["log", "root"]

_CUT = float(stats.norm.ppf(1 - TRIMMED))
_LARGE = 100.0  # expected events from which on counts by chance are as good as normal
_BETWEEN_CUTS = 1 - 2 * TRIMMED - 2 * _CUT * float(stats.norm.pdf(_CUT))  # integral of z^2 between the cuts
# mean square of a standard normal without its outer tenths, and with them drawn in
_LEFT_OF_NORMAL: dict[Scale, float] = {
    "log": _BETWEEN_CUTS / (1 - 2 * TRIMMED),
    "root": _BETWEEN_CUTS + 2 * TRIMMED * _CUT**2,
}


class Overdispersion(NamedTuple):
    """``phi`` (1: no more spread than chance), ``between`` (variance between units, on the scale used), n."""

    phi: float
    between: float
    units: int


def ratio_funnel(observed: ArrayLike) -> pd.DataFrame:
    """Points of the limits of observed/expected events, one row a whole number of observed events above 0.

    Returns observed and, for 95 and 99.8 %, the expected events at which so many observed lie on the lower and
    on the upper limit, and their ratio there: ``lower_95_expected``, ``lower_95_ratio`` and so on. The expected
    events on the lower limit are the exact upper Poisson limit of the observed, and the other way round.
    """
    events = np.asarray(observed, dtype=np.float64)
    table = pd.DataFrame({"observed": events})
    for name, confidence in (("95", WARNING), ("998", ALARM)):
        least, most = intervals.poisson_exact(np.where(events > 0, events, np.nan), confidence=confidence)
        for side, expected in (("lower", most), ("upper", least)):
            table[f"{side}_{name}_expected"] = expected
            table[f"{side}_{name}_ratio"] = events / expected
    return table


def rate_funnel(observed: ArrayLike, population: ArrayLike, *, per: float = 1.0) -> pd.DataFrame:
    """Counts of units against what each would have at the rate of all units together; one row a unit, in order.

    ``observed``: events or people, 0 or more; ``population``: whom they are for, above 0; rates are per ``per`` of
    it. Returns observed, population, rate, expected (count), overall (rate of all units), the limits of the rate at
    the unit's population (``lower_95``, ``upper_95``, ``lower_998``, ``upper_998``) and ``signal`` as
    :func:`signals` has it. The limits are those of :func:`ratio_funnel`, read off between whole numbers of events
    on a straight line; below the expected events at which one event lies on the lower limit, that limit is 0.
    Raises ValueError for a population that is not above 0 and for a count that is missing or below 0.
    """
    events, size = np.broadcast_arrays(np.asarray(observed, np.float64), np.asarray(population, np.float64))
    if not bool(np.all(size > 0)) or not bool(np.all(events >= 0)):
        raise ValueError("populations above 0 and counts of 0 or more are expected")
    overall = float(events.sum() / size.sum()) if len(events) else np.nan
    expected = size * overall
    table = pd.DataFrame(
        {"observed": events, "population": size, "rate": events / size * per, "expected": expected}
    )
    table["overall"] = overall * per
    points = ratio_funnel(np.arange(1, _events_enough(expected) + 1))
    for name in ("95", "998"):
        for side in ("lower", "upper"):
            at = points[f"{side}_{name}_expected"]
            least = 0.0 if side == "lower" else None
            on_limit = np.interp(expected, at, points["observed"], left=least)
            table[f"{side}_{name}"] = on_limit / size * per
    table["signal"] = signals(events, expected)
    return table


def _events_enough(expected: NDArray[np.float64]) -> int:
    """So many events that even their lower limit lies above every expected count."""
    most = float(expected.max()) if len(expected) else 0.0
    return int(np.ceil(most + _FAR * np.sqrt(most) + _FAR**2))


def proportion_limits(
    population: ArrayLike, average: ArrayLike, *, confidence: float = WARNING
) -> intervals.Interval:
    """Limits of a proportion in a population of that size around ``average``, cut to 0..1.

    The proportions whose Wilson interval ends at the average: ``average -/+ z sqrt(average (1 - average) / n)``.
    """
    n, p = np.broadcast_arrays(np.asarray(population, np.float64), np.asarray(average, np.float64))
    valid = (n > 0) & (p >= 0) & (p <= 1)
    n, p = np.where(valid, n, np.nan), np.where(valid, p, np.nan)
    spread = intervals.normal_quantile(confidence) * np.sqrt(p * (1 - p) / n)
    return np.clip(p - spread, 0, 1), np.clip(p + spread, 0, 1)


def signals(observed: ArrayLike, expected: ArrayLike) -> NDArray[np.str_]:
    """``low_998``, ``low_95``, ``within``, ``high_95`` or ``high_998`` for each observed against expected count.

    Outside a limit means that OHID's interval of the observed (``intervals.poisson``) leaves the expected out.
    """
    events, by_chance = np.broadcast_arrays(
        np.asarray(observed, np.float64), np.asarray(expected, np.float64)
    )
    least, most = intervals.poisson(events, confidence=WARNING)
    far_least, far_most = intervals.poisson(events, confidence=ALARM)
    conditions = [far_least > by_chance, least > by_chance, far_most < by_chance, most < by_chance]
    return np.select(conditions, ["high_998", "high_95", "low_998", "low_95"], "within")


def overdispersion(
    observed: ArrayLike, expected: ArrayLike, *, scale: Scale = "log", consistent: bool = False
) -> Overdispersion:
    """Spread of observed/expected ratios in units of what chance alone would give.

    ``log``: z = sqrt(expected) log(observed / expected), a tenth of the units cut off at each end (NHS
    England's method for the Summary Hospital-level Mortality Indicator); a unit without events has no z and is
    left out. ``root``: z = 2 (sqrt(observed) - sqrt(expected)), the outer tenths drawn in to the 10th and 90th
    percentile (Care Quality Commission); takes units without events. ``phi`` is the mean square of z, ``between``
    the DerSimonian-Laird variance where phi says there is any. Fewer than two units give NaN.

    As published, cutting makes phi too small where no unit is an outlier: by chance alone it is 0.44 (``log``) or
    0.68 (``root``), and where units differ 18 % (``log``) or 11 % (``root``) of them lie outside 95 % limits (200
    seeds of 100 units, log rates spread by 0.2). ``consistent`` divides phi by what cutting leaves of the mean square
    by chance alone, so that it is 1 there and 3 to 7 % lie outside: on the scale of logs of a normal distribution's, on
    that of roots of the Poisson distributions of these units, for roots of few events are far from normal.
    """
    events, by_chance = np.broadcast_arrays(
        np.asarray(observed, np.float64), np.asarray(expected, np.float64)
    )
    usable = (by_chance > 0) & (events >= 0) & ((events > 0) | (scale == "root"))
    events, by_chance = events[usable], by_chance[usable]
    if len(events) < 2:  # noqa: PLR2004 - one unit does not spread
        return Overdispersion(np.nan, np.nan, len(events))
    if scale == "log":
        z = np.sqrt(by_chance) * np.log(events / by_chance)
        parts = round(1 / TRIMMED)
        tenth = np.floor(stats.rankdata(z) * parts / (len(z) + 1))
        kept = (tenth > 0) & (tenth < parts - 1)
        z, precision = z[kept], by_chance[kept]
    else:
        z = 2 * (np.sqrt(events) - np.sqrt(by_chance))
        z, precision = np.clip(z, *np.quantile(z, [TRIMMED, 1 - TRIMMED])), 4 * by_chance
    units = len(z)
    phi = float(np.mean(z**2)) / (_left_by_chance(by_chance, scale) if consistent else 1.0)
    excess = units * phi - (units - 1)
    spare = precision.sum() - (precision**2).sum() / precision.sum()
    return Overdispersion(phi, max(0.0, float(excess / spare)), units)


def _left_by_chance(expected: Floats, scale: Scale) -> float:
    """Mean square of z that cutting leaves where every unit's events are by chance.

    ``root``: z of all units together has the mixture of their Poisson distributions, whose outer tenths are drawn in.
    """
    if scale == "log" or expected.min() >= _LARGE:
        return _LEFT_OF_NORMAL[scale]
    counts = np.arange(_events_enough(expected) + 1, dtype=np.float64)
    share = stats.poisson.pmf(counts[:, None], expected[None, :]) / len(expected)
    z = (2 * (np.sqrt(counts)[:, None] - np.sqrt(expected)[None, :])).ravel()
    order = np.argsort(z, kind="stable")
    up_to = np.cumsum(share.ravel()[order])
    low, high = (z[order[np.searchsorted(up_to, part)]] for part in (TRIMMED, 1 - TRIMMED))
    return float(np.sum(share.ravel() * np.clip(z, low, high) ** 2))


def overdispersed_limits(
    expected: ArrayLike, between: float, *, confidence: float = WARNING, scale: Scale = "log"
) -> intervals.Interval:
    """Limits of observed/expected with the variance ``between`` units added to that of chance."""
    by_chance = np.asarray(expected, dtype=np.float64)
    by_chance = np.where(by_chance > 0, by_chance, np.nan)
    z = intervals.normal_quantile(confidence)
    if scale == "log":
        spread = z * np.sqrt(1 / by_chance + between)
        return np.exp(-spread), np.exp(spread)
    spread = z * np.sqrt(1 / (4 * by_chance) + between)
    return np.clip(1 - spread, 0, None) ** 2, (1 + spread) ** 2


def widened(limits: pd.DataFrame, phi: float) -> pd.DataFrame:
    """The table of :func:`rate_funnel` with limits wider by the root of ``phi``; as it is where phi is at most 1.

    Spiegelhalter's multiplicative model (Stat Med 2005;24:1185-1202, section 3): each limit keeps its side and moves
    away from the overall rate. It keeps the exact limits of few events, where adding a variance on the scale of roots
    does not hold its share. A lower limit ends at 0. ``signal`` is by the rate against the wider limits.
    """
    if not phi > 1:
        return limits
    table = limits.copy()
    for name in ("lower_95", "upper_95", "lower_998", "upper_998"):
        moved = limits["overall"] + np.sqrt(phi) * (limits[name] - limits["overall"])
        table[name] = moved.clip(lower=0)
    rate = table["rate"]
    conditions = [
        rate > table["upper_998"],
        rate > table["upper_95"],
        rate < table["lower_998"],
        rate < table["lower_95"],
    ]
    table["signal"] = np.select(conditions, ["high_998", "high_95", "low_998", "low_95"], "within")
    return table
