"""Interrupted time series: change of level and of slope of one series from a date known beforehand.

======================  ==========================================================================
``continuous``          differences in a measured value, with errors that follow each other (AR(1))
``counts``              ratios of a count or rate, by Poisson regression with an offset
``SeriesEffect``        what both return: effects, residual checks, the series for a chart, problems
======================  ==========================================================================

Input: one row a period, equally spaced, without gaps: ``period`` (whole numbers, dates or pandas periods; monthly,
quarterly or yearly dates count as equally spaced), ``value`` and, for a rate, ``exposure`` (people or
person-time, above 0). The first period with the programme is ``since``. Model, with t = 0 at ``since``:

    value = level + slope t + [level change + slope change t] from ``since`` on + harmonics + error

Wagner AK et al, J Clin Pharm Ther 2002;27:299-309; Bernal JL, Cummins S, Gasparrini A, Int J Epidemiol
2017;46:348-355. Harmonics are pairs of sine and cosine of 1, 2, ... turns a cycle (12 periods).

Interval of a continuous series. The errors are AR(1); the intervals integrate the AR coefficient out of the
restricted likelihood, with equal prior weight from -1 to 1 (Zellner A, Tiao GC, J Am Stat Assoc 1964;59:763-778):
given the coefficient an effect is t-distributed with n - p degrees of freedom, and the distributions are mixed
by the restricted likelihood of the coefficients. Tried on 36, 48 and 60 months without an effect, the date halfway
(36th of 60), AR coefficients 0, 0.2, ..., 0.8, 1,000 series each (GLSAR 400); lowest and highest share of 95 %
intervals that hold the truth:

=================================================  ==================  ==================
interval                                           change of level     change of slope
=================================================  ==================  ==================
statsmodels GLSAR, iterated (Cochrane-Orcutt), t   0.86-0.93           0.72-0.93
maximum likelihood (as SARIMAX), normal            0.83-0.93           0.69-0.92
restricted maximum likelihood, t                   0.91-0.95           0.87-0.94
restricted likelihood, coefficient integrated out  0.93-0.97           0.93-0.97
=================================================  ==================  ==================

So the last is the answer, and GLSAR and SARIMAX are shown beside it as checks. Newey-West intervals hold the truth
in three of four series where 95 % is claimed and are not offered.

Counts: Poisson regression with the error scaled by Pearson's chi-square (quasi-Poisson) and normal quantiles, as
Bernal et al. Its error takes no account of counts that follow each other, so the AR(1) model of the log rate stands
beside it, and autocorrelation that is left is a problem that is named. Of 400 series of 48 months, about 100 events
each, 0.94 of the quasi-Poisson intervals held a 15 % fall where log rates were independent and 0.90 where they had an
AR coefficient of 0.4 (standard deviation 0.1); of the log rate's, 0.95 and 0.94.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import special, stats
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from evaluation import intervals, p_values

Floats = NDArray[np.float64]
Name = Literal["level", "slope", "mean"]

CYCLE = 12  # periods of a season's round: months
FEW = 8  # points on either side below which a segment is short: Penfold RB, Zhang F, Acad Pediatr 2013;13:S38-44
NEAR_ONE = 0.8  # AR coefficient up to which the intervals were tried
DOUBT = 0.05  # p-value of the Ljung-Box test below which autocorrelation is left
NODES = 100  # Gauss-Legendre points over the AR coefficient
STEPS, EXACT = 60, 1e-8  # towards a quantile, at most; of the error, within which it is found
LEAST_SPARE = 3  # degrees of freedom from which a t-distribution has a variance
NO_SPREAD = 1e-10  # of the values, that is rounding and no error
ITERATIONS = 200  # of GLSAR at most
FEW_EVENTS = 5  # expected events a period below which Pearson's chi-square and the log rate are poor


@dataclass(frozen=True)
class Effect:
    """A change with its standard error, interval and two-sided p-value.

    ``level``: change at ``since``; ``slope``: change a period; ``mean``: change averaged over the periods from
    ``since`` on, against the counterfactual. For a ratio the error is that of its logarithm and a ``mean`` is
    geometric.
    """

    name: Name
    estimate: float
    se: float
    lower: float
    upper: float
    p: float


@dataclass(frozen=True)
class Beside:
    """The same effects by another method, to compare; ``converged`` False: not to be relied on."""

    method: str
    effects: tuple[Effect, ...]
    autocorrelation: float
    converged: bool


@dataclass(frozen=True)
class ResidualCheck:
    """Whether errors still follow each other: Durbin-Watson (2: they do not) and the Ljung-Box test."""

    durbin_watson: float
    ljung_box: float
    ljung_box_p: float
    lags: int


@dataclass(frozen=True)
class SeriesEffect:
    """Result of an interrupted time series.

    ``autocorrelation`` with its interval is the AR coefficient of the errors (NaN limits for counts, where it is
    that of Pearson residuals); ``dispersion`` is Pearson's chi-square over its degrees of freedom (counts only).
    ``series``, a row a period: period, observed, is_after, fitted, fitted_lower, fitted_upper, counterfactual,
    counterfactual_lower, counterfactual_upper - the expected value with and without the change, not a forecast of
    single values; a rate is given per unit of exposure. ``problems``: what a reader must know, in plain words.
    """

    scale: Literal["difference", "ratio"]
    effects: tuple[Effect, ...]
    autocorrelation: float
    autocorrelation_lower: float
    autocorrelation_upper: float
    dispersion: float
    residuals: ResidualCheck
    beside: tuple[Beside, ...]
    series: pd.DataFrame = field(repr=False, compare=False)
    problems: tuple[str, ...]

    def effect(self, name: Name) -> Effect:
        """The effect of that name; KeyError where the model has none."""
        for effect in self.effects:
            if effect.name == name:
                return effect
        raise KeyError(name)


class _Model(NamedTuple):
    """Columns of the regression with and without the programme, and what each effect adds up."""

    columns: Floats
    without: Floats
    contrasts: dict[Name, Floats]
    is_after: NDArray[np.bool_]


class _Estimates(NamedTuple):
    """Estimate, error, limits and p-value of each contrast."""

    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats
    p: Floats


def continuous(
    frame: pd.DataFrame,
    since: object,
    *,
    slope_change: bool = True,
    harmonics: int = 0,
    cycle: int = CYCLE,
    confidence: float = intervals.CONFIDENCE,
    with_checks: bool = True,
) -> SeriesEffect:
    """Change of level (and slope) of a measured value: ``frame`` with period and value, in units of the value.

    ``harmonics``: pairs of sine and cosine for a season of ``cycle`` periods. ``with_checks`` False leaves GLSAR
    and SARIMAX out. Raises ValueError for a missing value, a repeated or missing period, fewer than two periods on
    one side, too few periods for the model, and a series that the model fits exactly.
    """
    table, model = _prepared(frame, since, slope_change, harmonics, cycle)
    value = table["value"].to_numpy(dtype=np.float64)
    _must_vary(model.columns, value)
    mixture = _integrated(model.columns, value)
    rows = np.array(list(model.contrasts.values()))
    effects = _effects(model, _mixed(mixture, rows, confidence))
    rho = mixture.coefficient(0.5)
    mean = mixture.weight @ mixture.coefficients
    errors = _whitened(np.array([rho]), (value - model.columns @ mean)[:, None])[0, :, 0]
    residuals = _residual_check(errors, fitted=1)
    beside = _by_other_methods(model, value, confidence) if with_checks else ()
    fitted = _mixed(mixture, model.columns, confidence)
    without = _mixed(mixture, model.without[model.is_after], confidence)
    return SeriesEffect(
        scale="difference",
        effects=effects,
        autocorrelation=rho,
        autocorrelation_lower=mixture.coefficient((1 - confidence) / 2),
        autocorrelation_upper=mixture.coefficient((1 + confidence) / 2),
        dispersion=np.nan,
        residuals=residuals,
        beside=beside,
        series=_drawn(table, value, model, fitted, without),
        problems=(*_short(model), *_dependent(rho, residuals, modelled=True), *_apart(effects, beside)),
    )


def counts(
    frame: pd.DataFrame,
    since: object,
    *,
    slope_change: bool = True,
    harmonics: int = 0,
    cycle: int = CYCLE,
    overdispersed: bool = True,
    confidence: float = intervals.CONFIDENCE,
    with_checks: bool = True,
) -> SeriesEffect:
    """Change of a count or rate as ratios: ``frame`` with period, value (count) and, optionally, exposure.

    statsmodels' GLM, Poisson with log link and the log of the exposure as offset; ``overdispersed``: errors
    scaled by Pearson's chi-square, ``fit(scale="X2")``. Raises ValueError as :func:`continuous`, and for a value
    below 0, an exposure not above 0, and no events at all before or after ``since``.
    """
    table, model = _prepared(frame, since, slope_change, harmonics, cycle)
    value = table["value"].to_numpy(dtype=np.float64)
    exposure = _exposure(table)
    if (value < 0).any():
        raise ValueError(f"value: below 0 in {int((value < 0).sum())} of {len(value)} periods")
    if not value[model.is_after].any() or not value[~model.is_after].any():
        raise ValueError("value: no event before or no event after: a ratio has no finite estimate")
    log_rate = np.log((value + 0.5) / exposure)  # half an event added, for periods without any
    _must_vary(model.columns, log_rate)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = sm.GLM(value, model.columns, family=sm.families.Poisson(), offset=np.log(exposure)).fit(
            scale="X2" if overdispersed else None
        )
    failed = not fit.converged or any(issubclass(one.category, ConvergenceWarning) for one in caught)
    pearson = np.asarray(fit.resid_pearson, dtype=np.float64)
    coefficients, covariance = np.asarray(fit.params), np.asarray(fit.cov_params())
    rows = np.array(list(model.contrasts.values()))
    effects = _effects(model, _exponential(_normal(coefficients, covariance, rows, confidence)))
    beside = (_beside_counts(model, log_rate, confidence),) if with_checks else ()
    rho = float(pearson[1:] @ pearson[:-1] / (pearson @ pearson))
    residuals = _residual_check(pearson, fitted=0)
    problems = ["The Poisson regression did not converge: its figures are not to be used."] if failed else []
    if fit.mu.min() < FEW_EVENTS:
        problems.append(
            f"Fewer than {FEW_EVENTS} events are expected in some periods: intervals are approximate there."
        )
    fitted = _exponential(_normal(coefficients, covariance, model.columns, confidence))
    without = _exponential(_normal(coefficients, covariance, model.without[model.is_after], confidence))
    return SeriesEffect(
        scale="ratio",
        effects=effects,
        autocorrelation=rho,
        autocorrelation_lower=np.nan,
        autocorrelation_upper=np.nan,
        dispersion=float((pearson**2).sum() / fit.df_resid),
        residuals=residuals,
        beside=beside,
        series=_drawn(table, value / exposure, model, fitted, without),
        problems=(
            *problems,
            *_short(model),
            *_dependent(rho, residuals, modelled=False),
            *_apart(effects, beside),
        ),
    )


def _prepared(
    frame: pd.DataFrame, since: object, slope_change: bool, harmonics: int, cycle: int
) -> tuple[pd.DataFrame, _Model]:
    """The series in order, checked, and the columns of its regression."""
    missing = int(frame["value"].isna().sum())
    if missing:
        raise ValueError(f"value: missing in {missing} of {len(frame)} periods")
    if frame["period"].duplicated().any():
        raise ValueError(f"period: {int(frame['period'].duplicated().sum())} repeated")
    table = frame.sort_values("period", ignore_index=True)
    _equally_spaced(table["period"])
    is_after = (table["period"] >= since).to_numpy(dtype=np.bool_)
    if min(is_after.sum(), (~is_after).sum()) < 2:  # noqa: PLR2004 - a line needs two points
        raise ValueError("at least two periods before and two after the date are needed")
    time = np.arange(len(table), dtype=np.float64) - int(is_after.argmax())
    after = is_after.astype(np.float64)
    change = [after, after * time] if slope_change else [after]
    angle = 2 * np.pi * time / cycle
    season = [wave(turn * angle) for turn in range(1, harmonics + 1) for wave in (np.sin, np.cos)]
    columns = np.column_stack([*change, np.ones_like(time), time, *season])
    spare = len(table) - columns.shape[1]
    if spare < LEAST_SPARE or np.linalg.matrix_rank(columns) < columns.shape[1]:
        raise ValueError(f"{len(table)} periods are too few for a model of {columns.shape[1]} terms")
    without = columns.copy()
    without[:, : len(change)] = 0
    unit = np.eye(columns.shape[1])
    contrasts: dict[Name, Floats] = {"level": unit[0]}
    if slope_change:
        contrasts |= {"slope": unit[1], "mean": (columns - without)[is_after].mean(axis=0)}
    return table, _Model(columns, without, contrasts, is_after)


def _equally_spaced(period: pd.Series) -> None:
    """Periods one step apart: a month, quarter or year counts as one step whatever its days."""
    if isinstance(period.dtype, pd.PeriodDtype):
        steps = np.diff(np.array([one.ordinal for one in period], dtype=np.float64))  # pyright: ignore[reportAttributeAccessIssue]
    elif pd.api.types.is_numeric_dtype(period):
        steps = np.diff(period.to_numpy(dtype=np.float64))
    else:
        steps = np.diff(pd.to_datetime(period).to_numpy(dtype="datetime64[s]").astype(np.float64))
    # the longest month over the shortest is 31 / 28; a missing period doubles a step
    if len(steps) and steps.max() > 1.5 * steps.min():
        raise ValueError("period: the series has a gap; periods must be equally spaced")


def _exposure(table: pd.DataFrame) -> Floats:
    if "exposure" not in table:
        return np.ones(len(table))
    exposure = table["exposure"].to_numpy(dtype=np.float64)
    if not bool((exposure > 0).all()):
        raise ValueError("exposure: above 0 is expected in every period")
    return exposure


def _must_vary(columns: Floats, value: Floats) -> None:
    """Raise ValueError where the model leaves no error, or nothing but rounding, by which a change is judged."""
    left = value - columns @ np.linalg.lstsq(columns, value)[0]
    if np.linalg.norm(left) <= NO_SPREAD * np.linalg.norm(value):
        raise ValueError("value: the model fits the series exactly: there is no spread to judge a change by")


class _Mixture(NamedTuple):
    """At each AR coefficient: its weight, the regression's coefficients, a root of their covariance (t scale)."""

    rho: Floats
    weight: Floats
    coefficients: Floats
    root: Floats
    degrees_of_freedom: int

    def coefficient(self, share: float) -> float:
        """The AR coefficient below which that share of the weight lies."""
        middles = np.cumsum(self.weight) - self.weight / 2
        return float(np.interp(share, middles, self.rho))


