"""Inequality along deprivation: slope and relative index of inequality, concentration index.

============================  ==========================================================================
``ridits``                    weighted mid-ranks of a score, 0 the most deprived end, 1 the least
``quintiles``                 fifth of the weighted ranking a unit falls into, 1 the most deprived
``slope_and_relative_index``  both indices from rates of ordered groups
``deprivation_gap``           both indices by cell, from units, with bootstrap intervals
``concentration_index``       concentration index by cell, from units, with bootstrap intervals
============================  ==========================================================================

Definition of the slope index: OHID (Public Health England), ``phe_sii`` of the R package PHEindicatormethods,
after Low A & Low A, J Public Health 2004;26:388-395. Groups stand in order of deprivation; the relative rank of
a group is the middle of its range in the cumulative distribution of the population; the rate is regressed on
that rank with the population share as weight. The fitted line is read at both ends of the ranking.

Sign: everything is **most deprived against least deprived**. The slope index is the fitted rate at rank 0 (most
deprived) minus that at rank 1, so that a positive value means more among the most deprived; the relative index
is the first divided by the second, above 1 likewise. That is ``phe_sii`` with a negative multiplier (it counts
least minus most otherwise). The concentration index is negative where events are concentrated among the most
deprived, as in its literature.

Intervals: percentile bootstrap over units (networks), seeded; a replicate without any population in one of the
groups, or without a defined index, is left out, and there is no interval where more than 5 % are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evaluation import intervals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# events and population by group (the last axis) in, indices (the last axis) out
Index = Callable[[Floats, Floats], Floats]

QUINTILES = 5
REPLICATES = 1000
LOST_REPLICATES = 0.05  # share of replicates without an index above which there is no interval


def ridits(score: ArrayLike, weight: ArrayLike | None = None) -> Floats:
    """Weighted mid-rank of each unit, from 0 (highest score, most deprived) to 1; equal scores share a rank.

    ``weight`` (list size, say) is 1 for every unit where it is left out. Units need a score and a weight of 0 or
    more; ValueError otherwise.
    """
    values = np.asarray(score, dtype=np.float64)
    weights = np.ones_like(values) if weight is None else np.asarray(weight, dtype=np.float64)
    if np.isnan(values).any() or not (weights >= 0).all():
        raise ValueError("ridits: a score is missing, or a weight is missing or below 0")
    _, group = np.unique(-values, return_inverse=True)
    mass = np.bincount(group, weights=weights).astype(np.float64)
    return _relative_rank(mass)[group] if len(values) else values


def quintiles(score: ArrayLike, weight: ArrayLike | None = None) -> Ints:
    """Fifth of the ranking a unit's mid-rank falls into: 1 (most deprived) to 5, on ``ridits``."""
    rank = ridits(score, weight)
    return np.minimum(np.floor(rank * QUINTILES), QUINTILES - 1).astype(np.int64) + 1


def slope_and_relative_index(rate: ArrayLike, population: ArrayLike) -> tuple[Floats, Floats]:
    """Slope and relative index of inequality of groups in order of deprivation, the most deprived first.

    The groups are the last axis of both arrays; earlier axes are separate answers. The slope index is in the
    unit of the rate. Both are NaN where a group has no population, the relative one also where the fitted line
    is below 0 at either end, or 0 at the least deprived.
    """
    y, people = np.broadcast_arrays(np.asarray(rate, np.float64), np.asarray(population, np.float64))
    share = np.where((people > 0).all(axis=-1, keepdims=True), people, np.nan)
    share = share / share.sum(axis=-1, keepdims=True)
    rank = _relative_rank(share)
    middle_rank = (share * rank).sum(axis=-1, keepdims=True)
    middle_rate = (share * y).sum(axis=-1, keepdims=True)
    slope = (share * (rank - middle_rank) * (y - middle_rate)).sum(axis=-1) / (
        share * (rank - middle_rank) ** 2
    ).sum(axis=-1)
    most = middle_rate[..., 0] - slope * middle_rank[..., 0]
    least = most + slope
    return -slope, np.divide(most, least, out=np.full_like(most, np.nan), where=(least > 0) & (most >= 0))


