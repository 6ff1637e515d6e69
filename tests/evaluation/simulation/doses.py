"""Units that begin at different times with different doses, in areas that share shocks; some never begin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulation.coverage import World

PERIODS = 12
STARTS = (5, 7, 9)
NEVER = 0.4  # share never dosed
EACH = 0.5  # effect of a unit of dose


def dosed(
    seed: int, *, planted: bool, units: int = 200, areas: int = 40, later: float = 1.0
) -> World[pd.DataFrame]:
    """Outcome: unit and period effects, shocks of area and period, noise; and, planted, 0.5 a unit of dose.

    Doses 0.5 to 3. ``later``: factor on the effect of the last two starts. Truth: the effect of a unit of dose.
    """
    rng = np.random.default_rng(seed)
    start = np.where(rng.random(units) < NEVER, 0, rng.choice(STARTS, units))
    dose = np.where(start > 0, rng.uniform(0.5, 3, units), 0.0)
    area = rng.integers(0, areas, units)
    period = np.arange(1, PERIODS + 1)
    shocks = rng.normal(0, 0.3, (areas, PERIODS)).cumsum(axis=1)
    treated = (start[:, None] > 0) & (period >= start[:, None])
    factor = np.where(start > STARTS[0], later, 1.0)
    effect = EACH * (dose * factor)[:, None] * treated if planted else 0.0
    level = rng.normal(10, 2, (units, 1)) + 0.1 * period + shocks[area]
    outcome = level + effect + rng.normal(0, 1, (units, PERIODS))
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), PERIODS),
            "period": np.tile(period, units),
            "outcome": outcome.ravel(),
        }
    )
    for name, fact in (("first_treated", start), ("dose", dose), ("area", area)):
        frame[name] = fact[frame["unit"]]
    return World(frame, EACH if planted else 0.0)
