"""Time to event against published results, against statsmodels, and in the cases where a formula ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

from evaluation import time_to_event

PUBLISHED = Path(__file__).parent / "published"
Z = 1.959963984540054


def published(name: str) -> pd.DataFrame:
    table = pd.read_csv(PUBLISHED / name)
    return table.loc[table.index.repeat(table["people"])].drop(columns="people").reset_index(drop=True)


def one_cell(durations: list[float], outcomes: list[int], column: str = "is_event") -> pd.DataFrame:
    return pd.DataFrame({"cell": 0, "duration_days": durations, column: outcomes})


def random_cells(seed: int, outcomes: int) -> pd.DataFrame:
    """Cells of 20 to 200 units, days from 0 on with many ties, in shuffled order."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(20, 200, 40)
    frame = pd.DataFrame(
        {
            "cell": np.repeat(np.arange(40), sizes),
            "duration_days": rng.integers(0, 60, sizes.sum()),
            "outcome": rng.integers(0, outcomes + 1, sizes.sum()),
        }
    )
    return frame.assign(is_event=frame["outcome"] == 1).sample(frac=1, random_state=seed)


def log_minus_log(p: float, error: float) -> tuple[float, float]:
    """The interval, written out from the derivative of log(-log p)."""
    middle, spread = np.log(-np.log(p)), Z * error / abs(p * np.log(p))
    return float(np.exp(-np.exp(middle + spread))), float(np.exp(-np.exp(middle - spread)))


def test_lung_medians_as_published() -> None:
    lung = published("lung.csv")
    cells = pd.concat(
        [
            lung.assign(cell=0),
            lung[lung["sex"] == "male"].assign(cell=1),
            lung[lung["sex"] == "female"].assign(cell=2),
        ]
    )
    table = time_to_event.kaplan_meier_median(cells, minimum_n=20)
    assert table["n"].tolist() == [228, 138, 90]
    assert table["events"].tolist() == [165, 112, 53]
    assert table["estimate"].tolist() == [310, 270, 426]
    # R: summary(survfit(Surv(time, status) ~ 1, lung), times = 365.25) gives 0.4092, standard error 0.0358
    year = time_to_event.kaplan_meier_at(cells, 365.25)
    assert year["estimate"].round(4)[0] == 0.4092
    assert (year["lower"][0], year["upper"][0]) == pytest.approx(log_minus_log(0.4092, 0.0358), abs=2e-4)


def test_lung_log_rank_as_published() -> None:
    # R: survdiff(Surv(time, status) ~ sex, lung) gives chi-square 10.3 on 1 degree of freedom, p = 0.001
    result = time_to_event.log_rank(published("lung.csv"), "sex")
    assert (round(result.statistic, 1), result.degrees_of_freedom) == (10.3, 1)
    assert round(result.p_value, 3) == 0.001


def test_competing_risks_of_mgus2_as_published() -> None:
    frame = published("mgus2.csv").rename(columns={"months": "duration_days"}).assign(cell=0)
    want = {60: 0.034104, 120: 0.063722, 240: 0.099814, 360: 0.134042}
    for months, share in want.items():
        table = time_to_event.cumulative_incidence_at(frame, months)
        assert round(table["estimate"][0], 6) == share
        assert table["lower"][0] < share < table["upper"][0]
    assert table["n"][0] == 1384
    curve = time_to_event.cumulative_incidence_curve(frame)
    assert round(curve.loc[curve["time"] <= 240, "estimate"].iloc[-1], 6) == want[240]
    median = time_to_event.cumulative_incidence_median(frame)
    assert not median["is_reached"][0]
    assert np.isnan(median["estimate"][0])


