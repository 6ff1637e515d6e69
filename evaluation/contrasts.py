"""Contrasts between two groups: ratios of rates, risks and shares, and adjusted differences.

=======================  ==============================================================================
``rate_ratio``           events per person (or person-time) of A over that of B
``risk_ratio``           proportion in A over proportion in B
``share_ratio``          a group's share of some people over its share of a reference population
``adjusted_difference``  difference in a proportion between groups at equal covariates
=======================  ==============================================================================

The ratios take scalars or arrays that broadcast together. Missing input (NaN), a negative count, a count above
its total or a denominator that is not positive give NaN; so does a ratio to nothing (no event in B).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from scipy import special
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

from evaluation import intervals

Floats = NDArray[np.float64]

# A linear predictor this far out is a fitted probability within 3e-7 of 0 or 1: the estimate of a group in
# which everybody, or nobody, has the outcome, on its way to infinity
SEPARATED = 15.0


class Contrast(NamedTuple):
    """An estimate with the limits of its interval, arrays of one shape."""

    estimate: Floats
    lower: Floats
    upper: Floats


def rate_ratio(
    events_a: ArrayLike,
    person_a: ArrayLike,
    events_b: ArrayLike,
    person_b: ArrayLike,
    *,
    confidence: float = intervals.CONFIDENCE,
) -> Contrast:
    """Rate of A over rate of B.

    Interval: from ten events in both on, normal on the log scale with error ``sqrt(1/a + 1/b)``; below ten in
    either, exact, given the sum of both counts: the Clopper-Pearson limits p of a among a + b, as
    ``p / (1 - p) * person_b / person_a``. Source of both: Rothman KJ, Greenland S, Lash TL, Modern Epidemiology,
    3rd ed. 2008, chapter 14; ten is the bound of ``intervals.poisson``.
    """
    a, time_a, b, time_b = _floats(events_a, person_a, events_b, person_b)
    valid = (a >= 0) & (b > 0) & (time_a > 0) & (time_b > 0)
    a, b = np.where(valid, a, np.nan), np.where(valid, b, np.nan)
    scale = np.divide(time_b, time_a, out=np.full_like(a, np.nan), where=valid)
    ratio = a / b * scale
    few = (a < intervals.EXACT_BELOW) | (b < intervals.EXACT_BELOW)
    exact_lower, exact_upper = _odds_exact(a, b, confidence)
    log_lower, log_upper = _on_log_scale(ratio, 1 / np.where(few, np.nan, a) + 1 / b, confidence)
    return Contrast(
        ratio,
        np.where(few, exact_lower * scale, log_lower),
        np.where(few, exact_upper * scale, log_upper),
    )


def risk_ratio(
    events_a: ArrayLike,
    total_a: ArrayLike,
    events_b: ArrayLike,
    total_b: ArrayLike,
    *,
    confidence: float = intervals.CONFIDENCE,
) -> Contrast:
    """Proportion in A over proportion in B, with Katz's interval on the log scale.

    Source: Katz D, Baptista J, Azen SP, Pike MC, Biometrics 1978;34:469-474: the error of the log ratio is
    ``sqrt(1/a - 1/n_a + 1/b - 1/n_b)``. With no event in A the ratio is 0 and the log scale gives no interval.
    """
    a, n_a, b, n_b = _floats(events_a, total_a, events_b, total_b)
    valid = (a >= 0) & (a <= n_a) & (b > 0) & (b <= n_b) & (n_a > 0)
    a, n_a, b, n_b = (np.where(valid, part, np.nan) for part in (a, n_a, b, n_b))
    ratio = (a / n_a) / (b / n_b)
    some = np.where(a > 0, a, np.nan)
    lower, upper = _on_log_scale(ratio, 1 / some - 1 / n_a + 1 / b - 1 / n_b, confidence)
    return Contrast(ratio, lower, upper)


def share_ratio(
    members: ArrayLike,
    people: ArrayLike,
    reference_members: ArrayLike,
    reference_people: ArrayLike,
    *,
    confidence: float = intervals.CONFIDENCE,
) -> Contrast:
    """A group's share of some people (learners) over its share of a reference population (the register).

    1 is a share as large as in the reference. The reference is a census and counts as known, so the interval is
    Wilson's interval of the group's share of the people, divided by the share of the reference.
    """
    x, n, members_all, all_people = _floats(members, people, reference_members, reference_people)
    valid = (members_all > 0) & (members_all <= all_people) & (x >= 0) & (x <= n) & (n > 0)
    share = np.divide(members_all, all_people, out=np.full_like(x, np.nan), where=valid)
    lower, upper = intervals.wilson(x, n, confidence=confidence)
    return Contrast(
        np.divide(x, n, out=np.full_like(x, np.nan), where=valid) / share, lower / share, upper / share
    )


def adjusted_difference(
    frame: pd.DataFrame,
    outcome: str,
    group: str,
    reference: str,
    covariates: Sequence[str],
    *,
    confidence: float = intervals.CONFIDENCE,
) -> pd.DataFrame:
    """Difference in the proportion with ``outcome`` (0 or 1) of each group against ``reference``, adjusted.

    Logistic regression (statsmodels GLM, binomial) on ``group`` and the covariates, all as categories. The
    difference is the mean over all rows of the fitted probability as if everybody were in the group, minus that
    as if everybody were in the reference: marginal standardisation, with the delta-method error (Williams R,
    Stata J 2012;12:308-331; Greenland S, Am J Epidemiol 2004;160:301-305). A proportion: times 100 for points.

    Returns one row for every group but the reference, by name: group, n, events, estimate, lower, upper,
    converged. Where the model has no finite answer - a level of a category in which everybody or nobody has the
    outcome, columns that repeat each other, no convergence - ``converged`` is False and the figures are NaN.
    Raises ValueError for missing values, an outcome other than 0 and 1, and a reference that is no group.
    """
    patterns, groups = _patterns(frame, outcome, group, reference, covariates)
    columns, others = _design(patterns, group, covariates, groups)
    fitted = _fit(columns, patterns)
    weight = patterns["n"].to_numpy(dtype=np.float64)
    figures = np.full((others, 2), np.nan)
    if fitted is not None:
        for place in range(others):
            figures[place] = _standardised(*fitted, columns, others, place, weight)
    estimate, half = figures[:, 0], intervals.normal_quantile(confidence) * figures[:, 1]
    counts = patterns.groupby(group, observed=False)[["n", "events"]].sum().loc[groups[1:]]
    return (
        counts.astype(np.int64)
        .assign(
            group=groups[1:],
            estimate=estimate,
            lower=estimate - half,
            upper=estimate + half,
            converged=fitted is not None,
        )[["group", "n", "events", "estimate", "lower", "upper", "converged"]]
        .reset_index(drop=True)
    )


def _patterns(
    frame: pd.DataFrame, outcome: str, group: str, reference: str, covariates: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Rows that agree in group and covariates, as one row with n and events; groups with the reference first."""
    used = [group, *covariates]
    for column in (outcome, *used):
        missing = int(frame[column].isna().sum())
        if missing:
            raise ValueError(f"{column}: missing in {missing} of {len(frame)} rows")
    if not frame[outcome].isin([0, 1]).all():
        raise ValueError(f"{outcome}: expected 0 and 1 only")
    found = sorted(frame[group].astype(str).unique())
    if reference not in found:
        raise ValueError(f"{group}: no row of the reference {reference!r}")
    groups = [reference, *(name for name in found if name != reference)]
    words = frame[used].astype(str).assign(events=frame[outcome].astype(int))
    patterns = words.groupby(used)["events"].agg(n="size", events="sum").reset_index()
    patterns[group] = pd.Categorical(patterns[group], categories=groups)
    return patterns, groups