def _whitened(rho: Floats, columns: Floats) -> Floats:
    """Columns turned so that AR(1) errors become independent, the first row kept (Prais-Winsten); one set a rho."""
    strength = rho[:, None, None]
    return np.concatenate(
        [np.sqrt(1 - strength**2) * columns[:1], columns[1:] - strength * columns[:-1]], axis=1
    )


@cache
def _nodes() -> tuple[Floats, Floats]:
    """AR coefficients from -1 to 1 and what each counts in an integral over them."""
    return np.polynomial.legendre.leggauss(NODES)


def _integrated(columns: Floats, value: Floats) -> _Mixture:
    """Regression at every AR coefficient, weighted by the restricted likelihood (formula: module's docstring)."""
    spare = len(value) - columns.shape[1]
    rho, step = _nodes()
    turned = _whitened(rho, np.column_stack([columns, value]))
    q, r = np.linalg.qr(turned[:, :, :-1])
    answer = turned[:, :, -1:]
    projected = np.swapaxes(q, 1, 2) @ answer
    squares = ((answer - q @ projected) ** 2).sum(axis=(1, 2))
    inverse = np.linalg.inv(r)
    height = (
        -0.5 * spare * np.log(squares)
        - np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1)
        + 0.5 * np.log(1 - rho**2)
    )
    weight = step * np.exp(height - height.max())
    root = inverse * np.sqrt(squares / spare)[:, None, None]
    return _Mixture(rho, weight / weight.sum(), (inverse @ projected)[:, :, 0], root, spare)


