"""Monthly series with a change of level and of slope at a known month, and errors that follow each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.coverage import World

MONTHS = (36, 48, 60)
STRENGTHS = (0.0, 0.2, 0.4, 0.6)  # AR coefficients
SINCE = 0  # months are counted from the programme's first


def errors(rng: np.random.Generator, months: int, rho: float) -> np.ndarray:
    """AR(1) with innovations of standard deviation 1, from its stationary distribution on."""
    shocks = rng.normal(size=months)
    shocks[0] /= np.sqrt(1 - rho**2)
    for month in range(1, months):
        shocks[month] += rho * shocks[month - 1]
    return shocks


def measured(
    seed: int,
    *,
    planted: bool,
    effect: str = "level",
    rho: float | None = None,
    months: int | None = None,
    season: float = 0.0,
) -> World[pd.DataFrame]:
    """A measured value: 36, 48 or 60 months, the date a third to two thirds on; four seeds, four AR coefficients.

    Planted: a change of level by 2 and of slope by 0.1 a month, in innovations' standard deviations. The truth
    is that of ``effect`` (level, slope or mean over the months after).
    """
    rng = np.random.default_rng(seed)
    length = int(rng.choice(MONTHS)) if months is None else months
    before = int(rng.integers(length // 3, 2 * length // 3))
    strength = STRENGTHS[seed % len(STRENGTHS)] if rho is None else rho
    time = np.arange(length) - before
    after = time >= 0
    level, slope = (2.0, 0.1) if planted else (0.0, 0.0)
    change = np.where(after, level + slope * time, 0.0)
    wave = season * np.sin(2 * np.pi * time / 12)
    value = 20 + 0.2 * time + wave + change + errors(rng, length, strength)
    truth = {"level": level, "slope": slope, "mean": float(change[after].mean())}[effect]
    return World(pd.DataFrame({"period": time, "value": value}), truth)


def counted(seed: int, *, planted: bool, rho: float = 0.0, spread: float = 0.1) -> World[pd.DataFrame]:
    """Counts of 48 months, about 100 a month of a growing population, with a season.

    The log rate has AR(1) errors of standard deviation ``spread`` besides chance. Planted: 15 % fewer from the
    25th month on.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(48) - 24
    exposure = np.linspace(9_000, 11_000, 48)
    drawn = errors(rng, 48, rho) * spread * np.sqrt(1 - rho**2)
    ratio = 0.85 if planted else 1.0
    log_rate = np.log(0.01) + 0.002 * time + 0.1 * np.sin(2 * np.pi * time / 12) + drawn
    value = rng.poisson(exposure * np.exp(log_rate) * np.where(time >= 0, ratio, 1.0))
    return World(pd.DataFrame({"period": time, "value": value, "exposure": exposure}), ratio)