@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_equals_statsmodels(seed: int) -> None:
    frame = random_cells(seed, outcomes=1)
    medians = time_to_event.kaplan_meier_median(frame)
    days = time_to_event.kaplan_meier_at(frame, 30)
    assert len(medians) == len(days) == 40
    for cell, units in frame.groupby("cell"):
        fit = SurvfuncRight(units["duration_days"], units["is_event"])
        row = medians.loc[cell]
        assert (row["n"], row["events"]) == (len(units), units["is_event"].sum())
        assert not np.isclose(fit.surv_prob, 0.5).any(), "pick another seed: statsmodels' median is strict"
        np.testing.assert_equal(row["estimate"], fit.quantile(0.5))
        with np.errstate(all="ignore"):
            lower, upper = fit.quantile_ci(0.5, method="cloglog")
        np.testing.assert_equal([row["lower"], row["upper"]], [lower, np.nan if np.isinf(upper) else upper])
        at = np.searchsorted(fit.surv_times, 30, side="right") - 1
        want = (fit.surv_prob[at], *log_minus_log(fit.surv_prob[at], fit.surv_prob_se[at]))
        got = days.loc[cell]
        np.testing.assert_allclose([got["estimate"], got["lower"], got["upper"]], want, rtol=0, atol=1e-10)
        assert got["at_risk"] == (units["duration_days"] >= 30).sum()
        assert got["events"] == (units["is_event"] & (units["duration_days"] <= 30)).sum()


@pytest.mark.parametrize("seed", range(5))
def test_cumulative_incidence_equals_statsmodels(seed: int) -> None:
    frame = random_cells(seed, outcomes=3)
    at_day = time_to_event.cumulative_incidence_at(frame, 30)
    fifth = time_to_event.cumulative_incidence_median(frame, share=0.2)
    compared = 0
    for cell, units in frame.groupby("cell"):
        with np.errstate(all="ignore"):
            fit = CumIncidenceRight(units["duration_days"].to_numpy(), units["outcome"].to_numpy())
        curve = time_to_event.cumulative_incidence_curve(units)
        rows = np.searchsorted(fit.times, curve["time"], side="right") - 1
        share, error = fit.cinc[0][rows], fit.cinc_se[0][rows]
        share[rows < 0] = 0
        np.testing.assert_allclose(curve["estimate"], share, rtol=0, atol=1e-10)
        inside = (share > 0) & ~np.isnan(error) & (rows >= 0)
        compared += inside.sum()
        want = np.array([log_minus_log(p, e) for p, e in zip(share[inside], error[inside], strict=True)])
        np.testing.assert_allclose(curve.loc[inside, ["lower", "upper"]], want, rtol=0, atol=1e-10)
        np.testing.assert_allclose(
            at_day.loc[cell, ["estimate", "lower", "upper"]].astype(float),
            curve.loc[curve["time"] <= 30, ["estimate", "lower", "upper"]].iloc[-1],
        )
        reached = [*fit.times[fit.cinc[0] >= 0.2], np.nan]
        surely = [*curve.loc[curve["lower"].le(0.2)[::-1].cummax()[::-1].eq(False), "time"], np.nan]
        want = (reached[0], curve.loc[curve["upper"] >= 0.2, "time"].min(), surely[0])
        np.testing.assert_equal(tuple(fifth.loc[cell, ["estimate", "lower", "upper"]]), want)
    assert compared > 500


def test_log_rank_equals_statsmodels_for_three_groups() -> None:
    frame = random_cells(3, outcomes=1)
    frame["team"] = frame["cell"].mod(3).map({0: "a", 1: "b", 2: "c"})
    result = time_to_event.log_rank(frame, "team")
    statistic, p_value = survdiff(frame["duration_days"], frame["is_event"], frame["team"])
    assert (result.statistic, result.p_value) == pytest.approx((statistic, p_value), rel=1e-10)
    assert result.degrees_of_freedom == 2
    alone = time_to_event.log_rank(frame.assign(team="a"), "team")
    assert np.isnan([alone.statistic, alone.p_value]).all()