def _mixed(mixture: _Mixture, rows: Floats, confidence: float) -> _Estimates:
    """Each row's sum of coefficients under the mixture of t-distributions: mean, deviation, quantiles, p-value."""
    kept = mixture.weight > mixture.weight.max() * np.finfo(float).eps
    weight = mixture.weight[kept] / mixture.weight[kept].sum()
    spare = mixture.degrees_of_freedom
    middle = mixture.coefficients[kept] @ rows.T
    spread = np.sqrt(((rows @ mixture.root[kept]) ** 2).sum(axis=2))
    peak = float(stats.t.pdf(0, spare))

    def below(at: Floats) -> Floats:
        return weight @ special.stdtr(spare, (at - middle) / spread)

    def density(at: Floats) -> Floats:
        return weight @ ((1 + ((at - middle) / spread) ** 2 / spare) ** (-(spare + 1) / 2) / spread) * peak

    def quantile(share: float) -> Floats:
        ends = middle + spread * special.stdtrit(spare, share)
        least, most = ends.min(axis=0), ends.max(axis=0)
        at, fine = weight @ ends, EXACT * weight @ spread
        for _ in range(STEPS):  # Newton's, or halving where that would leave the bracket
            gap = below(at) - share
            least, most = np.where(gap < 0, at, least), np.where(gap < 0, most, at)
            step = at - gap / density(at)
            at, before = np.where((step >= least) & (step <= most), step, (least + most) / 2), at
            if bool(np.all(np.abs(at - before) <= fine)):
                break
        return at

    mean = weight @ middle
    variance = weight @ (spread**2 * spare / (spare - 2) + (middle - mean) ** 2)
    tail = (1 - intervals.checked_confidence(confidence)) / 2
    at_nothing = below(np.zeros(len(rows)))
    p_value = 2 * np.minimum(at_nothing, 1 - at_nothing)
    return _Estimates(mean, np.sqrt(variance), quantile(tail), quantile(1 - tail), p_value)


