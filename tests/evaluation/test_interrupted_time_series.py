"""Interrupted time series against the published Sicily answers and against dense matrices written out here."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from simulation import series

from evaluation import interrupted_time_series

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PHIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "statistics"


@pytest.fixture(scope="module")
def sicily() -> pd.DataFrame:
    """Monthly admissions for acute coronary events, Sicily 2002 to 2006; smoking ban from January 2005."""
    path = SHARED / "sicily.csv"
    if not path.exists():
        pytest.skip("sicily.csv is not in the shared data folder")
    return pd.read_csv(path).rename(columns={"time": "period", "aces": "value", "stdpop": "exposure"})


def measured(seed: int = 3, months: int = 48) -> pd.DataFrame:
    return series.measured(seed, planted=True, rho=0.4, months=months).data


def test_sicily_as_published(sicily: pd.DataFrame) -> None:
    # Bernal, Cummins, Gasparrini, Int J Epidemiol 2017: relative risk of the ban, level change only
    result = interrupted_time_series.counts(sicily, 37, slope_change=False, overdispersed=False)
    effect = result.effect("level")
    assert [round(x, 3) for x in (effect.estimate, effect.lower, effect.upper)] == [0.894, 0.865, 0.925]
    assert any("follow each other" in problem for problem in result.problems), (
        "the season is left in the errors"
    )
    # quasi-Poisson with two harmonics
    result = interrupted_time_series.counts(sicily, 37, slope_change=False, harmonics=2)
    effect = result.effect("level")
    assert [round(x, 3) for x in (effect.estimate, effect.lower, effect.upper)] == [0.885, 0.839, 0.933]
    assert result.problems == ()
    assert result.effects == (effect,)


def test_quasi_poisson_equals_newton_steps_by_hand(sicily: pd.DataFrame) -> None:
    time = sicily["period"].to_numpy() - 37.0
    after = (time >= 0).astype(float)
    columns = np.column_stack([after, after * time, np.ones_like(time), time])
    value, exposure = sicily["value"].to_numpy(float), sicily["exposure"].to_numpy(float)
    beta = np.array([0, 0, np.log(value.sum() / exposure.sum()), 0])
    for _ in range(50):
        expected = exposure * np.exp(columns @ beta)
        information = columns.T @ (columns * expected[:, None])
        beta = beta + np.linalg.solve(information, columns.T @ (value - expected))
    dispersion = ((value - expected) ** 2 / expected).sum() / (len(value) - 4)
    covariance = np.linalg.inv(information) * dispersion
    result = interrupted_time_series.counts(sicily, 37)
    assert result.dispersion == pytest.approx(dispersion, rel=1e-6)
    for place, name in enumerate(("level", "slope")):
        effect = result.effect(name)
        assert np.log(effect.estimate) == pytest.approx(beta[place], rel=1e-6)
        assert effect.se == pytest.approx(np.sqrt(covariance[place, place]), rel=1e-6)
        assert np.log(effect.upper) == pytest.approx(beta[place] + 1.959963985 * effect.se, rel=1e-6)
    drawn = result.series
    assert drawn["observed"].sum() == pytest.approx((value / exposure).sum())
    assert (drawn["fitted"] * exposure).sum() == pytest.approx(value.sum()), "Poisson fits keep the total"
    # a geometric mean of the ratios after the ban
    ratio = np.log(drawn["fitted"] / drawn["counterfactual"])[drawn["is_after"]].mean()
    assert np.log(result.effect("mean").estimate) == pytest.approx(ratio)


def posterior(frame: pd.DataFrame, row: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, centres and scales over 1,600 AR coefficients, by inverted covariance matrices."""
    time, value = frame["period"].to_numpy(float), frame["value"].to_numpy(float)
    after = (time >= 0).astype(float)
    columns = np.column_stack([after, after * time, np.ones_like(time), time])
    apart = np.abs(np.subtract.outer(time, time))
    grid = (np.arange(1600) + 0.5) / 800 - 1
    found = []
    for rho in grid:
        covariance = rho**apart / (1 - rho**2) if rho else np.eye(len(time))
        precision = np.linalg.inv(covariance)
        information = columns.T @ precision @ columns
        beta = np.linalg.solve(information, columns.T @ precision @ value)
        residual = value - columns @ beta
        squares = residual @ precision @ residual
        spare = len(time) - 4
        height = -0.5 * (
            np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1] + spare * np.log(squares)
        )
        variance = squares / spare * (np.array(row) @ np.linalg.inv(information) @ row)
        found.append((height, np.array(row) @ beta, np.sqrt(variance)))
    height, centre, scale = np.array(found).T
    weight = np.exp(height - height.max())
    return weight / weight.sum(), centre, scale