def test_without_censoring_incidence_is_a_proportion_with_its_error() -> None:
    # 40 units all followed to an outcome: the share is 12/40 and its error sqrt(p (1 - p) / n)
    frame = one_cell(list(range(1, 41)), [1] * 12 + [2] * 28, "outcome")
    row = time_to_event.cumulative_incidence_at(frame, 100).loc[0]
    assert row["estimate"] == pytest.approx(0.3)
    assert (row["lower"], row["upper"]) == pytest.approx(
        log_minus_log(0.3, np.sqrt(0.3 * 0.7 / 40)), rel=1e-9
    )
    assert (row["at_risk"], row["events"]) == (0, 12)


def test_an_event_comes_before_a_censoring_of_the_same_day() -> None:
    # two at risk on day 5, one event: S = 1/2, the censored one counts as at risk
    frame = one_cell([5, 5], [0, 1])
    assert time_to_event.kaplan_meier_at(frame, 5).loc[0, "estimate"] == pytest.approx(0.5)
    assert time_to_event.kaplan_meier_median(frame).loc[0, "estimate"] == 5


def test_zero_durations_count_on_the_first_day() -> None:
    frame = one_cell([0, 0, 3, 4], [1, 0, 1, 0])
    # S(0) = 3/4; the one censored on day 0 leaves: S(3) = 3/4 * 1/2
    assert time_to_event.kaplan_meier_at(frame, 0).loc[0, "estimate"] == pytest.approx(0.75)
    assert time_to_event.kaplan_meier_at(frame, 3).loc[0, "estimate"] == pytest.approx(0.375)
    curve = time_to_event.kaplan_meier_curve(frame)
    assert curve["time"].tolist() == [0, 3, 4]
    assert curve["at_risk"].tolist() == [4, 2, 1]
    assert curve["estimate"].tolist() == pytest.approx([0.75, 0.375, 0.375])


def test_nobody_has_the_event() -> None:
    frame = one_cell([10, 20, 30], [0, 0, 0])
    median = time_to_event.kaplan_meier_median(frame).loc[0]
    assert (median["n"], median["events"], median["is_reached"]) == (3, 0, False)
    assert np.isnan([median["estimate"], median["lower"], median["upper"]]).all()
    row = time_to_event.kaplan_meier_at(frame, 30).loc[0]
    assert (row["estimate"], row["at_risk"]) == (1, 1)
    assert np.isnan([row["lower"], row["upper"]]).all()
    incidence = time_to_event.cumulative_incidence_at(frame.assign(outcome=0), 30).loc[0]
    assert incidence["estimate"] == 0
    assert time_to_event.kaplan_meier_curve(frame)["estimate"].tolist() == [1, 1]


def test_a_day_nobody_was_observed_up_to_has_no_figure() -> None:
    open_end = one_cell([10, 20], [1, 0])
    assert np.isnan(time_to_event.kaplan_meier_at(open_end, 21).loc[0, "estimate"])
    assert time_to_event.kaplan_meier_at(open_end, 20).loc[0, "estimate"] == 0.5
    all_happened = one_cell([10, 20], [1, 2], "outcome")
    assert time_to_event.cumulative_incidence_at(all_happened, 21).loc[0, "estimate"] == 0.5
    half_open = one_cell([10, 20, 20], [1, 2, 0], "outcome")
    assert np.isnan(time_to_event.cumulative_incidence_at(half_open, 21).loc[0, "estimate"])


def test_a_single_unit() -> None:
    row = time_to_event.kaplan_meier_median(one_cell([7], [1])).loc[0]
    assert (row["estimate"], row["lower"], row["upper"]) == (7, 7, 7)
    assert time_to_event.kaplan_meier_at(one_cell([7], [1]), 6).loc[0, "estimate"] == 1
    assert time_to_event.kaplan_meier_at(one_cell([7], [1]), 8).loc[0, "estimate"] == 0


def test_a_median_exactly_at_a_half_is_the_first_day_there() -> None:
    # six events one by one: S(3) is a product of ratios equal to a half
    frame = one_cell([1, 2, 3, 4, 5, 6], [1] * 6)
    assert time_to_event.kaplan_meier_median(frame).loc[0, "estimate"] == 3
    frame = one_cell([1, 2, 3, 4], [1, 1, 2, 2], "outcome")
    assert time_to_event.cumulative_incidence_median(frame).loc[0, "estimate"] == 2


