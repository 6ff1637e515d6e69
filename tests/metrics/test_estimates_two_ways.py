"""Every estimator of `evaluation` against the plainest way to say the same: random data, equal within 1e-9."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_oracle import equity, estimators

from evaluation import contrasts, inequality, time_to_event

EXACT = 1e-9
DAYS = st.integers(0, 40)
UNITS = st.lists(st.tuples(DAYS, st.sampled_from([0, 1, 2])), min_size=1, max_size=60)
HORIZON = 20


def frame(units: list[tuple[int, int]]) -> pd.DataFrame:
    found = pd.DataFrame(units, columns=["duration_days", "outcome"]).assign(cell=0)
    return found.assign(is_event=found.outcome == 1)


def same(found: float, expected: float) -> bool:
    return bool(np.isclose(found, expected, rtol=EXACT, atol=EXACT, equal_nan=True))


@given(UNITS)
def test_kaplan_meier(units: list[tuple[int, int]]) -> None:
    days, happened = [day for day, _ in units], [outcome == 1 for _, outcome in units]
    curve = estimators.survival(days, happened)
    median = time_to_event.kaplan_meier_median(frame(units)).iloc[0]
    assert same(median.estimate, estimators.median_of_survival(curve))
    at_horizon = time_to_event.kaplan_meier_at(frame(units), HORIZON).iloc[0]
    if max(days) >= HORIZON:  # nobody says anything of a day that nobody was followed up to
        assert same(at_horizon.estimate, estimators.height(curve, HORIZON, Fraction(1)))


@given(UNITS)
def test_aalen_johansen(units: list[tuple[int, int]]) -> None:
    names = {0: None, 1: "the event", 2: "another"}
    days, causes = [day for day, _ in units], [names[outcome] for _, outcome in units]
    curve = estimators.incidence(days, causes, "the event")
    median = time_to_event.cumulative_incidence_median(frame(units)).iloc[0]
    assert same(median.estimate, estimators.median_of_incidence(curve))
    at_horizon = time_to_event.cumulative_incidence_at(frame(units), HORIZON).iloc[0]
    if max(days) >= HORIZON:
        assert same(at_horizon.estimate, estimators.height(curve, HORIZON, Fraction(0)))


@given(UNITS)
def test_the_ways_out_and_those_still_in_are_everybody(units: list[tuple[int, int]]) -> None:
    """Incidences of all causes and the share free of any add up to 1 after every day."""
    days, causes = [day for day, _ in units], [None if outcome == 0 else str(outcome) for _, outcome in units]
    free = estimators.survival(days, [cause is not None for cause in causes])
    curves = [estimators.incidence(days, causes, cause) for cause in ("1", "2")]
    for place, (day, left) in enumerate(free):
        assert left + sum(curve[place][1] for curve in curves) == 1, day


NETWORKS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 40), st.integers(100, 9000)), min_size=5, max_size=40
)


@given(NETWORKS)
def test_slope_and_relative_index(networks: list[tuple[int, int, int]]) -> None:
    """Scores repeat, so that networks share a rank."""
    score, events, patients = (list(column) for column in zip(*networks, strict=True))
    group = equity.fifths(score, patients)
    assert [place + 1 for place in group] == inequality.quintiles(score, patients).tolist()
    rows = pd.DataFrame({"quintile": group, "events": events, "population": patients}).assign(
        cell=0, unit=range(len(group))
    )
    rows["quintile"] += 1
    found = inequality.deprivation_gap(rows, per=1, seed=1, replicates=2).iloc[0]
    sums = rows.groupby("quintile")[["events", "population"]].sum()
    if len(sums) < equity.FIFTHS:
        assert np.isnan(found.sii)
        return
    most, least = equity.ends_of_the_line((sums.events / sums.population).tolist(), sums.population.tolist())
    assert same(found.sii, most - least)
    if abs(least) > 1e-6 and abs(most) > 1e-6:  # nearer to 0, rounding says on which side a line ends
        ratio = most / least if least > 0 and most > 0 else np.nan
        assert np.isclose(found.rii, ratio, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("seed", range(8))
def test_adjusted_difference(seed: int) -> None:
    """Learners of three groups, two sectors and three years, whose chance to complete depends on all of them."""
    draw = np.random.default_rng(seed)
    people = 600
    rows = pd.DataFrame(
        {
            "group": draw.choice(["a", "b", "c"], people, p=[0.6, 0.3, 0.1]),
            "sector": draw.choice(["pcn", "hospital"], people),
            "year": draw.choice(["2022", "2023", "2024"], people),
        }
    )
    push = (rows.group == "b") * 0.7 - (rows.sector == "pcn") * 0.5 + (rows.year == "2024") * 0.4
    rows["done"] = (draw.random(people) < 1 / (1 + np.exp(-push))).astype(int)
    found = contrasts.adjusted_difference(rows, "done", "group", "a", ["sector", "year"])
    expected = equity.standardised(rows.done, rows.group, rows[["sector", "year"]], "a")
    assert set(found.group) == set(expected)
    for name, estimate in zip(found.group, found.estimate, strict=True):
        assert same(estimate, expected[name]), name


def test_adjusted_difference_without_an_answer() -> None:
    """A group in which everybody completes has no finite coefficient: neither way invents one."""
    rows = pd.DataFrame({"group": ["a"] * 30 + ["b"] * 30, "sector": ["x", "y"] * 30})
    rows["done"] = [0, 0, 1] * 10 + [1] * 30
    found = contrasts.adjusted_difference(rows, "done", "group", "a", ["sector"])
    expected = equity.standardised(rows.done, rows.group, rows[["sector"]], "a")
    assert found.estimate.isna().all()
    assert all(np.isnan(value) for value in expected.values())