def _normal(
    coefficients: Floats, covariance: Floats, rows: Floats, confidence: float, spare: float = np.inf
) -> _Estimates:
    """Each row's sum of coefficients with a symmetric interval: normal, or t with ``spare`` degrees of freedom."""
    middle = rows @ coefficients
    error = np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows))
    reach = error * stats.t.ppf((1 + intervals.checked_confidence(confidence)) / 2, spare)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * stats.t.sf(np.abs(middle / error), spare)
    return _Estimates(middle, error, middle - reach, middle + reach, p_value)


def _exponential(of: _Estimates) -> _Estimates:
    """Ratios from logarithms; the error stays that of the logarithm."""
    return of._replace(estimate=np.exp(of.estimate), lower=np.exp(of.lower), upper=np.exp(of.upper))


def _effects(model: _Model, figures: _Estimates) -> tuple[Effect, ...]:
    return tuple(
        Effect(name, *(float(figure[place]) for figure in figures))
        for place, name in enumerate(model.contrasts)
    )


def _by_other_methods(model: _Model, value: Floats, confidence: float) -> tuple[Beside, ...]:
    """GLSAR and SARIMAX; a warning that an iteration did not converge makes ``converged`` False."""
    rows = np.array(list(model.contrasts.values()))
    terms = model.columns.shape[1]
    unit = float(value.std())  # the optimiser of SARIMAX stops early on large or small numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # each fit says itself whether it converged
        iterated: Any = sm.GLSAR(value / unit, model.columns, rho=1)
        glsar: Any = iterated.iterative_fit(maxiter=ITERATIONS, rtol=1e-6)
        arima: Any = sm.tsa.SARIMAX(value / unit, exog=model.columns, order=(1, 0, 0)).fit(
            disp=False, cov_type="oim"
        )
    found = {
        "GLSAR": (glsar, float(iterated.rho[0]), bool(glsar.converged), float(glsar.df_resid)),
        "SARIMAX": (arima, float(arima.params[terms]), bool(arima.mle_retvals["converged"]), np.inf),
    }
    return tuple(
        Beside(
            method,
            _effects(
                model,
                _normal(
                    unit * np.asarray(fit.params)[:terms],
                    unit**2 * np.asarray(fit.cov_params())[:terms, :terms],
                    rows,
                    confidence,
                    spare,
                ),
            ),
            rho,
            converged,
        )
        for method, (fit, rho, converged, spare) in found.items()
    )


