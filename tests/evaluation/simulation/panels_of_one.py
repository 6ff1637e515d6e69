"""Panels of which one unit is treated: common factors, so that a mix of donors goes along with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.coverage import World


def one_treated(
    seed: int,
    *,
    planted: bool,
    donors: int = 30,
    before: int = 20,
    after: int = 8,
    noise: float = 0.3,
    within: bool = True,
) -> World[pd.DataFrame]:
    """Outcomes from two common factors with loadings 0 to 1, and noise; unit 0 is treated from period 0 on.

    ``within``: the treated unit's loadings are a mix of three donors', else drawn as theirs are. Planted: 2 more in
    every period from 0 on.
    """
    rng = np.random.default_rng(seed)
    factors = 20 + np.cumsum(rng.normal(0, 1, (before + after, 2)), axis=0)
    loadings = rng.uniform(0, 1, (donors + 1, 2))
    if within:
        loadings[0] = np.array([0.5, 0.3, 0.2]) @ loadings[1:4]
    value = factors @ loadings.T + rng.normal(0, noise, (before + after, donors + 1))
    effect = 2.0 if planted else 0.0
    value[before:, 0] += effect
    period = np.arange(-before, after)
    frame = pd.DataFrame(
        {
            "unit": np.tile(np.arange(donors + 1), len(period)),
            "period": np.repeat(period, donors + 1),
            "outcome": value.ravel(),
        }
    )
    frame["covariate"] = loadings.mean(axis=1)[frame["unit"]]
    return World(frame, effect)
