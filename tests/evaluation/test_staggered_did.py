"""Staggered difference-in-differences: published answers on mpdta, an independent recomputation, planted effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import impact_checks as checks
from evaluation.staggered_did import Design, NotEstimable, detectable, fit, point, pretrend, smoothness_bounds

MPDTA = Path(__file__).resolve().parents[3] / "shared" / "data" / "statistics" / "mpdta.csv"
NEVER = Design(control="never_treated", before=4, after=3, least_cohort=1, draws=199)


@pytest.fixture(scope="module")
def mpdta() -> pd.DataFrame:
    """Youth employment in counties and minimum wages: the example data of the R package did."""
    if not MPDTA.exists():
        pytest.skip("shared/data/statistics/mpdta.csv is not here")
    names = {"countyreal": "unit", "year": "period", "lemp": "outcome", "first_treat": "first_treated"}
    return pd.read_csv(MPDTA).rename(columns=names)


def made(
    seed: int, *, effect: float, units: int = 300, periods: int = 12, slope: float = 0.0, shock: float = 0.3
) -> pd.DataFrame:
    """Units of 20 boards that share shocks; a constant effect from adoption; ``slope`` spoils adopters' trends."""
    rng = np.random.default_rng(seed)
    icb = rng.integers(0, 20, units)
    first = rng.choice([0, 5, 7, 9], units, p=[0.4, 0.2, 0.2, 0.2])
    level = rng.normal(10, 2, units)
    shocks = rng.normal(0, shock, (20, periods))
    parts = [
        pd.DataFrame(
            {
                "unit": np.arange(units),
                "period": period,
                "outcome": level
                + 0.2 * period
                + shocks[icb, period - 1]
                + slope * period * (first > 0)
                + np.where((first > 0) & (period >= first), effect, 0)
                + rng.normal(0, 1, units),
                "first_treated": first,
                "icb": icb.astype(str),
                "size": level,
            }
        )
        for period in range(1, periods + 1)
    ]
    return pd.concat(parts, ignore_index=True)


class TestPublished:
    """Callaway and Sant'Anna, R package did, vignette: averages without covariates, never-treated controls."""

    def test_averages(self, mpdta: pd.DataFrame) -> None:
        found = fit(mpdta, NEVER)
        assert found.overall.estimate == pytest.approx(-0.0400, abs=5e-5)
        assert found.dynamic.estimate == pytest.approx(-0.0772, abs=5e-5)
        assert found.by_cohort == pytest.approx(-0.0310, abs=5e-5)
        assert found.by_calendar == pytest.approx(-0.0417, abs=5e-5)
        assert (found.units, found.never) == (500, 309)
        assert found.cohorts.to_dict("list") == {"cohort": [2004, 2006, 2007], "units": [20, 40, 131]}

    def test_standard_errors(self, mpdta: pd.DataFrame) -> None:
        """aggte(type = "simple") prints 0.0120 up to its bootstrap, type = "dynamic" 0.0200."""
        found = fit(mpdta, NEVER)
        assert found.overall.se == pytest.approx(0.0120, abs=6e-4)
        assert found.dynamic.se == pytest.approx(0.0200, abs=8e-4)


