"""Applicants to providers with more applicants than places."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.coverage import World


def applicants(
    seed: int,
    *,
    planted: bool,
    truth_of: str = "offer",
    providers: int = 20,
    elsewhere: float = 0.0,
    take_up: float = 0.85,
) -> World[pd.DataFrame]:
    """Two rounds at each provider, 15 to 60 applicants each, outcome 0 or 1 (qualified within the time, say).

    Providers with better applicants have more places, so that a comparison without strata finds an effect where
    there is none. Within a stratum places fall by chance. ``take_up``: share of those offered who start;
    ``elsewhere``: of those refused. Planted: starting raises the chance by 0.2, give or take 0.05 between
    providers. ``truth_of``: offer or place.
    """
    rng = np.random.default_rng(seed)
    strata = 2 * providers
    provider = np.repeat(np.arange(providers), 2)
    good = np.repeat(rng.uniform(0, 1, providers), 2)
    size = rng.integers(15, 61, strata)
    places = np.clip(np.round(size * (0.3 + 0.4 * good)), 2, size - 2).astype(int)
    effect = np.repeat(rng.normal(0.2, 0.05, providers), 2) if planted else np.zeros(strata)
    parts = []
    for stratum in range(strata):
        people = size[stratum]
        offered = rng.permutation(people) < places[stratum]
        started = rng.random(people) < np.where(offered, take_up, elsewhere)
        ability = rng.normal(0, 1, people)
        chance = 0.2 + 0.3 * good[stratum] + 0.05 * np.clip(ability, -2, 2) + effect[stratum] * started
        parts.append(
            pd.DataFrame(
                {
                    "stratum": stratum,
                    "cluster": provider[stratum],
                    "is_offered": offered.astype(int),
                    "is_treated": started.astype(int),
                    "ability": ability,
                    "sector": rng.choice(["community", "hospital", "practice"], people),
                    "outcome": (rng.random(people) < chance).astype(int),
                }
            )
        )
    truth = (0.2 if planted else 0.0) * (take_up - elsewhere if truth_of == "offer" else 1.0)
    return World(pd.concat(parts, ignore_index=True), truth)
