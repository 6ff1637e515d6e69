"""The log-rank test that may be published: whom it compares, what it withholds, how often it errs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dbt_project.registry.metrics import DisclosureRule
from evaluation.compared_curves import compared_curves

RULE = DisclosureRule(suppress_up_to=7, round_to=5, finest_grain={}, stocks_shown=())


def _learners(sizes: dict[str, int], seed: int, slower: str = "") -> pd.DataFrame:
    """Learners who pass, leave or are still followed, equally in every group but the slower one."""
    random = np.random.default_rng(seed)
    group = np.repeat(list(sizes), list(sizes.values()))
    passes = random.gamma(9, 45, len(group)) * np.where(group == slower, 1.4, 1.0)
    leaves, until = random.exponential(2_500, len(group)), random.uniform(60, 1_100, len(group))
    first = np.minimum.reduce([passes, leaves, until])
    outcome = np.select([first == passes, first == leaves], [1, 2], 0)
    return pd.DataFrame({"duration_days": np.ceil(first), "outcome": outcome, "team": group})


@pytest.mark.parametrize("slower", ["", "b"])
def test_two_groups_as_scipy_has_it_with_withdrawals_censored(slower: str) -> None:
    units = _learners({"a": 300, "b": 200}, 5, slower)
    samples = [
        stats.CensoredData.right_censored(part["duration_days"], part["outcome"] != 1)
        for _, part in units.groupby("team")
    ]
    expected = stats.logrank(*samples)
    found = compared_curves(units, "team", RULE)
    assert found is not None and found.degrees_of_freedom == 1
    assert found.statistic == pytest.approx(expected.statistic**2, abs=0.0051)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.006)
    assert (found.p_value < 0.001) == bool(slower)


def test_found_by_chance_as_often_as_it_says() -> None:
    tests = [
        compared_curves(_learners({"a": 200, "b": 100, "c": 60, "d": 40}, seed), "team", RULE)
        for seed in range(200)
    ]
    share = np.mean([test is not None and test.p_value < 0.05 for test in tests])
    assert 0.02 <= share <= 0.09


def test_small_groups_are_left_out_and_cannot_be_had_by_subtraction() -> None:
    large = _learners({"a": 300, "b": 203, "c": 101}, 3)
    small = _learners({"d": 29}, 4)
    found = compared_curves(pd.concat([large, small]), "team", RULE)
    alone = compared_curves(large, "team", RULE)
    assert found is not None and alone is not None
    assert (found.statistic, found.p_value) == (alone.statistic, alone.p_value)
    assert found.groups["is_compared"].tolist() == [True, True, True, False]
    people = found.groups.set_index("group_code")["people"]
    assert people[["a", "b"]].tolist() == [300, 205] and people[["c", "d"]].isna().all()
    assert alone.groups["people"].tolist() == [300, 205, 100]
    few_events = small.assign(team="e", outcome=0).iloc[[0] * 40]
    two = compared_curves(pd.concat([large, small, few_events]), "team", RULE)
    assert two is not None and two.groups["people"].isna().tolist() == [False, False, False, True, True]


def test_one_group_is_not_compared() -> None:
    assert compared_curves(_learners({"a": 300, "b": 20}, 1), "team", RULE) is None
    assert compared_curves(_learners({}, 1), "team", RULE) is None
