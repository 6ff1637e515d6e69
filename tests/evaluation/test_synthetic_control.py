"""Synthetic control against diff-diff, against a general optimiser, and with a planted effect."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest
from diff_diff import SyntheticControl
from scipy import optimize
from simulation.coverage import SEEDS, Answer, coverage
from simulation.panels_of_one import one_treated

from evaluation.synthetic_control import convex_weights, synthetic_control


def panel(values: dict[str, list[float]], first: int) -> pd.DataFrame:
    """A unit's values in order of period, the first of which is ``first``."""
    return pd.DataFrame(
        [
            {"unit": unit, "period": period, "outcome": value}
            for unit, series in values.items()
            for period, value in enumerate(series, start=first)
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_weights_minimise_over_a_grid_of_all_mixes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    donors, target = rng.normal(size=(6, 3)), rng.normal(size=6)
    steps = np.arange(0, 201)
    mixes = np.array([(a, b, 200 - a - b) for a, b in itertools.product(steps, steps) if a + b <= 200]) / 200
    distance = ((donors @ mixes.T - target[:, None]) ** 2).sum(axis=0)
    weights = convex_weights(donors, target)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    assert ((donors @ weights - target) ** 2).sum() <= distance.min()
    assert weights == pytest.approx(mixes[distance.argmin()], abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_weights_equal_a_general_optimisers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    donors = 100 + rng.normal(size=(30, 12))
    target = donors @ rng.dirichlet(np.ones(12)) + rng.normal(0, 0.3, 30)
    found = optimize.minimize(
        lambda w: ((donors @ w - target) ** 2).sum(),
        np.full(12, 1 / 12),
        jac=lambda w: 2 * donors.T @ (donors @ w - target),
        bounds=[(0, 1)] * 12,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(12)},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert convex_weights(donors, target) == pytest.approx(found.x, abs=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(3))
def test_effect_weights_and_placebos_equal_diff_diffs(seed: int) -> None:
    frame = one_treated(seed, planted=True, donors=12).data
    ours = synthetic_control(frame, 0, 0)
    marked = frame.assign(treated=((frame["unit"] == 0) & (frame["period"] >= 0)).astype(int))
    other = SyntheticControl(v_method="custom", custom_v=np.ones(20), standardize="none")
    theirs = other.fit(marked, "outcome", "treated", "unit", "period", pre_period_outcomes="all")
    assert ours.effect == pytest.approx(theirs.att, abs=1e-8)
    weights = ours.weights.set_index("unit")["weight"]
    assert weights[weights > 1e-6].to_dict() == pytest.approx(dict(theirs.donor_weights), abs=1e-6)
    table = theirs.in_space_placebo().set_index("unit")["rmspe_ratio"]
    assert ours.placebos.set_index("unit")["ratio"].to_dict() == pytest.approx(table.to_dict(), rel=1e-6)
    assert ours.p == pytest.approx(theirs.placebo_p_value)


def test_gaps_by_hand() -> None:
    # the treated unit is a quarter of the first and three quarters of the second donor, then 4 above it
    frame = panel({"a": [4, 8, 12, 8], "b": [8, 4, 0, 4], "t": [7, 5, 3, 9]}, first=-3)
    result = synthetic_control(frame, "t", 0)
    assert result.weights.set_index("unit")["weight"].to_dict() == pytest.approx({"b": 0.75, "a": 0.25})
    assert result.series["gap"].tolist() == pytest.approx([0, 0, 0, 4])
    assert result.effect == pytest.approx(4)
    assert (result.series["observed"] - result.series["synthetic"]).tolist() == pytest.approx([0, 0, 0, 4])
    assert (result.lower, result.upper) == (-np.inf, np.inf)
    assert any("exactly" in problem for problem in result.problems)
    assert any("Only 3 periods" in problem for problem in result.problems)
    assert any("2 donors" in problem for problem in result.problems)


def test_interval_holds_the_effects_the_placebo_test_does_not_reject() -> None:
    frame = one_treated(2, planted=True, donors=39).data
    result = synthetic_control(frame, 0, 0)

    def p_value(effect: float) -> float:
        less = frame.assign(
            outcome=frame["outcome"] - effect * ((frame["unit"] == 0) & (frame["period"] >= 0))
        )
        return synthetic_control(less, 0, 0).p

    assert np.isfinite(result.lower) and result.lower < result.effect < result.upper
    for limit, outwards in ((result.lower, -1), (result.upper, 1)):
        assert p_value(limit - outwards * 1e-6) > 0.05
        assert p_value(limit + outwards * 1e-6) <= 0.05


def test_leaving_a_donor_out_is_fitting_without_it() -> None:
    frame = one_treated(4, planted=True).data
    result = synthetic_control(frame, 0, 0)
    assert set(result.left_out["unit"]) == set(result.weights.query("weight > 0.001")["unit"])
    for row in result.left_out.itertuples():
        again = synthetic_control(frame[frame["unit"] != row.unit], 0, 0)
        assert (row.effect, row.before) == pytest.approx((again.effect, again.before), rel=1e-3)
    again = synthetic_control(frame[frame["period"] < 0], 0, -10)
    placebo = result.in_time.iloc[0]
    assert placebo["since"] == -10
    assert placebo[["effect", "ratio"]].tolist() == pytest.approx([again.effect, again.ratio])


def test_covariates_draw_the_weights() -> None:
    frame = one_treated(6, planted=True, before=3).data
    means = frame.groupby("unit")["covariate"].first()

    def apart(covariates: list[str]) -> float:
        weights = synthetic_control(frame, 0, 0, covariates=covariates).weights.set_index("unit")["weight"]
        return abs(float((means * weights).sum()) - means[0])

    assert apart(["covariate"]) < 0.5 * apart([])


def test_units_and_order_do_not_matter() -> None:
    frame = one_treated(7, planted=True).data
    result = synthetic_control(frame, 0, 0, covariates=["covariate"])
    scaled = frame.assign(outcome=1e5 + 1e3 * frame["outcome"], covariate=5 - 100 * frame["covariate"])
    again = synthetic_control(scaled.sample(frac=1, random_state=1), 0, 0, covariates=["covariate"])
    assert again.effect == pytest.approx(1e3 * result.effect)
    assert (again.p, again.ratio) == pytest.approx((result.p, result.ratio))
    assert synthetic_control(frame, 0, 0) == synthetic_control(frame, 0, 0)


def test_problems_are_said_in_words() -> None:
    rng = np.random.default_rng(1)
    values = {f"d{unit}": list(rng.normal(unit / 4, 0.2, 30)) for unit in range(25)}
    above = synthetic_control(panel({**values, "t": [20.0] * 30}, first=-20), "t", 0)
    assert any("fit before the date is poor" in one for one in above.problems)
    assert any("20 of 20 periods" in one and "no mix" in one for one in above.problems)
    assert any("One donor carries" in one for one in above.problems)
    # no effect after, but a step halfway through the periods before
    step = [5.0] * 10 + [9.0] * 10 + list(values["d12"][20:])
    stepped = synthetic_control(panel({**values, "t": step}, first=-20), "t", 0)
    assert any("when nothing happened" in one for one in stepped.problems)
    calm = synthetic_control(one_treated(1, planted=True).data, 0, 0)
    assert calm.problems == ()
    # two donors of equal pull: without either of them the sign turns
    swing = {"a": [0.0, 1, 0, 1] * 4 + [4.0], "b": [1.0, 0, 1, 0] * 4 + [-4.0], "c": [9.0] * 17}
    turned = synthetic_control(panel({**swing, "t": [0.5] * 16 + [0.3]}, first=-16), "t", 0)
    assert any("changes its sign" in one for one in turned.problems)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda f: f.assign(outcome=f["outcome"].where(f["period"] != 1)), "missing in 3 of 12"),
        (lambda f: pd.concat([f, f.head(1)]), "1 rows repeat"),
        (lambda f: f.tail(11), "1 of 3 units lack"),
        (lambda f: f[f["unit"] != "t"], "not in the frame"),
        (lambda f: f[f["unit"] != "a"], "two donors"),
        (lambda f: f[f["period"] < 0], "one after"),
    ],
)
def test_what_is_no_panel_is_refused(rows: object, message: str) -> None:
    frame = panel({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1], "t": [2, 2, 3, 5]}, first=-2)
    with pytest.raises(ValueError, match=message):
        synthetic_control(rows(frame), "t", 0)  # type: ignore[operator]


@pytest.mark.slow
def test_planted_effects_are_covered_and_nothing_is_found_where_nothing_is() -> None:
    """39 donors, so that the test's level is 2 / 40; it is exact where the treated unit is as the others are."""

    def estimate(frame: pd.DataFrame) -> Answer:
        result = synthetic_control(frame, 0, 0)
        return Answer(result.effect, result.lower, result.upper)

    result = coverage(estimate, partial(one_treated, donors=39, within=False), seeds=SEEDS)
    assert 0.93 <= result.covered <= 0.97, result
    assert 0.03 <= result.found <= 0.07, result
    assert abs(result.bias) < 0.1, result