def test_a_curve_that_falls_in_one_step_has_that_day_as_its_interval() -> None:
    frame = one_cell([1] * 5 + [9] * 90 + [30] * 5, [1] * 95 + [0] * 5)
    row = time_to_event.kaplan_meier_median(frame).loc[0]
    assert (row["estimate"], row["lower"], row["upper"]) == (9, 9, 9)


def test_small_and_empty_cells_are_rows_without_figures() -> None:
    frame = pd.DataFrame(
        {"cell": [0] * 25 + [2] * 3, "duration_days": [*range(25), 1, 2, 3], "is_event": True, "outcome": 1}
    )
    for table in (
        time_to_event.kaplan_meier_median(frame, minimum_n=20, cells=4),
        time_to_event.kaplan_meier_at(frame, 3, minimum_n=20, cells=4),
        time_to_event.cumulative_incidence_median(frame, minimum_n=20, cells=4),
        time_to_event.cumulative_incidence_at(frame, 3, minimum_n=20, cells=4),
    ):
        assert table["cell"].tolist() == [0, 1, 2, 3]
        assert table["n"].tolist() == [25, 0, 3, 0]
        assert table["estimate"].notna().tolist() == [True, False, False, False]
    empty = frame.iloc[:0]
    assert time_to_event.kaplan_meier_median(empty).empty
    assert len(time_to_event.kaplan_meier_at(empty, 3, cells=2)) == 2
    assert time_to_event.kaplan_meier_curve(empty).empty


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (one_cell([-1, 2], [0, 1]), "duration_days: missing or below 0 in 1 of 2 rows"),
        (one_cell([np.nan, 2], [0, 1]), "duration_days: missing or below 0 in 1 of 2 rows"),
        (one_cell([1, 2], [0, 2]), "is_event: expected codes from 0, found 0 to 2"),
        (one_cell([1, 2], [None, 1]), "is_event: missing in 1 of 2 rows"),  # type: ignore[list-item]
        (one_cell([1, 2], [0, 1]).assign(cell=[0, 5]), "cell: expected 0 to 1, found 0 to 5"),
    ],
)
def test_impossible_input_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time_to_event.kaplan_meier_median(frame, cells=2)


def test_interval_of_the_median_covers_as_often_as_it_says() -> None:
    # exponential times of median 100, random censoring: 95 % of 600 intervals should hold 100
    rng = np.random.default_rng(20210401)
    cells, n = 600, 80
    time = rng.exponential(100 / np.log(2), cells * n)
    censored = rng.uniform(50, 400, cells * n)
    frame = pd.DataFrame(
        {
            "cell": np.repeat(np.arange(cells), n),
            "duration_days": np.minimum(time, censored),
            "is_event": time <= censored,
        }
    )
    table = time_to_event.kaplan_meier_median(frame)
    held = (table["lower"] <= 100) & (table["upper"].isna() | (table["upper"] >= 100))
    assert 0.93 <= held.mean() <= 0.975


def test_interval_of_the_incidence_covers_as_often_as_it_says() -> None:
    # two outcomes at constant hazards 1:2, so the incidence of the first by day 100 is (1 - S(100)) / 3
    rng = np.random.default_rng(20220401)
    cells, n = 600, 100
    time = rng.exponential(150, cells * n)
    censored = rng.uniform(0, 400, cells * n)
    outcome = np.where(time > censored, 0, rng.choice([1, 2, 2], cells * n))
    frame = pd.DataFrame(
        {
            "cell": np.repeat(np.arange(cells), n),
            "duration_days": np.minimum(time, censored),
            "outcome": outcome,
        }
    )
    truth = (1 - np.exp(-100 / 150)) / 3
    table = time_to_event.cumulative_incidence_at(frame, 100)
    assert table["estimate"].mean() == pytest.approx(truth, abs=0.006)
    held = (table["lower"] <= truth) & (table["upper"] >= truth)
    assert 0.93 <= held.mean() <= 0.975
