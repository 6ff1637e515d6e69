"""Networks that adopt at different quarters, or never, in boards that share shocks, with reporters that change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.coverage import World

QUARTERS = 20
STARTS = np.arange(6, 18)
NEVER = 0.3
BOARDS = 42
EFFECT, GROWS = 0.6, 0.05  # in the quarter of adoption, and more each quarter after it


def adopting(
    seed: int, *, planted: bool, networks: int = 1250, by_board: bool = False
) -> World[pd.DataFrame]:
    """A panel as :mod:`evaluation.staggered_did` asks for; the outcome is empty where a network did not report.

    Larger networks adopt sooner and grow faster, which the covariate ``size`` allows for. ``by_board``: boards differ
    in when their networks adopt, so that their shocks do not average out. Truth: the mean effect over every adopter and
    every quarter from adoption on.
    """
    rng = np.random.default_rng(seed)
    board = rng.integers(0, BOARDS, networks)
    size = rng.normal(0, 1, networks)
    eager = size + rng.normal(0, 2, networks) + (rng.normal(0, 1, BOARDS)[board] if by_board else 0.0)
    rank = np.argsort(np.argsort(-eager)) / networks
    place = np.minimum((rank / (1 - NEVER) * len(STARTS)).astype(int), len(STARTS) - 1)
    first = np.where(rank < 1 - NEVER, STARTS[place], 0)
    quarter = np.arange(1, QUARTERS + 1)
    shocks = rng.normal(0, 0.15, (BOARDS, QUARTERS)).cumsum(axis=1)
    since = quarter - first[:, None]
    treated = (first[:, None] > 0) & (since >= 0)
    effect = np.where(treated, EFFECT + GROWS * since, 0.0) if planted else np.zeros(treated.shape)
    level = rng.normal(8, 2, (networks, 1)) + (0.05 + 0.02 * size[:, None]) * quarter
    outcome = level + shocks[board] + effect + rng.normal(0, 0.8, (networks, QUARTERS))
    late = rng.random(networks) < 0.1  # begin to report after a year
    silent = (rng.random((networks, QUARTERS)) < 0.03) | (late[:, None] & (quarter <= 4))
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(networks), QUARTERS),
            "period": np.tile(quarter, networks),
            "outcome": np.where(silent, np.nan, outcome).ravel(),
        }
    )
    for name, fact in (("first_treated", first), ("icb", board.astype(str)), ("size", size)):
        frame[name] = fact[frame["unit"]]
    return World(frame, float(effect[treated].mean()) if planted else 0.0)
