"""Applicants to a programme with fewer places than eligible people: those offered a place against those refused.

==========================  ==========================================================================
``rationed_applicants``     effect of the offer, effect of the place, balance, problems
``balance``                 covariates of those offered and those refused, within strata
==========================  ==========================================================================

Input: one row an eligible applicant: ``stratum`` (the queue in which places were given out: provider and round,
say), ``is_offered`` (1: a place; 0: refused for lack of room), ``outcome`` (0 and 1, or a number),
optionally ``is_treated`` (0 and 1: started a place, here or elsewhere), ``cluster`` (what holds whole strata:
the provider; a stratum where not given) and covariates. Comparison is within strata only: who applies where, and
how likely an offer is there, is not compared. It is as good as the rationing is arbitrary within a queue.

Effect of the offer (intention to treat): difference within strata, weighted by n1 n0 / (n1 + n0), which is the
Mantel-Haenszel risk difference (Greenland S, Robins JM, Biometrics 1985;41:55-68) and the coefficient of a
regression with a constant a stratum. Error: clustered, bias-reduced (CR2: Bell RM, McCaffrey DF, Survey Methodology
2002;28:169-181), t with Satterthwaite degrees of freedom (Pustejovsky JE, Tipton E, J Bus Econ Stat
2018;36:672-683), because providers are few.

Effect of the place: effect of the offer over its effect on starting (Wald; two-stage least squares with the offer
as instrument: Angrist JD, Imbens GW, Rubin DB, J Am Stat Assoc 1996;91:444-455). Where no one refused starts
elsewhere it is the effect on the treated, else on those who start because of the offer. Its interval inverts the
test that the offer has no effect on outcome less effect times start (Anderson TW, Rubin H, Ann Math Stat
1949;20:46-63): it holds however weak the instrument is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evaluation import intervals

Floats = NDArray[np.float64]

UNBALANCED = 0.1  # standardised difference: Austin PC, Stat Med 2009;28:3083-3107
WEAK = 10.0  # F of the first stage: Staiger D, Stock JH, Econometrica 1997;65:557-586
FEW_DEGREES = (
    4.0  # Satterthwaite degrees of freedom below which t is no good approximation: Tipton & Pustejovsky
)
LOST = 0.05  # share without outcome, or difference of that share between the two, from which it is said
FULL = 1 - 1e-10  # leverage of a cluster from which the adjustment has no inverse


@dataclass(frozen=True)
class Estimate:
    """A difference with clustered error, t interval and p-value; of proportions, for an outcome of 0 and 1."""

    estimate: float
    se: float
    lower: float
    upper: float
    p: float
    degrees_of_freedom: float


@dataclass(frozen=True)
class RationedApplicants:
    """Result; what needs covariates or ``is_treated`` is None where these are not given.

    ``people``, ``offered``, ``refused``, ``strata``, ``clusters``: in the comparison. ``left_out``: people in
    strata in which all or nobody was offered a place; ``without_outcome``: people whose outcome is missing.
    ``offer``: effect of the offer, ``offer_adjusted`` at equal covariates. ``take_up``: effect of the offer on
    starting and ``first_stage_f`` its F; ``place``, ``place_adjusted``: effect of the place.

    Frames. ``by_stratum``: stratum, offered, refused, mean_offered, mean_refused, difference, weight (sum 1).
    ``covariates``: as :func:`balance` has it.
    """

    people: int
    offered: int
    refused: int
    strata: int
    clusters: int
    left_out: int
    without_outcome: int
    offer: Estimate
    offer_adjusted: Estimate | None
    take_up: Estimate | None
    first_stage_f: float | None
    place: Estimate | None
    place_adjusted: Estimate | None
    by_stratum: pd.DataFrame = field(repr=False, compare=False)
    covariates: pd.DataFrame = field(repr=False, compare=False)
    problems: tuple[str, ...]


class _Regression(NamedTuple):
    """Coefficient of the offer on each answer, their covariance (CR2) and its degrees of freedom."""

    coefficient: Floats
    covariance: Floats
    degrees_of_freedom: float


def rationed_applicants(
    frame: pd.DataFrame, *, covariates: Sequence[str] = (), confidence: float = intervals.CONFIDENCE
) -> RationedApplicants:
    """Effect of an offer, and of the place, on ``outcome`` (columns of ``frame``: module's docstring).

    Covariates that are not numbers count as categories. People without an outcome are left out and counted.
    Raises ValueError for missing values in another column, an offer or start other than 0 and 1, a stratum that
    lies in two clusters, fewer than two clusters, and no stratum with both an offer and a refusal.
    """
    _checked(frame, covariates)
    known = frame[frame["outcome"].notna()]
    mixed = known.groupby("stratum")["is_offered"].transform("nunique") > 1
    used = known[mixed]
    cluster = _clusters(used)
    offered = used["is_offered"].to_numpy(dtype=np.float64)
    answers = ["outcome", *(["is_treated"] if "is_treated" in used else [])]
    values = used[answers].to_numpy(dtype=np.float64)
    plain = _within(used, offered, values, np.empty((len(used), 0)), cluster)
    adjusted = _within(used, offered, values, _columns(used, covariates), cluster) if covariates else None
    has_start = len(answers) > 1
    strata = _by_stratum(used)
    table = balance(used, covariates)
    take_up = _estimate(plain, 1, confidence) if has_start else None
    strength = (take_up.estimate / take_up.se) ** 2 if take_up and take_up.se > 0 else np.inf
    place = _place(plain, confidence) if has_start else None
    return RationedApplicants(
        people=len(used),
        offered=int(offered.sum()),
        refused=int((1 - offered).sum()),
        strata=len(strata),
        clusters=len(np.unique(cluster)),
        left_out=len(known) - len(used),
        without_outcome=len(frame) - len(known),
        offer=_estimate(plain, 0, confidence),
        offer_adjusted=_estimate(adjusted, 0, confidence) if adjusted else None,
        take_up=take_up,
        first_stage_f=float(strength) if has_start else None,
        place=place,
        place_adjusted=_place(adjusted, confidence) if adjusted and has_start else None,
        by_stratum=strata,
        covariates=table,
        problems=(
            *_doubtful_sample(frame, known, used),
            *_doubtful_balance(table),
            *_doubtful_error(plain),
            *(_doubtful_place(used, float(strength), place) if place else ()),
        ),
    )


def balance(frame: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    """Covariates of those offered against those refused, one row a number or category.

    Returns covariate, level (empty for a number), mean_offered, mean_refused (each weighted as the effect is) and
    standardised_difference: their difference over the root of the mean of the two variances within strata.
    """
    weight = _weights(frame)
    offered = frame["is_offered"].to_numpy(dtype=np.float64) > 0
    rows = []
    for name in covariates:
        for level, value in _levels(frame[name]):
            means = [float(np.average(value[arm], weights=weight[arm])) for arm in (offered, ~offered)]
            apart = _demeaned(value[:, None], frame["stratum"])[:, 0]
            variance = np.mean(
                [np.average(apart[arm] ** 2, weights=weight[arm]) for arm in (offered, ~offered)]
            )
            gap = (means[0] - means[1]) / np.sqrt(variance) if variance > 0 else 0.0
            rows.append((name, level, *means, float(gap)))
    columns = ["covariate", "level", "mean_offered", "mean_refused", "standardised_difference"]
    return pd.DataFrame(rows, columns=columns)


def _checked(frame: pd.DataFrame, covariates: Sequence[str]) -> None:
    optional = [name for name in ("is_treated", "cluster") if name in frame]
    for name in ("stratum", "is_offered", *optional, *covariates):
        missing = int(frame[name].isna().sum())
        if missing:
            raise ValueError(f"{name}: missing in {missing} of {len(frame)} rows")
    for name in ("is_offered", "is_treated"):
        if name in frame and not frame[name].isin([0, 1]).all():
            raise ValueError(f"{name}: expected 0 and 1 only")
    if "cluster" in frame:
        torn = int((frame.groupby("stratum")["cluster"].nunique() > 1).sum())
        if torn:
            raise ValueError(f"cluster: {torn} strata lie in more than one cluster")


def _clusters(used: pd.DataFrame) -> NDArray[np.int64]:
    """Number of each row's cluster; ValueError where there is nothing to compare, or by."""
    if used.empty:
        raise ValueError("no stratum in which some were offered a place and some refused")
    cluster = pd.factorize(used["cluster"] if "cluster" in used else used["stratum"])[0]
    if cluster.max() < 1:
        raise ValueError("only one cluster: there is no telling how clusters differ")
    return cluster


def _levels(column: pd.Series) -> Iterator[tuple[str, Floats]]:
    """A number as it is; a category as one column of 0 and 1 a level."""
    if pd.api.types.is_numeric_dtype(column):
        yield "", column.to_numpy(dtype=np.float64)
        return
    for level in sorted(column.astype(str).unique()):
        yield level, (column.astype(str) == level).to_numpy(dtype=np.float64)


def _columns(used: pd.DataFrame, covariates: Sequence[str]) -> Floats:
    """Covariates as columns, the first level of a category left out."""
    columns: list[Floats] = []
    for name in covariates:
        levels = [value for _, value in _levels(used[name])]
        columns += levels if len(levels) == 1 else levels[1:]
    return np.column_stack(columns)


def _demeaned(values: Floats, stratum: pd.Series) -> Floats:
    table = pd.DataFrame(values)
    return (table - table.groupby(stratum.to_numpy()).transform("mean")).to_numpy(dtype=np.float64)


def _weights(used: pd.DataFrame) -> Floats:
    """Weight of each person such that a stratum's two arms weigh n1 n0 / (n1 + n0) each."""
    share = used.groupby("stratum")["is_offered"].transform("mean").to_numpy(dtype=np.float64)
    return np.where(used["is_offered"].to_numpy(dtype=np.float64) > 0, 1 - share, share)


def _by_stratum(used: pd.DataFrame) -> pd.DataFrame:
    arms = used.groupby(["stratum", "is_offered"])["outcome"].agg(["size", "mean"]).unstack()
    offered, refused = arms[("size", 1)], arms[("size", 0)]
    weight = offered * refused / (offered + refused)
    return pd.DataFrame(
        {
            "offered": offered,
            "refused": refused,
            "mean_offered": arms[("mean", 1)],
            "mean_refused": arms[("mean", 0)],
            "difference": arms[("mean", 1)] - arms[("mean", 0)],
            "weight": weight / weight.sum(),
        }
    ).reset_index()


def _within(
    used: pd.DataFrame, offered: Floats, answers: Floats, covariates: Floats, cluster: NDArray[np.int64]
) -> _Regression:
    """Least squares of each answer on offer and covariates, all less their stratum's mean, with CR2 covariance.

    Taking the means off gives the same CR2 as a column for each stratum (Pustejovsky & Tipton 2018, theorem 2).
    Covariates that do not vary within strata drop out: the inverse is Moore-Penrose's.
    """
    columns = _demeaned(np.column_stack([offered, covariates]), used["stratum"])
    inverse = np.asarray(np.linalg.pinv(columns.T @ columns, hermitian=True), dtype=np.float64)
    values = _demeaned(answers, used["stratum"])
    coefficients = inverse @ columns.T @ values
    residuals = values - columns @ coefficients
    scores, pulls, lengths = [], [], []
    for number in range(cluster.max() + 1):
        rows = cluster == number
        pull = _adjusted(columns[rows], inverse, columns[rows] @ inverse[0])
        scores.append(pull @ residuals[rows])
        pulls.append(columns[rows].T @ pull)
        lengths.append(pull @ pull)
    # the covariance the cluster sums would have were the errors independent with one variance
    between = np.diag(lengths) - np.array(pulls) @ inverse @ np.array(pulls).T
    degrees = float(np.trace(between) ** 2 / (between**2).sum())
    return _Regression(coefficients[0], np.array(scores).T @ np.array(scores), degrees)


def _adjusted(columns: Floats, inverse: Floats, pull: Floats) -> Floats:
    """(I - H)^(-1/2) times ``pull``, where H = columns inverse columns' is the cluster's part of the hat matrix.

    H has no more dimensions than columns: its eigenvectors are those of a small matrix.
    """
    basis, root = np.linalg.qr(columns)
    leverage, vectors = np.linalg.eigh(root @ inverse @ root.T)
    directions = basis @ vectors
    has_inverse = leverage < FULL
    factor = np.where(has_inverse, 1 / np.sqrt(np.where(has_inverse, 1 - leverage, 1.0)), 0.0)
    return pull + directions @ ((factor - 1) * (directions.T @ pull))


def _estimate(regression: _Regression, place: int, confidence: float) -> Estimate:
    middle = float(regression.coefficient[place])
    error = float(np.sqrt(regression.covariance[place, place]))
    return _t_estimate(middle, error, regression.degrees_of_freedom, confidence)


def _t_estimate(middle: float, error: float, degrees: float, confidence: float) -> Estimate:
    reach = error * _t_quantile(degrees, confidence)
    p_value = float(2 * stats.t.sf(abs(middle) / error, degrees)) if error > 0 else np.nan
    return Estimate(middle, error, middle - reach, middle + reach, p_value, degrees)


def _t_quantile(degrees: float, confidence: float) -> float:
    return float(stats.t.ppf((1 + intervals.checked_confidence(confidence)) / 2, degrees))


def _place(regression: _Regression, confidence: float) -> Estimate:
    """Effect of the offer over that on starting; the interval of Anderson and Rubin, error by two-stage squares.

    An effect b is kept while (y - b s)^2 <= t^2 (V_yy - 2 b V_ys + b^2 V_ss): between the roots of a quadratic,
    or, where the offer hardly makes anybody start, without end.
    """
    outcome, start = regression.coefficient
    of_outcome, both, of_start = (regression.covariance[cell] for cell in ((0, 0), (0, 1), (1, 1)))
    degrees = regression.degrees_of_freedom
    effect = float(outcome / start) if start else np.nan
    spread = np.sqrt(of_outcome - 2 * effect * both + effect**2 * of_start) / abs(start) if start else np.nan
    simple = _estimate(regression, 0, confidence)  # no effect of the place is no effect of the offer
    reach = _t_quantile(degrees, confidence) ** 2
    square = start**2 - reach * of_start
    middle = outcome * start - reach * both
    room = middle**2 - square * (outcome**2 - reach * of_outcome)
    lower, upper = -np.inf, np.inf
    if square > 0:
        half = np.sqrt(max(room, 0.0))
        lower, upper = (middle - half) / square, (middle + half) / square
    return Estimate(effect, float(spread), float(lower), float(upper), simple.p, degrees)


def _doubtful_sample(frame: pd.DataFrame, known: pd.DataFrame, used: pd.DataFrame) -> Iterator[str]:
    lost = frame["outcome"].isna()
    shares = lost.groupby(frame["is_offered"]).mean()
    if lost.mean() > LOST or shares.max() - shares.min() > LOST:
        yield (
            f"The outcome is not known of {shares.get(1, 0.0):.0%} of those offered a place and "
            f"{shares.get(0, 0.0):.0%} of those refused: they are left out."
        )
    if len(used) < len(known):
        yield (
            f"{len(known) - len(used)} of {len(known)} applicants are in strata in which all or nobody was offered "
            "a place: nothing can be compared there."
        )


def _doubtful_balance(table: pd.DataFrame) -> Iterator[str]:
    far = table[table["standardised_difference"].abs() > UNBALANCED]
    if len(far):
        names = ", ".join(dict.fromkeys(far["covariate"]))
        yield (
            f"Those offered and those refused differ by more than {UNBALANCED} standard deviations in: {names}. "
            "Rationing may not have been arbitrary; look at the adjusted effect."
        )


def _doubtful_error(plain: _Regression) -> Iterator[str]:
    if plain.degrees_of_freedom < FEW_DEGREES:
        yield (
            f"Too few clusters carry the comparison ({plain.degrees_of_freedom:.1f} degrees of freedom; at least "
            f"{FEW_DEGREES:.0f} are wanted): intervals and p-values are not to be relied on."
        )


def _doubtful_place(used: pd.DataFrame, strength: float, place: Estimate) -> Iterator[str]:
    if strength < WEAK:
        yield (
            f"The offer hardly makes people start (first-stage F {strength:.1f}, below {WEAK:.0f}): only the interval "
            "of the effect of a place holds, not its error."
        )
    if np.isinf(place.lower) or np.isinf(place.upper):
        yield "The effect of a place cannot be told from these applicants: its interval has no end."
    elsewhere = float(used.loc[used["is_offered"] == 0, "is_treated"].mean())
    if elsewhere > 0:
        yield (
            f"{elsewhere:.0%} of those refused started elsewhere: the effect of a place is that on people who start "
            "because of the offer."
        )
