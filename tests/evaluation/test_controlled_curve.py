"""The curve that may be published: equal to the estimate, and no step of it counts few people."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from dbt_project.registry.metrics import DisclosureRule
from evaluation.controlled_curve import COLUMNS, DAYS_IN_MONTH, LEAST_AT_RISK, controlled_curve

RULE = DisclosureRule(suppress_up_to=7, round_to=5, finest_grain={}, stocks_shown=())


def _units(number: int, seed: str) -> pd.DataFrame:
    """Learners who pass, leave or are still followed after up to three years; no two seeds alike."""
    digest = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    random = np.random.default_rng(digest)
    passes, leaves = random.gamma(9, 45, number), random.exponential(2_500, number)
    until = random.uniform(60, 1_100, number)
    first = np.minimum.reduce([passes, leaves, until])
    outcome = np.select([first == passes, first == leaves], [1, 2], 0)
    return pd.DataFrame({"duration_days": np.ceil(first), "outcome": outcome})


def _incidence(units: pd.DataFrame, day: int) -> float:
    """Aalen-Johansen by its definition, one person's day at a time: P(free just before) times share passing then."""
    free, passed = 1.0, 0.0
    for today in sorted(set(units["duration_days"][units["duration_days"] <= day])):
        here = units[units["duration_days"] == today]["outcome"]
        at_risk = (units["duration_days"] >= today).sum()
        passed += free * (here == 1).sum() / at_risk
        free *= 1 - (here > 0).sum() / at_risk
    return 100 * passed


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_an_unrounded_curve_is_the_estimate_on_the_grid(seed: str) -> None:
    units = _units(600, seed)
    curve = controlled_curve(units, RULE, rounded=False)
    assert list(curve.columns) == list(COLUMNS) and len(curve) > 5
    for month, share in zip(curve["months"], curve["share"], strict=True):
        assert share == pytest.approx(_incidence(units, round(month * DAYS_IN_MONTH)), abs=0.051)
    assert (curve["lower_95"] < curve["share"]).all() and (curve["share"] < curve["upper_95"]).all()


@pytest.mark.parametrize("number", [20, 60, 200, 900])
@pytest.mark.parametrize("rounded", [True, False])
@pytest.mark.parametrize("seed", ["d", "e", "f"])
def test_no_step_counts_few_people_and_the_end_is_where_many_are_followed(
    number: int, rounded: bool, seed: str
) -> None:
    units = _units(number, f"{seed}{number}")
    curve = controlled_curve(units, RULE, rounded=rounded)
    days = [round(month * DAYS_IN_MONTH) for month in curve["months"]]
    passed = [int(((units["outcome"] == 1) & (units["duration_days"] <= day)).sum()) for day in days]
    assert (np.diff([0, *passed]) > RULE.suppress_up_to).all()
    assert all((units["duration_days"] >= day).sum() >= LEAST_AT_RISK for day in days)
    assert number > LEAST_AT_RISK or curve.empty


def test_rounding_below_england_is_worth_as_many_people_as_counts_are_rounded_to() -> None:
    """With 200 people a hundredth is two: shares move by 2.5 % = 5 people."""
    curve = controlled_curve(_units(200, "g"), RULE, rounded=True)
    assert len(curve) > 2
    assert (curve["share"] % 2.5 == 0).all() and (curve[["lower_95", "upper_95"]] % 2.5 == 0).all().all()


def test_a_month_that_few_reach_since_the_last_is_left_out_not_shown_flat() -> None:
    days = [100.0] * 20 + [200.0] * 3 + [300.0] * 30 + [400.0] * 100
    units = pd.DataFrame({"duration_days": days, "outcome": [1] * 53 + [0] * 100})
    curve = controlled_curve(units, RULE, rounded=False, months=(1, 4, 7, 8, 10, 11))
    assert curve["months"].tolist() == [4, 10]
    assert curve["share"].tolist() == pytest.approx([100 * 20 / 153, 100 * 53 / 153], abs=0.051)


def test_nobody_gives_no_curve() -> None:
    none = pd.DataFrame({"duration_days": np.empty(0), "outcome": np.empty(0, dtype=int)})
    assert controlled_curve(none, RULE, rounded=True).empty
