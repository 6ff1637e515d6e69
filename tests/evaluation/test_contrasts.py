"""Contrasts against published numbers, against statsmodels, and by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import special, stats
from statsmodels.stats.proportion import confint_proportions_2indep

from evaluation import contrasts, intervals

NOTHING = (np.nan, np.nan, np.nan)


def learners(seed: int, n: int = 4000, gap: float = -0.5) -> pd.DataFrame:
    """Completion by group and sector; the second sector does worse and holds more of group b and c."""
    rng = np.random.default_rng(seed)
    sector = rng.integers(0, 3, n)
    group = np.where(rng.random(n) < 0.2 + 0.2 * sector, np.where(rng.random(n) < 0.5, "b", "c"), "a")
    eta = 1.0 - 0.6 * sector + np.select([group == "b", group == "c"], [gap, 0.2], 0.0)
    return pd.DataFrame(
        {
            "group": group,
            "sector": np.array(["north", "south", "west"])[sector],
            "year": rng.integers(2021, 2025, n),
            "completed": (rng.random(n) < special.expit(eta)).astype(int),
        }
    )


def test_rate_ratios_as_published() -> None:
    # OpenEpi, comparing two person-time rates: stratum 1, stratum 2 and both together of its worked example,
    # with exact (Fisher) limits because a count is below ten
    got = contrasts.rate_ratio([17, 8, 25], [100_025, 78_531, 178_556], [3, 1, 4], [122_268, 77_932, 200_200])
    assert [float(f"{value:.4g}") for value in got.estimate] == [6.927, 7.939, 7.008]
    assert [float(f"{value:.4g}") for value in got.lower] == [2.004, 1.064, 2.420]
    assert [float(f"{value:.4g}") for value in got.upper] == [36.89, 352.3, 27.71]
    # log method: Feychting et al, cancer in the blind (Rothman, Epidemiology, table 9-2), 90 % interval
    got = contrasts.rate_ratio(136, 22_050, 1709, 127_650, confidence=0.9)
    assert np.round([got.estimate, got.lower, got.upper], 2).tolist() == [0.46, 0.40, 0.53]


def test_rate_ratio_equals_a_poisson_regression() -> None:
    # each count as two rows, so that the model has fewer parameters than rows
    events, people = np.array([30, 30, 20, 25]), np.array([450.0, 450, 500, 700])
    design = sm.add_constant(np.array([1, 1, 0, 0]))
    fit = sm.GLM(events, design, family=sm.families.Poisson(), exposure=people).fit(tol=1e-14)
    got = contrasts.rate_ratio(60, 900, 45, 1200)
    want = np.exp([fit.params[1], *fit.conf_int()[1]])
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_exact_limits_leave_a_tail_each() -> None:
    # given 8 events together, the lower limit makes 6 or more in A just 2.5 % likely, the upper 6 or fewer
    got = contrasts.rate_ratio(6, 50, 2, 80)
    lower, upper = (float(limit) * 50 / (float(limit) * 50 + 80) for limit in (got.lower, got.upper))
    assert stats.binom.sf(5, 8, lower) == pytest.approx(0.025, rel=1e-9)
    assert stats.binom.cdf(6, 8, upper) == pytest.approx(0.025, rel=1e-9)
    # the log method takes over at ten in both
    few, many = contrasts.rate_ratio(10, 1, [intervals.EXACT_BELOW - 1, intervals.EXACT_BELOW], 1)[1]
    assert many == pytest.approx(np.exp(-intervals.normal_quantile(0.95) * np.sqrt(0.2)))
    assert few != pytest.approx(10 / 9 * np.exp(-intervals.normal_quantile(0.95) * np.sqrt(1 / 10 + 1 / 9)))


def test_ratios_without_events() -> None:
    none = contrasts.rate_ratio(0, 100, 5, 100)
    assert (float(none.estimate), float(none.lower)) == (0, 0)
    assert 0 < float(none.upper) < 2
    assert np.isnan(contrasts.rate_ratio(5, 100, 0, 100)).all()
    assert float(contrasts.risk_ratio(0, 10, 5, 10).estimate) == 0
    assert np.isnan(contrasts.risk_ratio(0, 10, 5, 10)[1:]).all()
    for ratio in (contrasts.rate_ratio, contrasts.risk_ratio, contrasts.share_ratio):
        for bad in ((np.nan, 9, 3, 9), (-1, 9, 3, 9), (3, 0, 3, 9), (3, 9, 3, 0), (3, 9, 0, 9)):
            np.testing.assert_equal(tuple(float(part) for part in ratio(*bad)), NOTHING)


def test_risk_ratio_as_published() -> None:
    # Physicians' Health Study, heart attacks under placebo and aspirin (Agresti, Categorical Data Analysis):
    # 189 of 11,034 against 104 of 11,037: 1.82 (1.43 to 2.31)
    got = contrasts.risk_ratio(189, 11_034, 104, 11_037)
    assert np.round(got, 2).tolist() == [1.82, 1.43, 2.31]
    table = sm.stats.Table2x2([[189, 11_034 - 189], [104, 11_037 - 104]])
    want = (table.riskratio, *table.riskratio_confint())
    np.testing.assert_allclose(got, want, rtol=1e-10)
    want = confint_proportions_2indep(30, 80, 55, 90, compare="ratio", method="log", correction=False)
    np.testing.assert_allclose(contrasts.risk_ratio(30, 80, 55, 90)[1:], want, rtol=1e-10)


def test_share_ratio_is_a_wilson_interval_over_the_reference_share() -> None:
    got = contrasts.share_ratio([81, 15], [263, 148], [6000, 1000], [20_000, 10_000])
    assert got.estimate.tolist() == pytest.approx([81 / 263 / 0.3, 15 / 148 / 0.1])
    # Newcombe 1998, table I, method 3: 81/263 gives 0.2553 to 0.3662, 15/148 gives 0.0624 to 0.1605
    assert np.round(got.lower * [0.3, 0.1], 4).tolist() == [0.2553, 0.0624]
    assert np.round(got.upper * [0.3, 0.1], 4).tolist() == [0.3662, 0.1605]


def test_adjusted_difference_equals_the_average_effect_of_statsmodels() -> None:
    frame = learners(1)
    frame = frame[frame["group"] != "c"]
    got = contrasts.adjusted_difference(frame, "completed", "group", "a", ["sector", "year"]).loc[0]
    fit = smf.logit(
        "completed ~ member + C(sector) + C(year)",
        frame.assign(member=(frame["group"] == "b").astype(int)),
    ).fit(disp=0, tol=1e-12)
    effect = fit.get_margeff(at="overall", dummy=True)
    row = list(effect.summary_frame().index).index("member")
    assert (got["n"], got["events"]) == (
        (frame["group"] == "b").sum(),
        frame.loc[frame["group"] == "b", "completed"].sum(),
    )
    assert got["estimate"] == pytest.approx(effect.margeff[row], rel=1e-7)
    assert (got["upper"] - got["lower"]) / 2 / 1.959963984540054 == pytest.approx(
        effect.margeff_se[row], rel=1e-6
    )
    assert got["converged"]


def test_without_covariates_it_is_the_difference_of_two_proportions() -> None:
    frame = learners(2)
    table = contrasts.adjusted_difference(frame, "completed", "group", "a", []).set_index("group")
    assert table.index.tolist() == ["b", "c"]
    shares = frame.groupby("group")["completed"].agg(["mean", "size"])
    for name, row in table.iterrows():
        assert row["estimate"] == pytest.approx(shares.loc[name, "mean"] - shares.loc["a", "mean"], rel=1e-8)
        spread = shares["mean"] * (1 - shares["mean"]) / shares["size"]
        error = np.sqrt(spread[name] + spread["a"])
        assert row["upper"] - row["estimate"] == pytest.approx(1.959963984540054 * error, rel=1e-6)


def test_adjusted_interval_covers_the_true_difference() -> None:
    # the truth: the same people, once all in group b and once all in group a
    sector = np.arange(3)
    truth = float(np.mean(special.expit(0.5 - 0.6 * sector) - special.expit(1.0 - 0.6 * sector)))
    held, raw = [], []
    for seed in range(150):
        frame = learners(1000 + seed, n=1200)
        row = (
            contrasts.adjusted_difference(frame, "completed", "group", "a", ["sector"])
            .set_index("group")
            .loc["b"]
        )
        held.append(row["lower"] <= truth <= row["upper"])
        shares = frame.groupby("group")["completed"].mean()
        raw.append(shares["b"] - shares["a"])
    assert 0.915 <= np.mean(held) <= 0.985
    assert np.mean(raw) < truth - 0.03, "unadjusted it would be biased, so the test tells them apart"


def test_a_model_without_a_finite_answer_says_so() -> None:
    frame = learners(3)
    everybody = frame.assign(completed=frame["completed"].where(frame["group"] != "b", 1))
    nobody_in_a_sector = frame.assign(completed=frame["completed"].where(frame["sector"] != "west", 0))
    repeated = frame.assign(again=frame["group"])
    for broken, covariates in (
        (everybody, ["sector"]),
        (nobody_in_a_sector, ["sector"]),
        (repeated, ["again"]),
    ):
        table = contrasts.adjusted_difference(broken, "completed", "group", "a", covariates)
        assert table["group"].tolist() == ["b", "c"]
        assert not table["converged"].any()
        assert table[["estimate", "lower", "upper"]].isna().all(axis=None)
        assert table["n"].sum() == (frame["group"] != "a").sum()
    perfect = pd.DataFrame({"group": ["a"] * 30 + ["b"] * 30, "completed": [0] * 30 + [1] * 30})
    assert not contrasts.adjusted_difference(perfect, "completed", "group", "a", [])["converged"].any()


def test_a_group_alone_has_nothing_to_differ_from() -> None:
    frame = learners(4).assign(group="a")
    table = contrasts.adjusted_difference(frame, "completed", "group", "a", ["sector"])
    assert table.empty
    assert "converged" in table


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sector": None}, "sector: missing in 4000 of 4000 rows"),
        ({"completed": 2}, "completed: expected 0 and 1 only"),
        ({"group": "z"}, "group: no row of the reference 'a'"),
    ],
)
def test_impossible_input_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        contrasts.adjusted_difference(learners(5).assign(**change), "completed", "group", "a", ["sector"])
