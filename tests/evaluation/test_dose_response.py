"""Dose response against diff-diff, least squares and a jackknife, and with a planted effect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from diff_diff import CallawaySantAnna
from scipy import stats
from simulation.coverage import SEEDS, Answer, coverage
from simulation.doses import dosed

from evaluation.dose_response import dose_response

EDGES = (1.2, 2.0)


def test_a_band_is_callaway_and_santannas_estimate_of_its_units() -> None:
    frame = dosed(1, planted=True).data
    result = dose_response(frame, after=3, edges=EDGES)
    assert result.bands["units"].sum() == result.units == frame.query("dose > 0")["unit"].nunique()
    for band in result.bands.itertuples():
        units = frame[(frame["dose"] == 0) | frame["dose"].between(band.dose_from, band.dose_to)]
        estimator = CallawaySantAnna(control_group="never_treated", base_period="universal")
        fit = estimator.fit(units, "outcome", "unit", "period", "first_treated")
        effects = fit.aggregate("event_study").to_dataframe().set_index("event_time")
        assert band.estimate == pytest.approx(effects["att"].loc[0:3].mean())
        # the placebo: the base period less the one before it
        assert band.placebo == pytest.approx(-effects["att"][-2])
        assert band.placebo_se == pytest.approx(effects["se"][-2], rel=0.02)


def test_one_start_equals_least_squares_with_clustered_errors() -> None:
    frame = dosed(2, planted=True).data.query("first_treated in (0, 7)")
    result = dose_response(frame, after=2, before=3, anticipation=1, edges=EDGES, cluster="area")
    wide = frame.pivot(index="unit", columns="period", values="outcome")
    facts = frame.groupby("unit").first()
    band = pd.cut(facts["dose"], [-1, 0, *EDGES, 10], labels=False)
    columns = np.column_stack([np.ones(len(wide)), *(band == one for one in (1, 2, 3))]).astype(float)
    for change, estimate, se in (
        (wide[[7, 8, 9]].mean(axis=1) - wide[5], "estimate", "se"),
        (wide[5] - wide[[2, 3, 4]].mean(axis=1), "placebo", "placebo_se"),
    ):
        fit = sm.OLS(change, columns).fit(cov_type="cluster", cov_kwds={"groups": facts["area"]})
        assert result.bands[estimate].to_numpy() == pytest.approx(fit.params[1:].to_numpy())
        # statsmodels' further factor for the number of coefficients taken out
        factor = np.sqrt((len(wide) - 4) / (len(wide) - 1))
        assert result.bands[se].to_numpy() == pytest.approx(fit.bse[1:].to_numpy() * factor)
    joint = fit.f_test(np.eye(4)[1:])
    factor = (len(wide) - 1) / (len(wide) - 4)
    assert result.placebo_p == pytest.approx(
        stats.f.sf(joint.fvalue * factor, 3, result.clusters - 1), rel=1e-6
    )
    assert result.early_less_late is None


def test_errors_equal_a_jackknife_over_areas() -> None:
    frame = dosed(3, planted=True, units=400).data

    def estimates(part: pd.DataFrame) -> list[float]:
        found = dose_response(part, after=3, before=2, edges=EDGES, cluster="area")
        early, outer = found.early_less_late, found.highest_less_lowest
        assert early is not None and outer is not None
        return [found.per_dose.estimate, outer.estimate, early.estimate, *found.bands["estimate"]]

    without = np.array([estimates(frame[frame["area"] != area]) for area in range(40)])
    jackknife = np.sqrt(39 / 40 * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    result = dose_response(frame, after=3, before=2, edges=EDGES, cluster="area")
    assert result.early_less_late is not None and result.highest_less_lowest is not None
    ses = [result.per_dose.se, result.highest_less_lowest.se, result.early_less_late.se, *result.bands["se"]]
    assert ses == pytest.approx(jackknife, rel=0.08)
    assert result.clusters == 40


def test_per_dose_is_the_line_through_no_dose() -> None:
    result = dose_response(dosed(4, planted=True).data, after=3)
    bands = result.bands
    assert len(bands) == 3 and bands["units"].max() - bands["units"].min() <= 1
    line = sm.WLS(bands["estimate"], bands["mean_dose"], weights=bands["units"]).fit()
    assert result.per_dose.estimate == pytest.approx(line.params.iloc[0])
    assert result.highest_less_lowest is not None
    assert result.highest_less_lowest.estimate == pytest.approx(
        bands["estimate"].iloc[2] - bands["estimate"].iloc[0]
    )
    one = dose_response(dosed(4, planted=True).data, after=3, edges=[100])
    assert (one.highest_less_lowest, one.linear_p, len(one.bands)) == (None, None, 1)


def test_a_bent_response_is_found_not_straight() -> None:
    frame = dosed(5, planted=False, units=600).data
    treated = (frame["first_treated"] > 0) & (frame["period"] >= frame["first_treated"])
    for shape, straight in ((frame["dose"], True), (3.0 * (frame["dose"] > 2), False)):
        bent = frame.assign(outcome=frame["outcome"] + shape * treated)
        p = dose_response(bent, after=3, edges=EDGES).linear_p
        assert p is not None and (p > 0.05) == straight


def test_who_is_left_out_is_counted() -> None:
    frame = dosed(6, planted=True).data
    first, second = frame.query("first_treated == 7")["unit"].unique()[:2]
    never = frame.query("dose == 0")["unit"].iloc[0]
    holed = frame.assign(
        outcome=frame["outcome"].where(~(frame["unit"].isin([first, never]) & (frame["period"] == 7)))
    )
    holed = holed[~((holed["unit"] == second) & (holed["period"] == 6))]
    result = dose_response(holed, after=5, edges=EDGES)
    late = frame.query("first_treated == 9")["unit"].nunique()
    assert result.excluded == {
        "start too early or too late for the window": late,
        "dosed, an outcome missing": 2,
        "never dosed, an outcome missing": 1,
    }
    kept = frame[~frame["unit"].isin([first, second, never]) & (frame["first_treated"] != 9)]
    again = dose_response(kept, after=5, edges=EDGES)
    pd.testing.assert_frame_equal(result.bands, again.bands)
    assert (result.units, result.never) == (again.units, again.never)


def test_problems_are_said_in_words() -> None:
    calm = dose_response(dosed(7, planted=True).data, after=3, cluster="area")
    assert calm.problems == ()
    assert "chose their dose" in calm.assumption
    frame = dosed(7, planted=True, later=-1.0).data
    result = dose_response(frame, after=3, cluster="area")
    assert any("differ by cohort: early starters less late" in one for one in result.problems)
    trending = frame.assign(outcome=frame["outcome"] + 0.8 * frame["period"] * (frame["dose"] > 0))
    assert any("apart before the start" in one for one in dose_response(trending, after=3).problems)
    few = frame[(frame["dose"] > 0) | (frame["unit"] < 12)]
    assert any("were never dosed" in one for one in dose_response(few, after=3).problems)
    wide = dose_response(frame.assign(area=frame["area"] % 8), after=3, cluster="area")
    assert any("Only 8 clusters" in one for one in wide.problems)
    thin = dose_response(frame, after=3, edges=(2.95,))
    assert any("1 of 2 bands hold fewer than 10" in one for one in thin.problems)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(dose=f["dose"].where(f["unit"] > 0)), "dose: missing in 12"),
        (lambda f: pd.concat([f, f.head(2)]), "2 rows repeat"),
        (lambda f: f.assign(dose=f["dose"] + f["period"]), "vary within 200 units"),
        (lambda f: f.assign(dose=f["dose"].where(f["first_treated"] != 5, 0)), "without a dose"),
        (lambda f: f[f["dose"] > 0], "fewer than two never-dosed"),
        (lambda f: f[f["dose"] == 0], "no dosed unit"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dose_response(change(dosed(8, planted=True).data), after=3)  # type: ignore[operator]


@pytest.mark.slow
def test_planted_effects_are_covered_and_nothing_is_found_where_nothing_is() -> None:
    def estimate(frame: pd.DataFrame) -> Answer:
        found = dose_response(frame, after=3, cluster="area").per_dose
        return Answer(found.estimate, found.lower, found.upper)

    result = coverage(estimate, dosed, seeds=SEEDS)
    assert 0.93 <= result.covered <= 0.97, result
    assert 0.03 <= result.found <= 0.07, result
    assert abs(result.bias) < 0.02, result
