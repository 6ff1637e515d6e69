"""Capacity-rationed applicants against dummies and dense matrices written out here, and with a planted effect."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import linalg, stats
from simulation.applicants import applicants
from simulation.coverage import Answer, coverage
from statsmodels.sandbox.regression.gmm import IV2SLS

from evaluation.rationed_applicants import Estimate, RationedApplicants, balance, rationed_applicants


def frame_of(seed: int = 1, **kind: float) -> pd.DataFrame:
    return applicants(seed, planted=True, providers=6, **kind).data


def dummies(frame: pd.DataFrame, covariates: list[str]) -> np.ndarray:
    """The offer, covariates and one column a stratum."""
    parts = [frame[["is_offered"]], *(pd.get_dummies(frame[[name]], drop_first=True) for name in covariates)]
    return pd.concat([*parts, pd.get_dummies(frame["stratum"])], axis=1).to_numpy(dtype=float)


def dense(frame: pd.DataFrame, answer: np.ndarray, covariates: list[str]) -> tuple[float, float, float]:
    """Coefficient of the offer, CR2 error and Satterthwaite degrees of freedom with every matrix written out."""
    columns = dummies(frame, covariates)
    inverse = np.linalg.inv(columns.T @ columns)
    maker = np.eye(len(frame)) - columns @ inverse @ columns.T
    residual = maker @ answer
    variance, vectors = 0.0, []
    for cluster in frame["cluster"].unique():
        rows = np.flatnonzero(frame["cluster"] == cluster)
        values, basis = np.linalg.eigh(maker[np.ix_(rows, rows)])
        root = np.where(values > 1e-9, 1 / np.sqrt(np.clip(values, 1e-9, None)), 0)
        pull = (basis * root) @ basis.T @ columns[rows] @ inverse[0]
        variance += (pull @ residual[rows]) ** 2
        vectors.append(maker[:, rows] @ pull)
    lengths = linalg.eigvalsh(np.array(vectors) @ np.array(vectors).T)
    return (
        float((inverse @ columns.T @ answer)[0]),
        float(np.sqrt(variance)),
        lengths.sum() ** 2 / (lengths**2).sum(),
    )


@pytest.mark.parametrize("covariates", [[], ["ability", "sector"]])
def test_offer_equals_dense_matrices(covariates: list[str]) -> None:
    frame = frame_of()
    result = rationed_applicants(frame, covariates=covariates)
    got = result.offer_adjusted if covariates else result.offer
    assert got is not None
    estimate, error, degrees = dense(frame, frame["outcome"].to_numpy(float), covariates)
    assert (got.estimate, got.se) == pytest.approx((estimate, error), rel=1e-9)
    assert got.degrees_of_freedom == pytest.approx(degrees, rel=1e-9)
    assert got.upper == pytest.approx(estimate + stats.t.ppf(0.975, degrees) * error)
    assert got.p == pytest.approx(2 * stats.t.cdf(-abs(estimate / error), degrees))
    assert got.degrees_of_freedom < 5.5, "six clusters"


def test_offer_is_the_mantel_haenszel_risk_difference() -> None:
    frame = frame_of(2)
    top = bottom = 0.0
    for _, stratum in frame.groupby("stratum"):
        arms = stratum.groupby("is_offered")["outcome"].agg(["sum", "size"])
        (c, n0), (a, n1) = arms.loc[0], arms.loc[1]
        top += (a * n0 - c * n1) / (n0 + n1)
        bottom += n0 * n1 / (n0 + n1)
    result = rationed_applicants(frame)
    assert result.offer.estimate == pytest.approx(top / bottom)
    strata = result.by_stratum
    assert (strata["weight"] * strata["difference"]).sum() == pytest.approx(top / bottom)
    assert (strata["offered"].sum(), strata["refused"].sum()) == (result.offered, result.refused)
    naive = frame.groupby("is_offered")["outcome"].mean()
    assert naive[1] - naive[0] > result.offer.estimate, "providers with more places have better applicants"


@pytest.mark.parametrize("covariates", [[], ["ability", "sector"]])
def test_place_equals_statsmodels_two_stage_least_squares(covariates: list[str]) -> None:
    frame = frame_of(3, elsewhere=0.1)
    result = rationed_applicants(frame, covariates=covariates)
    got = result.place_adjusted if covariates else result.place
    assert got is not None
    instruments = dummies(frame, covariates)
    regressors = np.column_stack([frame["is_treated"], instruments[:, 1:]]).astype(float)
    fit = IV2SLS(frame["outcome"].to_numpy(float), regressors, instruments).fit()
    assert got.estimate == pytest.approx(fit.params[0], rel=1e-8)
    # the error: that of the offer's effect on what two-stage least squares leaves, over the effect on starting
    left = (frame["outcome"] - got.estimate * frame["is_treated"]).to_numpy(float)
    start = dense(frame, frame["is_treated"].to_numpy(float), covariates)[0]
    assert got.se == pytest.approx(dense(frame, left, covariates)[1] / abs(start), rel=1e-8)


def test_interval_of_the_place_holds_what_the_test_does_not_reject() -> None:
    frame = frame_of(4, elsewhere=0.1)
    result = rationed_applicants(frame)
    assert result.place is not None

    def p_value(effect: float) -> float:
        shifted = frame.assign(outcome=frame["outcome"] - effect * frame["is_treated"])
        return rationed_applicants(shifted).offer.p

    for limit in (result.place.lower, result.place.upper):
        assert p_value(limit) == pytest.approx(0.05, abs=1e-6)
    assert result.place.p == result.offer.p
    assert result.place.lower < result.place.estimate < result.place.upper
    assert result.take_up is not None and result.first_stage_f is not None
    start, error, _ = dense(frame, frame["is_treated"].to_numpy(float), [])
    assert result.first_stage_f == pytest.approx((start / error) ** 2, rel=1e-8)
    assert any("of those refused started elsewhere" in one for one in result.problems)


def test_a_weak_instrument_is_said_and_gives_no_false_interval() -> None:
    result = rationed_applicants(frame_of(5, take_up=0.11, elsewhere=0.1))
    assert result.first_stage_f is not None and result.place is not None
    assert result.first_stage_f < 10
    assert (result.place.lower, result.place.upper) == (-np.inf, np.inf)
    assert any("hardly makes people start" in one for one in result.problems)
    assert any("no end" in one for one in result.problems)


def test_balance_by_hand() -> None:
    frame = pd.DataFrame(
        {
            "stratum": ["a"] * 4 + ["b"] * 3,
            "is_offered": [1, 1, 0, 0, 1, 0, 0],
            "age": [30.0, 34, 28, 32, 40, 36, 44],
            "sector": ["h", "c", "c", "c", "h", "h", "c"],
        }
    )
    table = balance(frame, ["age", "sector"]).set_index(["covariate", "level"])
    # weights 1 a stratum of two and two, 2/3 of one and two: 1/2 each in a; 2/3, and 1/3 twice, in b
    age = table.loc[("age", "")]
    assert age["mean_offered"] == pytest.approx((15 + 17 + 80 / 3) / (5 / 3))
    assert age["mean_refused"] == pytest.approx((14 + 16 + 80 / 3) / (5 / 3))
    # less the strata's means, 31 and 40: -1, 3, 0 and -3, 1, -4, 4
    offered, refused = (0.5 + 4.5 + 0) / (5 / 3), (4.5 + 0.5 + 16 / 3 + 16 / 3) / (5 / 3)
    assert age["standardised_difference"] == pytest.approx(1.2 / np.sqrt((offered + refused) / 2))
    assert table.loc[("sector", "h"), "mean_offered"] == pytest.approx((0.5 + 2 / 3) / (5 / 3))
    assert set(table.loc["sector"].index) == {"c", "h"}


def test_who_cannot_be_compared_is_left_out_and_said() -> None:
    frame = frame_of(6)
    want = rationed_applicants(frame)
    assert want.problems == ()
    assert (want.strata, want.clusters, want.left_out, want.without_outcome) == (12, 6, 0, 0)
    extra = frame.head(30).assign(stratum="all offered", cluster="new", is_offered=1)
    result = rationed_applicants(pd.concat([frame, extra]))
    assert result.offer == want.offer
    assert (result.left_out, result.people) == (30, len(frame))
    assert any("30 of" in one and "nothing can be compared" in one for one in result.problems)
    gone = frame.assign(
        outcome=frame["outcome"].where((frame["is_offered"] == 1) | (np.arange(len(frame)) % 5 > 0))
    )
    result = rationed_applicants(gone)
    assert result.without_outcome == int(gone["outcome"].isna().sum())
    assert any("outcome is not known of 0%" in one for one in result.problems)


def test_problems_are_said_in_words() -> None:
    frame = frame_of(6)
    picked = frame.assign(score=frame["ability"] + 0.5 * frame["is_offered"])
    result = rationed_applicants(picked, covariates=["score"])
    assert any("standard deviations in: score" in one for one in result.problems)
    few = rationed_applicants(frame[frame["cluster"] < 3])
    assert any("Too few clusters" in one for one in few.problems)
    plain = rationed_applicants(frame.drop(columns=["is_treated", "cluster"]))
    assert (plain.take_up, plain.place, plain.first_stage_f, plain.offer_adjusted) == (None,) * 4
    assert plain.clusters == plain.strata == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stratum": ["a", "a", None, "b"]}, "stratum: missing in 1 of 4"),
        ({"is_offered": [1, 0, 2, 0]}, "is_offered: expected 0 and 1"),
        ({"is_treated": [1, 0, 3, 0]}, "is_treated: expected 0 and 1"),
        ({"cluster": [1, 2, 3, 3]}, "1 strata lie in more than one"),
        ({"cluster": [1, 1, 1, 1]}, "only one cluster"),
        ({"is_offered": [1, 1, 0, 0]}, "no stratum"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict[str, list[object]], message: str) -> None:
    frame = pd.DataFrame(
        {"stratum": ["a", "a", "b", "b"], "is_offered": [1, 0, 1, 0], "outcome": [1, 0, 1, 1]}
    )
    rationed_applicants(frame)
    with pytest.raises(ValueError, match=message):
        rationed_applicants(frame.assign(**change))


def answer(result: RationedApplicants, name: str) -> Answer:
    found: Estimate = getattr(result, name)
    return Answer(found.estimate, found.lower, found.upper)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["offer", "place_adjusted"])
def test_planted_effects_are_covered_and_nothing_is_found_where_nothing_is(name: str) -> None:
    """800 seeds: with 200, chance alone moves the share covered by 3 points either way."""
    covariates = ["ability", "sector"] if name.endswith("adjusted") else []

    def estimate(frame: pd.DataFrame) -> Answer:
        return answer(rationed_applicants(frame, covariates=covariates), name)

    worlds = partial(applicants, truth_of=name.split("_", maxsplit=1)[0])
    result = coverage(estimate, worlds, seeds=range(800))
    assert 0.93 <= result.covered <= 0.97, result
    assert 0.03 <= result.found <= 0.07, result
    assert abs(result.bias) < 0.01, result
