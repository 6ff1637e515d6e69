"""Planted effects: 95 % intervals hold them 93 to 97 % of the time, nothing is found 3 to 7 % of the time."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from simulation import series
from simulation.coverage import SEEDS, Answer, World, coverage
from simulation.staggered import adopting
from simulation.units import units

from evaluation import funnel, interrupted_time_series
from evaluation.staggered_did import Design, fit, point, pretrend


def measured(frame: pd.DataFrame, effect: interrupted_time_series.Name) -> Answer:
    found = interrupted_time_series.continuous(frame, series.SINCE, with_checks=False).effect(effect)
    return Answer(found.estimate, found.lower, found.upper)


def counted(frame: pd.DataFrame) -> Answer:
    result = interrupted_time_series.counts(
        frame, series.SINCE, slope_change=False, harmonics=1, with_checks=False
    )
    found = result.effect("level")
    return Answer(found.estimate, found.lower, found.upper)


def staggered(panel: pd.DataFrame, cluster: str | None) -> Answer:
    found = point(panel, Design(anticipation=1, covariates=("size",), cluster=cluster, draws=0))
    return Answer(found.estimate, found.lower, found.upper)


def test_the_runner_counts_right() -> None:
    """Means of 25 normal numbers with a known deviation: 95 % by arithmetic; an interval half as wide, 67 %."""

    def worlds(seed: int, *, planted: bool) -> World[np.ndarray]:
        truth = 0.5 if planted else 0.0
        return World(np.random.default_rng(seed).normal(truth, 1, 25), truth)

    def estimate(sample: np.ndarray, reach: float) -> Answer:
        return Answer(sample.mean(), sample.mean() - reach, sample.mean() + reach)

    seeds = range(4000)
    right = coverage(partial(estimate, reach=1.96 / 5), worlds, seeds=seeds)
    assert right.covered == pytest.approx(0.95, abs=0.011)
    assert right.found == pytest.approx(0.05, abs=0.011)
    assert right.missed_low + right.missed_high == pytest.approx(1 - right.covered)
    assert right.power == pytest.approx(0.705, abs=0.03)  # P(Z > 1.96 - 2.5) by the normal table
    assert abs(right.bias) < 0.015
    narrow = coverage(partial(estimate, reach=0.98 / 5), worlds, seeds=seeds)
    assert narrow.covered == pytest.approx(0.673, abs=0.03)
    empty = coverage(lambda _: Answer(np.nan, np.nan, np.nan), worlds, seeds=range(3))
    assert (empty.covered, empty.found) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("effect", ["level", "slope", "mean"])
def test_time_series_cover_what_was_planted(effect: interrupted_time_series.Name) -> None:
    """200 series at each of the AR coefficients 0, 0.2, 0.4 and 0.6."""
    seeds = range(len(SEEDS) * len(series.STRENGTHS))
    result = coverage(partial(measured, effect=effect), partial(series.measured, effect=effect), seeds=seeds)
    assert 0.93 <= result.covered <= 0.97, result
    assert 0.03 <= result.found <= 0.07, result


@pytest.mark.slow
def test_counts_cover_what_was_planted() -> None:
    result = coverage(counted, series.counted, seeds=SEEDS, nothing=1.0)
    assert 0.93 <= result.covered <= 0.97, result
    assert 0.03 <= result.found <= 0.07, result


@pytest.mark.slow
@pytest.mark.parametrize(("by_board", "cluster"), [(False, None), (False, "icb"), (True, "icb")])
def test_staggered_adoption_covers_what_was_planted(by_board: bool, cluster: str | None) -> None:
    """1,250 networks over 20 quarters, boards sharing shocks, late and missing reporters, effects that grow."""
    result = coverage(partial(staggered, cluster=cluster), partial(adopting, by_board=by_board), seeds=SEEDS)
    assert 0.93 <= result.covered <= 0.97, result
    assert 0.03 <= result.found <= 0.07, result
    assert abs(result.bias) < 0.01, result


@pytest.mark.slow
def test_trends_that_were_alike_are_rejected_about_one_time_in_twenty() -> None:
    design = Design(anticipation=1, before=6, after=6, draws=0)
    p = [pretrend(fit(adopting(seed, planted=True).data, design), design).p for seed in SEEDS]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09  # of 200: 4 to 18


def outside(seed: int, spread: float = 0.0) -> tuple[float, float]:
    """Shares of units outside the 95 % and the 99.8 % limits."""
    signal = funnel.rate_funnel(*units(seed, spread=spread))["signal"]
    return float((signal != "within").mean()), float(signal.isin(["low_998", "high_998"]).mean())


def test_funnel_limits_hold_their_share_of_units_that_differ_by_chance() -> None:
    warning, alarm = np.mean([outside(seed) for seed in SEEDS], axis=0)
    assert 0.03 <= warning <= 0.07
    assert 0.001 <= alarm <= 0.003
    # and find units that differ by more
    assert np.mean([outside(seed, spread=0.3) for seed in SEEDS], axis=0)[1] > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["log", "root"])
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.2, 0.4])
def test_widened_limits_hold_their_share_of_units_that_differ(scale: funnel.Scale, spread: float) -> None:
    """With the spread estimated from the units themselves; as published the share outside would be 10 to 20 %."""
    found, published = [], []
    for seed in SEEDS:
        drawn = units(seed, spread=spread)
        expected = funnel.rate_funnel(*drawn)["expected"].to_numpy()
        for consistent, shares in ((True, found), (False, published)):
            between = funnel.overdispersion(
                drawn.observed, expected, scale=scale, consistent=consistent
            ).between
            lower, upper = funnel.overdispersed_limits(expected, between, scale=scale)
            shares.append(np.mean((drawn.observed / expected < lower) | (drawn.observed / expected > upper)))
    assert 0.03 <= np.mean(found) <= 0.07
    if spread:
        assert np.mean(published) > 0.09


@pytest.mark.slow
@pytest.mark.parametrize(("expected", "most"), [(2.0, 0.006), (4.5, 0.006), (40.0, 0.012)])
def test_limits_of_networks_hold_their_share_whatever_networks_differ_by(
    expected: float, most: float
) -> None:
    """Few people each as networks have, and many; limits wider by the spread found in the networks themselves."""
    size = np.random.default_rng(1).gamma(5, expected / 5, 1_200)
    for spread in (0.0, 0.1, 0.2, 0.4):
        shares: list[tuple[float, float]] = []
        for seed in SEEDS:
            random = np.random.default_rng(seed)
            observed = random.poisson(size * np.exp(random.normal(-(spread**2) / 2, spread, len(size))))
            limits = funnel.rate_funnel(observed, size)
            phi = funnel.overdispersion(observed, limits["expected"], scale="root", consistent=True).phi
            signal = funnel.widened(limits, phi)["signal"]
            shares.append(
                (float((signal != "within").mean()), float(signal.isin(["low_998", "high_998"]).mean()))
            )
        warning, alarm = np.mean(shares, axis=0)
        assert 0.01 <= warning <= 0.07
        assert alarm <= most
