"""Funnel limits and overdispersion against OHID's test files and FunnelPlotR's published example."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation import funnel, intervals

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PHIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "statistics"

# FunnelPlotR's test of its overdispersion ratio: six units, phi 2.948033
OBSERVED = [100, 150, 180, 80, 120, 225]
EXPECTED = [108, 112, 165, 95, 100, 220]


def ohid(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not in the shared data folder")
    return pd.read_csv(path, encoding="utf-8-sig").rename(columns=str.strip)


def test_ratio_funnel_equals_ohids_file() -> None:
    want = ohid("testdata_funnel_ratio_outputs.csv")
    got = funnel.ratio_funnel(want["Observed_events"])
    for ours, theirs in (("95", "2s"), ("998", "3s")):
        for side in ("lower", "upper"):
            expected = want[f"{side}_{theirs}_exp_events"]
            np.testing.assert_allclose(got[f"{side}_{ours}_expected"], expected, rtol=5e-5)
            np.testing.assert_allclose(
                100 * got[f"{side}_{ours}_ratio"], want[f"{side}_{theirs}_isr"], rtol=5e-5
            )


def test_ratio_funnel_literals_always_run() -> None:
    # first rows of OHID's file: 1 and 5 observed events
    got = funnel.ratio_funnel([1, 5]).round(4)
    assert got["lower_95_expected"].tolist() == [5.5716, 11.6683]
    assert got["upper_95_expected"].tolist() == [0.0253, 1.6235]
    assert got["lower_998_expected"].tolist() == [9.2334, 16.4547]
    assert np.isnan(funnel.ratio_funnel([0])["upper_95_ratio"][0])


def test_signals_equal_ohids_file() -> None:
    table = ohid("testdata_funnel_ratio_inputs.csv")
    names = {
        "High (0.001)": "high_998",
        "High (0.025)": "high_95",
        "Low (0.001)": "low_998",
        "Low (0.025)": "low_95",
        "Not significant": "within",
    }
    got = funnel.signals(table["obs"], table["expected"])
    assert got.tolist() == table["significance"].map(names).tolist()
    assert funnel.signals([8, 151, 159, 0], [6.24, 106.44, 232.93, 3.0]).tolist() == [
        "within",
        "high_998",
        "low_998",
        "within",
    ]


def test_proportion_limits_as_published() -> None:
    # rows of OHID's testdata_funnel_prop_outputs.csv: average 80.642448 %
    population, average = [1, 20, 110_000], 0.80642448
    lower, upper = funnel.proportion_limits(population, average)
    assert np.round(100 * lower, 4).tolist() == [3.2043, 63.3267, 80.4090]
    assert np.round(100 * upper, 4).tolist() == [100, 97.9582, 80.8759]
    lower, upper = funnel.proportion_limits(population, average, confidence=funnel.ALARM)
    assert np.round(100 * lower, 4).tolist() == [0, 53.3412, 80.2743]
    assert np.round(100 * upper, 4).tolist() == [100, 100, 81.0106]
    # the proportion on a limit has a Wilson interval that ends at the average
    lower, _ = funnel.proportion_limits(250, 0.4)
    assert intervals.wilson(250 * lower, 250)[1] == pytest.approx(0.4, rel=1e-12)
    assert np.isnan(funnel.proportion_limits([0, 10], [0.5, 1.5])).all()


def test_overdispersion_as_published() -> None:
    result = funnel.overdispersion(OBSERVED, EXPECTED)
    assert round(result.phi, 6) == 2.948033
    assert result.units == 6
    # DerSimonian-Laird by hand: (6 phi - 5) / (sum E - sum E^2 / sum E)
    expected = np.array(EXPECTED)
    want = (6 * result.phi - 5) / (expected.sum() - (expected**2).sum() / expected.sum())
    assert result.between == pytest.approx(want, rel=1e-12)


def test_consistent_overdispersion_is_one_by_chance() -> None:
    rng = np.random.default_rng(6)
    expected = rng.uniform(500, 3000, 20_000)
    observed = rng.poisson(expected)
    cut = stats.norm.ppf(0.9)
    trimmed = stats.truncnorm(-cut, cut).var()
    left = {"log": trimmed, "root": 0.8 * trimmed + 0.2 * cut**2}
    for scale, share in left.items():
        assert funnel.overdispersion(observed, expected, scale=scale, consistent=True).phi == pytest.approx(
            1, abs=0.03
        )
        published = funnel.overdispersion(observed, expected, scale=scale)
        consistent = funnel.overdispersion(observed, expected, scale=scale, consistent=True)
        assert consistent.phi == pytest.approx(published.phi / share)
        published = funnel.overdispersion(OBSERVED, EXPECTED, scale=scale)
        consistent = funnel.overdispersion(OBSERVED, EXPECTED, scale=scale, consistent=True)
        assert consistent.between > published.between


@pytest.mark.parametrize("most", [4.0, 9.0, 40.0])
def test_few_events_are_overdispersed_by_what_they_are_and_not_by_being_few(most: float) -> None:
    """Against the mean square of (observed - expected) / sqrt(expected), which is 1 by chance at every size."""
    rng = np.random.default_rng(7)
    expected = rng.uniform(most / 20, most, 1200)
    for spread in (0.0, 0.3):
        truth = np.exp(rng.normal(-(spread**2) / 2, spread, (60, 1200)))
        drawn = rng.poisson(expected * truth)
        by_squares = np.mean((drawn - expected) ** 2 / expected)
        found, published = (
            np.mean([funnel.overdispersion(o, expected, scale="root", consistent=c).phi for o in drawn])
            for c in (True, False)
        )
        assert found == pytest.approx(by_squares, rel=0.1 if spread else 0.02)
        assert abs(found - by_squares) < abs(published - by_squares)
    assert by_squares > 1.1


def test_limits_move_away_from_the_overall_rate_by_the_root_of_phi() -> None:
    plain = funnel.rate_funnel([1, 8, 30, 1], [1000, 1000, 2000, 1000], per=100)
    wide = funnel.widened(plain, 4.0)
    assert wide["overall"].tolist() == [0.8] * 4  # 40 of 5,000
    assert wide["upper_95"].tolist() == pytest.approx((2 * plain["upper_95"] - 0.8).tolist())
    assert wide["lower_95"].tolist() == pytest.approx((2 * plain["lower_95"] - 0.8).clip(0).tolist())
    assert plain["signal"].tolist() == ["low_95", "within", "high_95", "low_95"]
    assert wide["signal"].tolist() == ["within", "within", "within", "within"]
    assert funnel.widened(plain, 1.2)["signal"].tolist() == plain["signal"].tolist()
    for phi in (1.0, 0.7, np.nan):
        assert funnel.widened(plain, phi).equals(plain)


def test_the_outer_tenths_do_not_make_the_overdispersion() -> None:
    rng = np.random.default_rng(5)
    expected = rng.uniform(50, 300, 100)
    observed = rng.poisson(expected).astype(float)
    calm = {scale: funnel.overdispersion(observed, expected, scale=scale) for scale in ("log", "root")}
    observed[:5] *= 4
    for scale, before in calm.items():
        after = funnel.overdispersion(observed, expected, scale=scale)
        assert 0.4 < before.phi < 1.2
        assert after.phi < 1.5
    assert calm["log"].units == 80
    assert calm["root"].units == 100


def test_root_scale_takes_units_without_events() -> None:
    # z of 0 observed against 4 expected is -4, of 9 against 4 is 2; quantiles 10 % and 90 % by interpolation
    result = funnel.overdispersion([0, 9], [4, 4], scale="root")
    assert result.phi == pytest.approx((3.4**2 + 1.4**2) / 2)
    # (2 phi - 1) over 32 - 512 / 32, the precision of a root being four times the expected events
    assert result.between == pytest.approx(12.52 / 16)
    assert funnel.overdispersion([0, 9, 4], [4, 4, 4]).units == 2
    assert np.isnan(funnel.overdispersion([3], [3]).phi)


def test_overdispersed_limits_hold_their_share() -> None:
    rng = np.random.default_rng(8)
    expected = np.full(4000, 200.0)
    truth = np.exp(rng.normal(0, 0.2, 4000))
    observed = rng.poisson(expected * truth)
    lower, upper = funnel.overdispersed_limits(expected, 0.04)
    inside = np.mean((observed / expected >= lower) & (observed / expected <= upper))
    assert 0.93 <= inside <= 0.96
    assert np.mean(funnel.signals(observed, expected) == "within") < 0.7, "plain limits would alarm too often"
    found = funnel.overdispersion(observed, expected)
    assert 0 < found.between < 0.04, "cutting the ends makes the estimate of a normal spread too small"
    # by hand: 1.96 sqrt(1/800 + 0.01) = 0.20789; 0.79211 and 1.20789 squared
    root = funnel.overdispersed_limits(expected[:1], 0.01, scale="root")
    assert (float(root[0][0]), float(root[1][0])) == pytest.approx((0.6274, 1.4590), abs=1e-4)


def test_limits_of_a_rate_lie_where_a_whole_number_of_events_would_just_be_within() -> None:
    """Populations chosen so that the exact Poisson limits of 1, 5 and 40 events meet the expected number there."""
    rate = 0.002
    events = np.array([1.0, 5.0, 40.0])
    for side, expected in (
        ("lower_95", stats.chi2.ppf(0.975, 2 * events + 2) / 2),
        ("upper_95", stats.chi2.ppf(0.025, 2 * events) / 2),
        ("lower_998", stats.chi2.ppf(0.999, 2 * events + 2) / 2),
        ("upper_998", stats.chi2.ppf(0.001, 2 * events) / 2),
    ):
        population = expected / rate
        # counts that make the rate of all units together the one wanted
        table = funnel.rate_funnel(population * rate, population, per=1000)
        assert np.allclose(table["overall"], rate * 1000)
        assert np.allclose(table[side], events / population * 1000, rtol=1e-9)


def test_a_unit_is_a_signal_when_its_rate_is_beyond_its_limits() -> None:
    """Simulated units: away from the limits' own width the two ways of saying "outside" agree."""
    generator = np.random.default_rng(7)
    population = generator.uniform(20_000, 90_000, 400)
    observed = generator.poisson(population * generator.gamma(20, 1 / 20, 400) * 0.0002)
    table = funnel.rate_funnel(observed, population, per=10_000)
    step = 0.6 / population * 10_000
    outside = np.asarray(
        (table["rate"] > table["upper_95"] + step) | (table["rate"] < table["lower_95"] - step)
    )
    inside = np.asarray(
        (table["rate"] < table["upper_95"] - step) & (table["rate"] > table["lower_95"] + step)
    )
    assert outside.sum() > 10 and inside.sum() > 300
    assert "within" not in set(table.loc[outside, "signal"])
    assert set(table.loc[inside, "signal"]) == {"within"}
    assert np.all(table["lower_998"] <= table["lower_95"]) and np.all(table["upper_998"] >= table["upper_95"])
    assert table["expected"].sum() == pytest.approx(float(observed.sum()))


@pytest.mark.parametrize(("observed", "population"), [([1], [0]), ([-1], [10]), ([np.nan], [10])])
def test_a_rate_needs_people(observed: list[float], population: list[float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        funnel.rate_funnel(observed, population)