def _beside_counts(model: _Model, log_rate: Floats, confidence: float) -> Beside:
    """The log of the rate as a continuous series, as ratios."""
    mixture = _integrated(model.columns, log_rate)
    figures = _mixed(mixture, np.array(list(model.contrasts.values())), confidence)
    effects = _effects(model, _exponential(figures))
    return Beside("AR(1) of the log rate", effects, mixture.coefficient(0.5), converged=True)


def _residual_check(residual: Floats, *, fitted: int) -> ResidualCheck:
    """Of residuals in order; ``fitted``: AR coefficients that were estimated from them.

    Lags: a fifth of the series, ten at most (Hyndman RJ, Athanasopoulos G, Forecasting: Principles and Practice,
    3rd ed. 2021, section 5.4).
    """
    lags = max(fitted + 1, min(10, len(residual) // 5))
    test = acorr_ljungbox(residual, lags=[lags], model_df=fitted)
    return ResidualCheck(
        float(durbin_watson(residual)),
        float(test["lb_stat"].iloc[0]),
        float(test["lb_pvalue"].iloc[0]),
        lags,
    )


def _drawn(
    table: pd.DataFrame, observed: Floats, model: _Model, fitted: _Estimates, without: _Estimates
) -> pd.DataFrame:
    """The series with both expected values; before the date they are one (``without`` is of the periods after)."""
    before = (~model.is_after).sum()
    return pd.DataFrame(
        {
            "period": table["period"],
            "observed": observed,
            "is_after": model.is_after,
            "fitted": fitted.estimate,
            "fitted_lower": fitted.lower,
            "fitted_upper": fitted.upper,
            "counterfactual": np.concatenate([fitted.estimate[:before], without.estimate]),
            "counterfactual_lower": np.concatenate([fitted.lower[:before], without.lower]),
            "counterfactual_upper": np.concatenate([fitted.upper[:before], without.upper]),
        }
    )


def _short(model: _Model) -> Iterator[str]:
    for side, points in (("before", int((~model.is_after).sum())), ("after", int(model.is_after.sum()))):
        if points < FEW:
            yield f"Only {points} periods {side} the date: fewer than {FEW} say little about a trend."


def _dependent(rho: float, residuals: ResidualCheck, *, modelled: bool) -> Iterator[str]:
    if modelled and rho >= NEAR_ONE:
        yield (
            f"Successive errors are nearly equal (AR coefficient {rho:.2f}): a drift of the series cannot be told "
            "from a change."
        )
    if residuals.ljung_box_p < DOUBT:
        remedy = (
            "intervals may be too narrow"
            if modelled
            else "intervals take no account of it and are too narrow"
        )
        yield f"Errors still follow each other (Ljung-Box {p_values.equation(residuals.ljung_box_p)}): {remedy}."


def _apart(effects: tuple[Effect, ...], beside: tuple[Beside, ...]) -> Iterator[str]:
    """Methods that did not converge, and those whose estimate lies outside the interval given."""
    for other in beside:
        if not other.converged:
            yield f"{other.method}, shown to compare, did not converge."
            continue
        for effect, theirs in zip(effects, other.effects, strict=True):
            if not effect.lower <= theirs.estimate <= effect.upper:
                yield f"{other.method} puts the change of {effect.name} outside the interval given here."