def _design(
    patterns: pd.DataFrame, group: str, covariates: Sequence[str], groups: list[str]
) -> tuple[Floats, int]:
    """Indicator columns: each group but the reference, then a constant and the covariates; where those begin."""
    indicators = [
        pd.get_dummies(patterns[name], drop_first=True).to_numpy(dtype=np.float64)
        for name in (group, *covariates)
    ]
    constant = np.ones((len(patterns), 1))
    return np.column_stack([indicators[0], constant, *indicators[1:]]), len(groups) - 1


def _fit(columns: Floats, patterns: pd.DataFrame) -> tuple[Floats, Floats] | None:
    """Coefficients and their covariance, or None where there is no finite answer."""
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return None
    # each pattern once with and once without the outcome, weighted: as the single rows, but few of them
    events = patterns["events"].to_numpy(dtype=np.float64)
    weight = np.concatenate([events, patterns["n"].to_numpy(dtype=np.float64) - events])
    used = weight > 0
    answer, both = np.repeat([1.0, 0.0], len(events))[used], np.vstack([columns, columns])[used]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = sm.GLM(answer, both, family=sm.families.Binomial(), freq_weights=weight[used]).fit()
    failures = (ConvergenceWarning, PerfectSeparationWarning)
    failed = any(issubclass(warning.category, failures) for warning in caught) or not result.converged
    coefficients = np.asarray(result.params, dtype=np.float64)
    covariance = np.asarray(result.cov_params(), dtype=np.float64)
    finite = bool(np.isfinite(coefficients).all() and np.isfinite(covariance).all())
    if failed or not finite or np.abs(columns @ coefficients).max() > SEPARATED:
        return None
    return coefficients, covariance


def _standardised(
    coefficients: Floats, covariance: Floats, columns: Floats, others: int, place: int, n: Floats
) -> tuple[float, float]:
    """Mean difference in fitted probability of group ``place`` and the reference, and its error."""
    reference = columns.copy()
    reference[:, :others] = 0
    member = reference.copy()
    member[:, place] = 1
    p_member, p_reference = special.expit(member @ coefficients), special.expit(reference @ coefficients)
    weight = n / n.sum()
    gradient = (weight * p_member * (1 - p_member)) @ member - (
        weight * p_reference * (1 - p_reference)
    ) @ reference
    difference = float(weight @ (p_member - p_reference))
    return difference, float(np.sqrt(gradient @ covariance @ gradient))


def _odds_exact(a: Floats, b: Floats, confidence: float) -> intervals.Interval:
    """Clopper-Pearson limits of a among a + b, as odds p / (1 - p)."""
    tail = (1 - intervals.checked_confidence(confidence)) / 2
    p_lower = special.betaincinv(np.where(a > 0, a, np.nan), b + 1, tail)
    p_upper = special.betaincinv(a + 1, b, 1 - tail)
    return np.where(a == 0, 0.0, p_lower / (1 - p_lower)), p_upper / (1 - p_upper)


def _on_log_scale(ratio: Floats, variance: Floats, confidence: float) -> intervals.Interval:
    spread = np.exp(intervals.normal_quantile(confidence) * np.sqrt(variance))
    return ratio / spread, ratio * spread


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))