def deprivation_gap(
    frame: pd.DataFrame,
    *,
    per: float = 1,
    seed: int,
    replicates: int = REPLICATES,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Slope and relative index of inequality of events per population over quintiles.

    ``frame``: cell (dense whole numbers), unit, quintile (1 most deprived to 5), events, population; one row a
    unit and cell. ``per`` multiplies the rate (10,000 for per 10,000 people). Returns one row a cell: cell, n
    (units), events, population, sii, sii_lower, sii_upper, rii, rii_lower, rii_upper. The same seed and
    units, in the same order, give the same interval, whatever the number of their cell and whatever others hold.
    """
    wrong = int((~frame["quintile"].isin(range(1, QUINTILES + 1))).sum())
    if wrong:
        raise ValueError(f"quintile: expected 1 to {QUINTILES}, found something else in {wrong} rows")

    def indices(events: Floats, population: Floats) -> Floats:
        rate = np.divide(per * events, population, out=np.zeros_like(events), where=population > 0)
        return np.stack(slope_and_relative_index(rate, population), axis=-1)

    def of_cell(part: pd.DataFrame) -> Floats:
        group = part["quintile"].to_numpy(dtype=np.int64) - 1
        return _with_bootstrap(part, group, QUINTILES, indices, seed, replicates, confidence)

    return _by_cell(frame, of_cell, ["sii", "sii_lower", "sii_upper", "rii", "rii_lower", "rii_upper"])


def concentration_index(
    frame: pd.DataFrame,
    *,
    limits: tuple[float, float] | None = None,
    seed: int,
    replicates: int = REPLICATES,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Concentration index of events per population over the ranking by ``score`` (highest: most deprived).

    ``frame``: cell, unit, score, events, population; one row a unit and cell. The index is
    ``2 / mean * sum(share * rate * rank) - 1`` (Kakwani N, Wagstaff A, van Doorslaer E, J Econometrics
    1997;77:87-103). With ``limits``, the least and the greatest possible rate, it is Erreygers' corrected index
    ``4 * mean / (greatest - least) * index`` (Erreygers G, J Health Econ 2009;28:504-515). Returns one row a
    cell: cell, n, events, population, estimate, lower, upper; NaN where there is no event.
    """

    def index(events: Floats, population: Floats) -> Floats:
        people = population.sum(axis=-1)
        mean = np.divide(events.sum(axis=-1), people, out=np.full_like(people, np.nan), where=people > 0)
        rank = _relative_rank(population)
        covariance = np.divide(
            (events * rank).sum(axis=-1), people, out=np.zeros_like(people), where=people > 0
        )
        plain = 2 * np.divide(covariance, mean, out=np.full_like(mean, np.nan), where=mean > 0) - 1
        scale = 1 if limits is None else 4 * mean / (limits[1] - limits[0])
        return (plain * scale)[..., np.newaxis]

    def of_cell(part: pd.DataFrame) -> Floats:
        scores, group = np.unique(-part["score"].to_numpy(dtype=np.float64), return_inverse=True)
        return _with_bootstrap(part, group, len(scores), index, seed, replicates, confidence)

    if limits is not None and not limits[0] < limits[1]:
        raise ValueError(f"limits: expected the least rate below the greatest, found {limits}")
    if frame["score"].isna().any():
        raise ValueError(f"score: missing in {int(frame['score'].isna().sum())} of {len(frame)} rows")
    return _by_cell(frame, of_cell, ["estimate", "lower", "upper"])


def _relative_rank(mass: Floats) -> Floats:
    """Middle of each group's range in the cumulative distribution over the last axis."""
    total = mass.sum(axis=-1, keepdims=True)
    middle = np.cumsum(mass, axis=-1) - mass / 2
    return np.divide(middle, total, out=np.full_like(middle, np.nan), where=total > 0)


def _by_cell(
    frame: pd.DataFrame, of_cell: Callable[[pd.DataFrame], Floats], names: list[str]
) -> pd.DataFrame:
    repeated = int(frame.duplicated(["cell", "unit"]).sum())
    if repeated:
        raise ValueError(f"unit: {repeated} rows repeat the unit of another row of their cell")
    for column in ("events", "population"):
        wrong = int((~(frame[column].astype(float) >= 0)).sum())
        if wrong:
            raise ValueError(f"{column}: missing or below 0 in {wrong} of {len(frame)} rows")
    known = int(frame["cell"].max()) + 1 if len(frame) else 0
    totals = frame.groupby("cell")[["events", "population"]].sum().reindex(range(known), fill_value=0)
    figures = np.full((known, len(names)), np.nan)
    for cell, part in frame.groupby("cell"):
        figures[int(str(cell))] = of_cell(part)
    table = pd.DataFrame({"cell": np.arange(known), "n": np.bincount(frame["cell"], minlength=known)})
    table[["events", "population"]] = totals.to_numpy()
    return table.assign(**{name: figures[:, place] for place, name in enumerate(names)})


def _with_bootstrap(
    part: pd.DataFrame,
    group: Ints,
    groups: int,
    index: Index,
    seed: int,
    replicates: int,
    confidence: float,
) -> Floats:
    """Each index of one cell with its lower and upper limit, one after the other."""
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(groups))
    held = np.bincount(group, minlength=groups) > 0
    amounts = [part[name].to_numpy(dtype=np.float64)[order] for name in ("events", "population")]

    def by_group(times: Floats) -> tuple[Floats, Floats]:
        sums: list[Floats] = []
        for amount in amounts:
            total = np.zeros((len(times), groups))
            total[:, held] = np.add.reduceat(times * amount, start[held], axis=1)
            sums.append(total)
        return sums[0], sums[1]

    units = len(order)
    drawn = np.random.default_rng(seed).integers(units, size=(replicates, units))
    drawn += np.arange(replicates)[:, np.newaxis] * units
    times = np.bincount(drawn.ravel(), minlength=replicates * units).reshape(replicates, units)
    estimate = index(*by_group(np.ones((1, units))))[0]
    spread = index(*by_group(times.astype(np.float64)))
    tail = (1 - intervals.checked_confidence(confidence)) / 2
    lower, upper = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    for place in range(len(estimate)):
        known = spread[~np.isnan(spread[:, place]), place]
        if not np.isnan(estimate[place]) and len(known) >= (1 - LOST_REPLICATES) * replicates:
            lower[place], upper[place] = np.quantile(known, [tail, 1 - tail])
    return np.column_stack([estimate, lower, upper]).ravel()
