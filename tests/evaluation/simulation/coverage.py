"""How often 95 % intervals hold the effect that was planted, and how often nothing is taken for an effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np

Data = TypeVar("Data")
Drawn_co = TypeVar("Drawn_co", covariant=True)

SEEDS = range(200)


class Answer(NamedTuple):
    """An estimate with its 95 % interval."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class World(Generic[Data]):
    """What an analyst sees, and the effect that was put in."""

    data: Data
    truth: float


class Worlds(Protocol[Drawn_co]):
    """A world for a seed, with an effect planted or with none; the same seed gives the same world."""

    def __call__(self, seed: int, *, planted: bool) -> World[Drawn_co]: ...


@dataclass(frozen=True)
class Coverage:
    """Over ``seeds`` worlds with an effect and as many without.

    ``covered``: share of intervals that hold the truth, where there is an effect; ``found``: share that leave
    no effect out, where there is none; ``power``: the same where there is one; ``bias``: mean estimate minus
    truth; ``missed_low``, ``missed_high``: shares of intervals wholly below and wholly above the truth.
    """

    seeds: int
    covered: float
    found: float
    power: float
    bias: float
    missed_low: float
    missed_high: float


def coverage(
    estimate: Callable[[Data], Answer],
    worlds: Worlds[Data],
    *,
    seeds: Iterable[int] = SEEDS,
    nothing: float = 0.0,
) -> Coverage:
    """Run ``estimate`` on a world with and one without an effect for each seed; ``nothing``: 1 for a ratio.

    An interval that is not a number holds nothing: it counts as missed, and as found where there is nothing.
    """
    planted, empty = [], []
    for seed in seeds:
        world = worlds(seed, planted=True)
        planted.append((*estimate(world.data), world.truth))
        empty.append(estimate(worlds(seed, planted=False).data))
    middle, lower, upper, truth = np.array(planted, dtype=np.float64).T
    none_lower, none_upper = np.array(empty, dtype=np.float64)[:, 1:].T
    return Coverage(
        seeds=len(planted),
        covered=float(np.mean((lower <= truth) & (truth <= upper))),
        found=float(1 - np.mean((none_lower <= nothing) & (nothing <= none_upper))),
        power=float(1 - np.mean((lower <= nothing) & (nothing <= upper))),
        bias=float(np.mean(middle - truth)),
        missed_low=float(np.mean(upper < truth)),
        missed_high=float(np.mean(lower > truth)),
    )
