"""Plans of a series and of rationed applicants worked through: what is told and what refuses them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dbt_project.registry.plans import ApplicantsPlan, SeriesPlan, load_plans
from evaluation import interrupted_time_series as its
from evaluation.impact_applicants import assess_applicants
from evaluation.impact_series import assess_series
from evaluation.rationed_applicants import rationed_applicants

SERIES = next(plan for plan in load_plans().values() if isinstance(plan, SeriesPlan))
APPLICANTS = next(plan for plan in load_plans().values() if isinstance(plan, ApplicantsPlan))


def months(before: int = 24, after: int = 24, ratio: float = 1.5, seed: int = 1) -> pd.DataFrame:
    """Counts about 200 a month with a season, and a lasting change from the plan's month on."""
    rng = np.random.default_rng(seed)
    periods = pd.date_range(
        pd.Timestamp(SERIES.since) - pd.DateOffset(months=before), periods=before + after, freq="MS"
    )
    season = 1 + 0.2 * np.sin(2 * np.pi * periods.month.to_numpy() / 12)
    change = np.where(periods >= pd.Timestamp(SERIES.since), ratio, 1.0)
    return pd.DataFrame({"period": periods, "value": rng.poisson(200 * season * change).astype(float)})


def people(seed: int = 2, *, each: int = 30, start: float = 0.9, unlike: float = 0.0) -> pd.DataFrame:
    """Twelve providers, half their applicants offered a place; starting adds 0.4 to a chance of 0.1."""
    rng = np.random.default_rng(seed)
    size = 12 * each
    offered = np.tile([0, 1], size // 2)
    started = offered * (rng.random(size) < start)
    sector = np.where(rng.random(size) < 0.5 + unlike * offered, "pcn", "hospital")
    return pd.DataFrame(
        {
            "stratum": np.repeat([f"P{number}" for number in range(12)], each),
            "cluster": np.repeat([f"P{number}" for number in range(12)], each),
            "is_offered": offered,
            "is_treated": started,
            "sector": sector,
            "outcome": (rng.random(size) < 0.1 + 0.4 * started).astype(float),
        }
    )


def test_a_series_tells_the_change_and_draws_what_was_to_be_expected() -> None:
    found = assess_series(months(), SERIES)
    assert found.refused == () and (found.adopters, found.others) == (24, 24)
    rows = found.estimates.set_index("part")
    mean = rows.loc["mean"]
    assert mean["lower_95"] < 1.5 < mean["upper_95"] and mean["p"] < 0.001
    assert rows.loc["placebo_date", "lower_95"] < 1 < rows.loc["placebo_date", "upper_95"]
    seen = found.estimates[found.estimates["part"] == "observed"]
    assert seen["position"].tolist() == list(range(-24, 24))
    assert seen["estimate"].tolist() == months()["value"].tolist()
    direct = its.counts(months(), pd.Timestamp(SERIES.since), slope_change=True, harmonics=1).effect("mean")
    assert mean["estimate"] == pytest.approx(direct.estimate, rel=1e-8)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (11, 24, "There are 11 months before; the plan asks for at least 12."),
        (24, 9, "There are 9 months from then on; the plan asks for at least 12."),
        (24, 0, "Nothing could be estimated"),
        (12, 24, "The placebo date could not be shown beside it: there are 12 months before the event."),
    ],
)
def test_a_short_series_is_refused(before: int, after: int, words: str) -> None:
    assert any(words in reason for reason in assess_series(months(before, after), SERIES).refused)


def test_months_that_follow_each_other_too_closely_are_refused() -> None:
    wave = months()
    rng = np.random.default_rng(3)
    wave["value"] = (wave["value"] * np.exp(rng.normal(0, 0.35, len(wave)).cumsum())).round()
    strict = SERIES.model_copy(
        update={"refuse": SERIES.refuse.model_copy(update={"autocorrelation_above": 0.1})}
    )
    assert any(
        "Months follow each other too closely" in reason for reason in assess_series(wave, strict).refused
    )


def test_a_place_is_told_with_its_offer_and_balance() -> None:
    found = assess_applicants(people(), APPLICANTS)
    assert found.refused == () and (found.adopters, found.others) == (180, 180)
    rows = found.estimates.set_index("part")
    assert rows.loc["place", "lower_95"] < 0.4 < rows.loc["place", "upper_95"]
    direct = rationed_applicants(people(), covariates=["sector"])
    assert rows.loc["offer", "estimate"] == pytest.approx(direct.offer.estimate, rel=1e-8)
    assert rows.loc["first_stage", "estimate"] == pytest.approx(direct.first_stage_f, rel=1e-8)
    assert found.balance["variable"].tolist() == ["sector: hospital", "sector: pcn"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"each": 10}, "60 people refused for want of room can be compared; the plan asks for at least 100."),
        ({"start": 0.02}, "An offer hardly changes who starts"),
        ({"unlike": 0.4}, "differ by"),
    ],
)
def test_what_the_plan_of_applicants_refuses(change: dict[str, float], words: str) -> None:
    assert any(words in reason for reason in assess_applicants(people(**change), APPLICANTS).refused)  # type: ignore[arg-type]


def test_people_not_followed_for_long_enough_are_left_out_and_counted() -> None:
    late = people()
    late.loc[:9, "outcome"] = np.nan
    assert (
        "10 people left out: not followed for long enough" in assess_applicants(late, APPLICANTS).deviations
    )
    nobody = people().assign(is_offered=1)
    assert "Nothing could be estimated" in assess_applicants(nobody, APPLICANTS).refused[0]