def test_effects_are_differences_of_means(mpdta: pd.DataFrame) -> None:
    """Without covariates each effect is the change of a cohort since its base less that of the never treated."""
    found = fit(mpdta, NEVER)
    wide = mpdta.pivot_table(index="unit", columns="period", values="outcome")
    first = mpdta.drop_duplicates("unit").set_index("unit")["first_treated"]
    for row in found.group_time.to_dict("records"):
        change = wide[row["period"]] - wide[row["cohort"] - 1]
        expected = change[first == row["cohort"]].mean() - change[first == 0].mean()
        assert row["estimate"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("anticipation", [0, 2])
def test_averages_are_recomputed_from_the_effects(anticipation: int) -> None:
    """Over the periods from adoption on: those of anticipation are no part of the effect on adopters."""
    found = fit(made(1, effect=0.5), Design(draws=0, least_cohort=1, anticipation=anticipation))
    late = found.group_time[found.group_time["period"] >= found.group_time["cohort"]].merge(found.cohorts)
    assert found.overall.estimate == pytest.approx(np.average(late["estimate"], weights=late["units"]))
    studied = found.event_study.set_index("event_time")["estimate"]
    since = late.assign(since=late["period"] - late["cohort"])
    for time, part in since.groupby("since"):
        if time in studied.index:
            assert studied[time] == pytest.approx(np.average(part["estimate"], weights=part["units"]))
    assert found.dynamic.estimate == pytest.approx(studied[studied.index >= 0].mean())


def test_bands_for_all_times_are_wider_than_one_interval_and_the_base_has_none() -> None:
    study = fit(made(2, effect=0.5), Design(draws=299, anticipation=1, before=3, after=3)).event_study
    base = study[study["is_base"]]
    assert base["event_time"].tolist() == [-2] and base["estimate"].tolist() == [0.0]
    others = study[~study["is_base"]]
    assert (others["band_lower"] < others["lower"]).all() and (others["band_upper"] > others["upper"]).all()


def test_the_same_seed_gives_the_same_bands() -> None:
    panel, design = made(3, effect=0.5), Design(draws=99)
    pd.testing.assert_frame_equal(fit(panel, design).event_study, fit(panel, design).event_study)


def test_a_spoilt_trend_is_seen_before_adoption_and_by_the_placebo() -> None:
    design = Design(draws=0, before=4)
    straight, spoilt = made(4, effect=0.5), made(4, effect=0.5, slope=0.8)
    assert pretrend(fit(straight, design), design).p > 0.05
    assert pretrend(fit(spoilt, design), design).p < 0.001
    assert checks.placebo_date(straight, design, 2).p > 0.05
    assert checks.placebo_date(spoilt, design, 2).p < 0.001


def test_a_true_effect_does_not_enter_the_placebo() -> None:
    """The rows from adoption on are not read, whatever they say."""
    panel, design = made(5, effect=0.0), Design(draws=0, anticipation=1)
    huge = panel["first_treated"].gt(0) & (panel["period"] >= panel["first_treated"] - 1)
    moved = panel.assign(outcome=panel["outcome"] + np.where(huge, 1e6, 0.0))
    assert checks.placebo_date(moved, design, 2) == checks.placebo_date(panel, design, 2)


def test_bounds_widen_with_the_bend_and_the_breakdown_lies_where_nil_is_reached() -> None:
    panel, design = made(6, effect=1.5, units=120, periods=10), Design(draws=0, before=3, after=1)
    table, breakdown = smoothness_bounds(panel, design, (0.0, 0.2, 2.0))
    assert table["lower"].is_monotonic_decreasing and table["upper"].is_monotonic_increasing
    assert table["lower"].iloc[0] > 0 > table["lower"].iloc[-1]
    crossed = int((table["lower"] <= 0).to_numpy().argmax())
    assert table["m"][crossed - 1] < breakdown <= table["m"][crossed]
    downwards, same = smoothness_bounds(panel.assign(outcome=-panel["outcome"]), design, (0.0, 0.2, 2.0))
    assert same == pytest.approx(breakdown, rel=1e-3)
    assert downwards["upper"].tolist() == pytest.approx((-table["lower"]).tolist(), rel=1e-3)


def test_no_effect_breaks_down_at_once_and_a_vast_one_never() -> None:
    design = Design(draws=0, before=3, after=2)
    assert smoothness_bounds(made(7, effect=0.0), design, (0.0, 0.1))[1] == 0.0
    assert smoothness_bounds(made(7, effect=500.0), design, (0.0, 0.1))[1] == float("inf")


def test_the_smallest_effect_is_28_standard_errors() -> None:
    """2.80 standard errors at 5 % and 80 % power: Bloom 1995, table 1."""
    found = point(made(8, effect=0.5), Design(draws=0))
    assert detectable(found) / found.se == pytest.approx(2.80, abs=0.005)


def test_what_cannot_be_used_is_left_out_and_counted() -> None:
    panel = made(9, effect=0.5)
    panel.loc[panel["unit"] == 0, "outcome"] = np.nan
    panel.loc[panel["unit"].isin([1, 2]), "first_treated"] = 1
    panel.loc[panel["unit"] == 3, "first_treated"] = 11
    found = fit(panel, Design(draws=0, least_cohort=5))
    assert sorted(found.excluded.values()) == [1, 1, 2]
    assert found.units == 296


@pytest.mark.parametrize(
    ("change", "design", "words"),
    [
        ({"first_treated": 0}, Design(), "no group of adopters"),
        ({"first_treated": 1}, Design(), "no group of adopters"),
        ({"first_treated": 5}, Design(control="never_treated"), "no unit is left"),
        ({"first_treated": 5}, Design(), "no unit is left"),
    ],
)
def test_a_panel_without_a_comparison_is_refused(change: dict[str, int], design: Design, words: str) -> None:
    with pytest.raises(NotEstimable, match=words):
        fit(made(10, effect=0.5).assign(**change), design)


def test_leaving_out_and_other_samples_are_what_they_say() -> None:
    panel, design = made(11, effect=0.5), Design(draws=0)
    by_cohort = checks.leave_out(panel, design, "first_treated")
    assert [each.name for each in by_cohort] == ["5", "7", "9"]
    assert by_cohort[0].effect == point(panel[panel["first_treated"] != 5], design)
    assert len(checks.leave_out(panel, design, "icb")) == panel["icb"].nunique()
    silent = panel.assign(outcome=panel["outcome"].mask((panel["unit"] < 40) & (panel["period"] == 3)))
    assert checks.constant_reporters(silent, design) == point(panel[panel["unit"] >= 40], design)


def test_half_of_the_controls_are_left_out_those_among_most_adopters() -> None:
    panel = made(12, effect=0.5)
    units = panel.drop_duplicates("unit")
    adopting = {area: (part["first_treated"] > 0).mean() for area, part in units.groupby("icb")}
    never = units.loc[units["first_treated"] == 0, ["unit", "icb"]].to_dict("records")
    exposed = sorted(never, key=lambda unit: (-adopting[unit["icb"]], str(unit["unit"])))[: len(never) // 2]
    kept = panel[~panel["unit"].isin([unit["unit"] for unit in exposed])]
    assert checks.without_exposed(panel, Design(draws=0), "icb") == point(kept, Design(draws=0))


def test_balance_is_in_standard_deviations() -> None:
    panel = made(13, effect=0.0)
    row = checks.balance(panel, ("size",)).iloc[0]
    first = panel[panel["period"] == 1]
    one, two = (first.loc[first["first_treated"].gt(0) == side, "size"] for side in (True, False))
    assert row["difference"] == pytest.approx(
        (one.mean() - two.mean()) / np.sqrt((one.var() + two.var()) / 2)
    )
    told = checks.reporting(panel.assign(outcome=panel["outcome"].mask(panel["period"] == 4)))
    assert told["observed"].tolist() == [300, 300, 300, 0, *[300] * 8]


def test_shocks_shared_within_boards_widen_the_interval() -> None:
    """Adoption by whole boards: units of a board are no longer independent evidence."""
    panel = made(14, effect=0.0, shock=1.5)
    boards = panel["icb"].astype(int)
    together = panel.assign(first_treated=np.where(boards < 8, 0, np.where(boards < 14, 5, 8)))
    alone = point(together, Design(draws=0))
    shared = point(together, Design(draws=0, cluster="icb"))
    assert shared.estimate == pytest.approx(alone.estimate) and shared.se > 1.2 * alone.se