@pytest.mark.parametrize(("name", "row"), [("level", [1, 0, 0, 0]), ("slope", [0, 1, 0, 0])])
def test_the_interval_holds_95_per_cent_of_the_mixture(name: str, row: list[float]) -> None:
    frame = measured()
    weight, centre, scale = posterior(frame, row)
    effect = interrupted_time_series.continuous(frame, 0, with_checks=False).effect(name)
    assert effect.estimate == pytest.approx(weight @ centre, abs=1e-5)
    for limit, share in ((effect.lower, 0.025), (effect.upper, 0.975)):
        assert weight @ stats.t.cdf((limit - centre) / scale, 44) == pytest.approx(share, abs=1e-5)
    tail = weight @ stats.t.cdf(-centre / scale, 44)
    assert effect.p == pytest.approx(2 * min(tail, 1 - tail), abs=1e-5)
    variance = weight @ (scale**2 * 44 / 42 + centre**2) - (weight @ centre) ** 2
    assert effect.se == pytest.approx(np.sqrt(variance), rel=1e-3)


def test_counterfactual_and_mean_agree_with_the_model() -> None:
    frame = measured()
    result = interrupted_time_series.continuous(frame, 0, with_checks=False)
    drawn = result.series
    level, slope, mean = (result.effect(name) for name in ("level", "slope", "mean"))
    gap = (drawn["fitted"] - drawn["counterfactual"]).to_numpy()
    after = drawn["is_after"].to_numpy()
    assert gap[~after] == pytest.approx(0, abs=1e-9)
    assert gap[after] == pytest.approx(level.estimate + slope.estimate * np.arange(after.sum()))
    assert gap[after].mean() == pytest.approx(mean.estimate)
    width = (drawn["counterfactual_upper"] - drawn["counterfactual_lower"]).to_numpy()
    assert (np.diff(width[after]) > 0).all(), "the further from the data before, the less is known"
    assert (drawn["fitted_lower"] < drawn["fitted"]).all() and (drawn["fitted"] < drawn["fitted_upper"]).all()


def test_beside_stand_glsar_and_sarimax() -> None:
    frame = measured()
    result = interrupted_time_series.continuous(frame, 0)
    glsar, sarimax = result.beside
    assert (glsar.method, sarimax.method) == ("GLSAR", "SARIMAX")
    assert glsar.converged and sarimax.converged
    # Cochrane-Orcutt by hand: least squares on what is left after the AR part of the month before
    time, value = frame["period"].to_numpy(float), frame["value"].to_numpy(float)
    after = (time >= 0).astype(float)
    columns = np.column_stack([after, after * time, np.ones_like(time), time])
    rho = glsar.autocorrelation
    beta, squares, *_ = np.linalg.lstsq(
        columns[1:] - rho * columns[:-1], value[1:] - rho * value[:-1], rcond=None
    )
    assert [one.estimate for one in glsar.effects[:2]] == pytest.approx(beta[:2], rel=1e-6)
    inverse = np.linalg.inv((columns[1:] - rho * columns[:-1]).T @ (columns[1:] - rho * columns[:-1]))
    assert glsar.effects[0].se == pytest.approx(np.sqrt(squares[0] / 43 * inverse[0, 0]), rel=1e-6)
    # maximum likelihood: generalised least squares at its own AR coefficient
    rho = sarimax.autocorrelation
    precision = np.linalg.inv(rho ** np.abs(np.subtract.outer(time, time)))
    beta = np.linalg.solve(columns.T @ precision @ columns, columns.T @ precision @ value)
    assert [one.estimate for one in sarimax.effects[:2]] == pytest.approx(beta[:2], abs=0.01)
    assert sarimax.effects[0].se == pytest.approx(result.effects[0].se, rel=0.3)


