"""Units of many sizes (pharmacies, PCNs, ICBs) that differ by chance alone, or by more than chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Units(NamedTuple):
    """Events of each unit and its population."""

    observed: np.ndarray
    population: np.ndarray


def units(seed: int, *, number: int = 100, spread: float = 0.0, rate: float = 0.002) -> Units:
    """Units with 10 to 200 expected events; log rates differ by ``spread`` (standard deviation) besides chance."""
    rng = np.random.default_rng(seed)
    population = rng.uniform(5_000, 100_000, number)
    truth = rate * np.exp(rng.normal(0, spread, number))
    return Units(rng.poisson(population * truth), population)
