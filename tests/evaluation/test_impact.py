"""A plan worked through on made panels: what is shown, what is refused and why, what is not as planned."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from dbt_project.registry.plans import Plan, load_plans
from evaluation.impact import Assessment, assess
from evaluation.staggered_did import Design, point

PERIODS = 16
EVERY_PART = {
    "overall",
    "dynamic",
    "by_cohort",
    "by_calendar",
    "detectable",
    "event",
    "cohort",
    "pretrend",
    "placebo_date",
    "secondary",
    "placebo_outcome",
    "cluster",
    "constant_reporters",
    "neighbours",
    "leave_cohort",
    "leave_icb",
    "smoothness",
    "breakdown",
    "subgroup",
}


def adoption_plan() -> Plan:
    """The plan of staggered adoption."""
    return next(plan for plan in load_plans().values() if isinstance(plan, Plan))


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan there is, with a short horizon and few draws."""
    whole = adoption_plan()
    estimator = whole.estimator.model_copy(update={"before": 4, "after": 1, "draws": 99, "least_cohort": 10})
    sensitivity = whole.sensitivity.model_copy(update={"smoothness": (0.0, 0.01)})
    return whole.model_copy(update={"estimator": estimator, "sensitivity": sensitivity})


def made(
    plan: Plan, *, effect: float = 1.0, slope: float = 0.0, seed: int = 1, units: int = 240
) -> pd.DataFrame:
    """A panel as the warehouse gives it; the effect is on the outcome alone, ``slope`` on adopters' trends."""
    rng = np.random.default_rng(seed)
    first = rng.choice([0, 108, 110, 112], units, p=[0.4, 0.2, 0.2, 0.2])
    fixed = pd.DataFrame(
        {
            "unit": [f"U{number:05d}" for number in range(units)],
            "icb": rng.choice(["QAA", "QBB", "QCC", "QDD"], units),
            "sub_icb": rng.choice([f"{number:02d}A" for number in range(8)], units),
            "first_treated": first,
            "deprivation": rng.gamma(3, 8, units),
            "rural": rng.integers(0, 2, units).astype(float),
            "list_size": rng.normal(50_000, 9_000, units),
            "level": rng.normal(12, 3, units),
        }
    )
    panel = fixed.merge(pd.DataFrame({"period": range(100, 100 + PERIODS)}), how="cross")
    treated = (panel["first_treated"] > 0) & (panel["period"] >= panel["first_treated"])
    trend = 0.1 * panel["period"] + slope * panel["period"] * (panel["first_treated"] > 0)
    for number, name in enumerate(plan.outcomes):
        noise = np.random.default_rng((seed, number)).normal(0, 1, len(panel))
        panel[name] = panel["level"] + trend + noise + (effect * treated if name == plan.outcome else 0)
    return panel.drop(columns="level")


@pytest.fixture(scope="module")
def shown(plan: Plan) -> Assessment:
    """An effect of one that may be shown."""
    return assess(made(plan), plan)


def test_everything_the_plan_asks_for_stands_beside_the_estimate(shown: Assessment, plan: Plan) -> None:
    assert shown.refused == () and shown.deviations == ()
    assert set(shown.estimates["part"]) == EVERY_PART
    told = shown.estimates.groupby("part")["label"].apply(list)
    assert told["secondary"] == list(plan.secondary) and told["placebo_outcome"] == list(
        plan.placebo.outcomes
    )
    assert told["leave_icb"] == ["QAA", "QBB", "QCC", "QDD"] and told["subgroup"] == list(plan.subgroups)
    events = shown.estimates[shown.estimates["part"] == "event"]
    assert events["position"].tolist() == list(range(-4, 2))
    assert shown.adopters + shown.others == 240


def test_the_planted_effect_lies_within_and_nothing_where_nothing_is(shown: Assessment) -> None:
    rows = shown.estimates.set_index("part")
    main = rows.loc["overall"]
    assert main["lower_95"] < 1.0 < main["upper_95"] and main["p"] < 0.001
    assert rows.loc[["placebo_date", "placebo_outcome"], "p"].min() > 0.05
    assert rows.loc["detectable", "estimate"] == pytest.approx(2.80 * main["se"], rel=2e-3)


def test_several_outcomes_are_adjusted_by_holm(shown: Assessment) -> None:
    family = shown.estimates[shown.estimates["part"].isin(["overall", "secondary"])].sort_values("p")
    steps = [p * (len(family) - rank) for rank, p in enumerate(family["p"])]
    expected = np.minimum(1, np.maximum.accumulate(steps))
    assert family["p_adjusted"].tolist() == pytest.approx(expected.tolist(), rel=1e-6)


def test_scales_of_covariates_change_nothing(plan: Plan) -> None:
    panel = made(plan)
    other = panel.assign(list_size=panel["list_size"] / 1000 - 7, deprivation=panel["deprivation"] * 50)
    one, two = (assess(each, plan).estimates for each in (panel, other))
    pd.testing.assert_frame_equal(one, two, rtol=1e-5, atol=1e-7)


@functools.cache
def refusals(change: str) -> tuple[str, ...]:
    """Why a plan is refused whose panel or limits were changed."""
    plan = adoption_plan()
    estimator = plan.estimator.model_copy(update={"before": 4, "after": 1, "draws": 99, "least_cohort": 10})
    sensitivity = plan.sensitivity.model_copy(update={"smoothness": (0.0, 0.01)})
    plan = plan.model_copy(update={"estimator": estimator, "sensitivity": sensitivity})
    panel = made(plan, slope=1.5 if change == "trend" else 0.0, units=60 if change == "few" else 240)
    if change == "reporters":
        late = (panel["period"] < 103) & (panel["unit"] > "U00150")
        panel[plan.outcome] = panel[plan.outcome].mask(late)
    if change == "few":
        plan = plan.model_copy(update={"refuse": plan.refuse.model_copy(update={"adopters_below": 100})})
    if change == "nobody":
        panel["first_treated"] = 0
    if change == "no placebo":
        panel[plan.placebo.outcomes[0]] = np.nan
    return assess(panel, plan).refused


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("trend", "did not move alike"),
        ("trend", "An adoption that did not happen"),
        ("reporters", "of networks reported the outcome"),
        ("few", "networks adopted; the plan asks for at least 100"),
        ("nobody", "Nothing could be estimated: no group of adopters"),
        ("no placebo", "The other outcomes could not be shown beside it"),
    ],
)
def test_what_the_plan_refuses_is_refused_in_plain_words(change: str, words: str) -> None:
    assert any(words in reason for reason in refusals(change)), refusals(change)


def test_a_covariate_nobody_knows_is_a_deviation(plan: Plan, shown: Assessment) -> None:
    found = assess(made(plan).assign(rural=np.nan), plan)
    assert "without rural as covariate: the data do not tell it" in found.deviations
    assert found.estimates["estimate"].iloc[0] != shown.estimates["estimate"].iloc[0]


def test_the_estimate_is_that_of_the_estimator(plan: Plan, shown: Assessment) -> None:
    panel = made(plan)
    scaled = {name: (panel[name] - panel[name].mean()) / panel[name].std(ddof=0) for name in plan.covariates}
    design = Design(anticipation=2, before=4, after=1, covariates=plan.covariates, draws=0, least_cohort=10)
    direct = point(panel.assign(outcome=panel[plan.outcome], **scaled), design)
    assert shown.estimates["estimate"].iloc[0] == pytest.approx(direct.estimate, rel=1e-8)