def test_units_of_the_value_do_not_matter() -> None:
    frame = measured()
    once = interrupted_time_series.continuous(frame, 0)
    scaled = interrupted_time_series.continuous(frame.assign(value=1e6 * frame["value"] + 5e7), 0)
    for first, second in zip(
        (*once.effects, *once.beside[0].effects, *once.beside[1].effects),
        (*scaled.effects, *scaled.beside[0].effects, *scaled.beside[1].effects),
        strict=True,
    ):
        assert second.lower == pytest.approx(1e6 * first.lower, rel=1e-2, abs=2e4 * first.se)
        assert second.estimate == pytest.approx(1e6 * first.estimate, rel=1e-2, abs=2e4 * first.se)
    assert once.effects[0].lower * 1e6 == pytest.approx(scaled.effects[0].lower, rel=1e-6)


def test_harmonics_take_a_season_out() -> None:
    frame = series.measured(5, planted=True, rho=0.2, months=60, season=6.0).data
    plain = interrupted_time_series.continuous(frame, 0, with_checks=False)
    with_season = interrupted_time_series.continuous(frame, 0, harmonics=1, with_checks=False)
    assert any("follow each other" in problem for problem in plain.problems)
    assert with_season.problems == ()
    assert with_season.effect("level").se < 0.6 * plain.effect("level").se


def test_dates_are_periods_and_order_does_not_matter() -> None:
    frame = measured()
    want = interrupted_time_series.continuous(frame, 0, with_checks=False)
    days = pd.date_range("2020-01-01", periods=len(frame), freq="MS")
    since = days[int((frame["period"] < 0).sum())]
    dated = frame.assign(period=days).sample(frac=1, random_state=1)
    assert interrupted_time_series.continuous(dated, since, with_checks=False) == want
    months = dated.assign(period=dated["period"].dt.to_period("M"))
    got = interrupted_time_series.continuous(months, since.to_period("M"), with_checks=False)
    assert got == want
    with pytest.raises(ValueError, match="gap"):
        interrupted_time_series.continuous(dated[dated["period"] != days[7]], since)


def test_problems_are_said_in_words() -> None:
    short = interrupted_time_series.continuous(measured(months=48).query("period < 5"), 0, with_checks=False)
    assert any("Only 5 periods after" in problem for problem in short.problems)
    drifting = series.measured(11, planted=False, rho=0.97, months=60).data
    result = interrupted_time_series.continuous(drifting, 0, with_checks=False)
    assert result.autocorrelation >= interrupted_time_series.NEAR_ONE
    assert any("drift" in problem for problem in result.problems)
    rare = pd.DataFrame({"period": range(40), "value": [0, 1, 2, 1] * 10})
    assert any("Fewer than 5 events" in one for one in interrupted_time_series.counts(rare, 20).problems)


def test_a_fit_that_does_not_converge_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupted_time_series, "ITERATIONS", 2)
    result = interrupted_time_series.continuous(measured(), 0)
    assert not result.beside[0].converged
    assert "GLSAR, shown to compare, did not converge." in result.problems


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": [1.0, np.nan, 3, 4, 5, 6, 7, 8]}, "missing in 1 of 8"),
        ({"period": [0, 1, 2, 3, 4, 5, 6, 6]}, "1 repeated"),
        ({"period": [0, 1, 2, 3, 4, 5, 6, 8]}, "gap"),
        ({"value": [2.0] * 8}, "fits the series exactly"),
        ({"value": [-1.0, 2, 3, 4, 5, 6, 7, 8]}, "below 0 in 1 of 8"),
        ({"value": [0.0, 0, 0, 0, 5, 6, 7, 8]}, "no event before"),
        ({"exposure": [0.0, 1, 1, 1, 1, 1, 1, 1]}, "above 0"),
    ],
)
def test_what_is_no_series_is_refused(change: dict[str, list[float]], message: str) -> None:
    frame = pd.DataFrame({"period": range(8), "value": [5.0, 3, 6, 4, 9, 7, 8, 5], "exposure": 10.0})
    interrupted_time_series.counts(frame, 4)
    with pytest.raises(ValueError, match=message):
        interrupted_time_series.counts(frame.assign(**change), 4)


def test_too_few_periods_are_refused() -> None:
    frame = measured()
    with pytest.raises(ValueError, match="two periods before"):
        interrupted_time_series.continuous(frame, frame["period"].max())
    with pytest.raises(ValueError, match="too few"):
        interrupted_time_series.continuous(frame.query("-4 <= period < 4"), 0, harmonics=3)
