"""Inequality indices against hand-computed and published answers, and against regressions by statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from evaluation import inequality

# The example data in the help page of phe_sii (R package PHEindicatormethods): two areas, deciles 1 to 10
POPULATION = np.array(
    [
        [7291, 7997, 6105, 7666, 5790, 6934, 5918, 5974, 7147, 7534],
        [21675, 20065, 19750, 24713, 20112, 19618, 22408, 19752, 18939, 19312],
    ],
    dtype=float,
)
VALUE = np.array(
    [
        [75.9, 78.3, 83.8, 83.6, 80.5, 81.1, 81.7, 84.2, 80.6, 86.3],
        [70.5, 71.6, 72.5, 73.5, 73.1, 76.2, 78.7, 80.6, 80.9, 80],
    ]
)


def networks(seed: int, units: int = 200, slope: float = 0.0) -> pd.DataFrame:
    """Networks of one cell with Poisson events around a rate that falls by ``slope`` along the ranking."""
    rng = np.random.default_rng(seed)
    score, population = rng.uniform(5, 60, units), rng.integers(20_000, 60_000, units).astype(float)
    rank = inequality.ridits(score, population)
    return pd.DataFrame(
        {
            "cell": 0,
            "unit": [f"network {number}" for number in range(units)],
            "score": score,
            "quintile": inequality.quintiles(score, population),
            "events": rng.poisson(population * (3e-4 + slope * (0.5 - rank))),
            "population": population,
        }
    )


def test_relative_rank_is_the_middle_of_a_groups_range() -> None:
    # the example of the phe_sii documentation: 12 % then 10 % of the population have ranks 0.06 and 0.17
    rank = inequality.ridits([10, 9, 8], [12, 10, 78])
    assert rank.tolist() == pytest.approx([0.06, 0.17, 0.61], abs=1e-15)
    # equal scores share the middle of their common range, the highest score comes first
    assert inequality.ridits([1, 5, 1, 3]).tolist() == pytest.approx([0.75, 0.125, 0.75, 0.375])


def test_quintiles_hold_a_fifth_of_the_list_each() -> None:
    rng = np.random.default_rng(7)
    score, patients = rng.normal(size=5000), rng.uniform(10, 1000, 5000)
    group = inequality.quintiles(score, patients)
    assert np.bincount(group, patients)[1:] / patients.sum() == pytest.approx([0.2] * 5, abs=1e-3)
    assert score[group == 1].min() > score[group == 2].max()
    assert inequality.quintiles([5, 4, 3, 2, 1]).tolist() == [1, 2, 3, 4, 5]


def test_a_straight_line_gives_its_own_ends() -> None:
    population = np.array([12.0, 10, 30, 28, 20])
    rank = (np.cumsum(population) - population / 2) / 100
    sii, rii = inequality.slope_and_relative_index(9 - 6 * rank, population)
    assert float(sii) == pytest.approx(6, abs=1e-13)
    assert float(rii) == pytest.approx(9 / 3, abs=1e-13)
    # by hand: equal fifths, rates 5 4 3 2 1, slope -5 per unit of rank, line 5.5 to 0.5
    sii, rii = inequality.slope_and_relative_index([5, 4, 3, 2, 1], [1] * 5)
    assert (float(sii), float(rii)) == pytest.approx((5, 11), abs=1e-13)


def test_indices_of_the_documentation_example_equal_the_regression_it_defines() -> None:
    sii, rii = inequality.slope_and_relative_index(VALUE, POPULATION)
    for area in (0, 1):
        share = POPULATION[area] / POPULATION[area].sum()
        rank = np.cumsum(share) - share / 2
        # the transformed regression as documented: Y sqrt(a) on sqrt(a) and b sqrt(a), no constant
        fit = sm.OLS(VALUE[area] * np.sqrt(share), np.column_stack([share**0.5, rank * share**0.5])).fit()
        first, slope = fit.params
        assert sii[area] == pytest.approx(-slope, rel=1e-11)
        assert rii[area] == pytest.approx(first / (first + slope), rel=1e-11)
        weighted = sm.WLS(VALUE[area], sm.add_constant(rank), weights=POPULATION[area]).fit()
        assert sii[area] == pytest.approx(-weighted.params[1], rel=1e-11)


def test_a_group_without_people_or_a_line_below_zero_has_no_index() -> None:
    sii, rii = inequality.slope_and_relative_index([5, 4, 3, 2, 1], [1, 1, 0, 1, 1])
    assert np.isnan([float(sii), float(rii)]).all()
    for rates, sign in (([9, 0, 0, 0, 0], 1), ([0, 0, 0, 0, 9], -1)):
        sii, rii = inequality.slope_and_relative_index(rates, [1] * 5)
        assert np.sign(float(sii)) == sign
        assert np.isnan(float(rii))


def test_deprivation_gap_counts_and_repeats_itself() -> None:
    frame = networks(1, slope=2e-4)
    table = inequality.deprivation_gap(frame, per=10_000, seed=11)
    row = table.loc[0]
    assert (row["n"], row["events"], row["population"]) == (
        200,
        frame["events"].sum(),
        frame["population"].sum(),
    )
    groups = frame.groupby("quintile")[["events", "population"]].sum()
    sii, rii = inequality.slope_and_relative_index(
        10_000 * groups["events"] / groups["population"], groups["population"]
    )
    assert (row["sii"], row["rii"]) == pytest.approx((float(sii), float(rii)), rel=1e-12)
    assert row["sii_lower"] < row["sii"] < row["sii_upper"]
    assert row["rii_lower"] < row["rii"] < row["rii_upper"]
    # the same interval beside another cell and under another number; another one with another seed
    both = inequality.deprivation_gap(
        pd.concat([networks(2), frame.assign(cell=2)]), per=10_000, seed=11
    ).drop(columns="cell")
    pd.testing.assert_series_equal(both.loc[2], row.drop("cell"), check_names=False)
    assert both.loc[1, "n"] == 0
    other = inequality.deprivation_gap(frame, per=10_000, seed=12).loc[0]
    assert other["sii"] == row["sii"]
    assert other["sii_lower"] != row["sii_lower"]


def test_bootstrap_intervals_cover_as_often_as_they_say() -> None:
    truth = 1.0  # per 10,000 and unit of rank
    cells = pd.concat([networks(seed, slope=1e-4).assign(cell=seed) for seed in range(300)])
    table = inequality.deprivation_gap(cells, per=10_000, seed=3, replicates=300)
    assert table["sii"].mean() == pytest.approx(truth, abs=0.05)
    held = (table["sii_lower"] <= truth) & (truth <= table["sii_upper"])
    assert 0.915 <= held.mean() <= 0.98
    ratio = (3e-4 + 0.5e-4) / (3e-4 - 0.5e-4)
    held = (table["rii_lower"] <= ratio) & (ratio <= table["rii_upper"])
    assert 0.915 <= held.mean() <= 0.98


def test_too_few_networks_leave_the_interval_out() -> None:
    few = networks(5, units=5).assign(quintile=[1, 2, 3, 4, 5])
    row = inequality.deprivation_gap(few, seed=1).loc[0]
    assert not np.isnan(row["sii"])
    assert np.isnan([row["sii_lower"], row["sii_upper"]]).all()


def test_concentration_index_as_published() -> None:
    # O'Donnell O et al, Analyzing Health Equity Using Household Survey Data, World Bank 2008, table 8.1:
    # births and under-five deaths per 1,000 in India 1982-92, poorest to richest fifth; index -0.1694
    births = np.array([29_939, 28_776, 26_528, 24_689, 19_739.0])
    rate = np.array([154.7, 152.9, 119.5, 86.9, 54.3]) / 1000
    frame = pd.DataFrame(
        {"cell": 0, "unit": range(5), "score": [5, 4, 3, 2, 1], "events": births * rate, "population": births}
    )
    row = inequality.concentration_index(frame, seed=1).loc[0]
    assert round(row["estimate"], 4) == -0.1694
    # Erreygers' correction for a variable between 0 and 1: four times the mean
    mean = (births * rate).sum() / births.sum()
    corrected = inequality.concentration_index(frame, limits=(0, 1), seed=1).loc[0, "estimate"]
    assert corrected == pytest.approx(4 * mean * row["estimate"], rel=1e-12)


def test_concentration_index_equals_the_convenient_regression() -> None:
    # Kakwani, Wagstaff & van Doorslaer 1997: regress 2 var(rank) / mean * y on rank; the slope is the index
    frame = networks(9, slope=3e-4).assign(population=1.0)
    rank = inequality.ridits(frame["score"])
    scaled = 2 * rank.var() / frame["events"].mean() * frame["events"]
    want = sm.OLS(scaled, sm.add_constant(rank)).fit().params.iloc[1]
    row = inequality.concentration_index(frame, seed=4).loc[0]
    assert row["estimate"] == pytest.approx(want, rel=1e-10)
    assert row["estimate"] < 0, "more events among the most deprived give a negative index"
    assert row["lower"] < row["estimate"] < row["upper"]


def test_without_any_event_there_is_no_concentration_index() -> None:
    row = inequality.concentration_index(networks(9).assign(events=0), seed=4).loc[0]
    assert np.isnan([row["estimate"], row["lower"], row["upper"]]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quintile": 6}, "quintile: expected 1 to 5"),
        ({"unit": "the same"}, "unit: 199 rows repeat"),
        ({"events": -1}, "events: missing or below 0 in 200 of 200 rows"),
        ({"population": np.nan}, "population: missing or below 0 in 200 of 200 rows"),
    ],
)
def test_impossible_input_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inequality.deprivation_gap(networks(1).assign(**change), seed=1)
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1, found 95"):
        inequality.deprivation_gap(networks(1), seed=1, confidence=95)
