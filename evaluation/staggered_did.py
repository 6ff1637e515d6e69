"""Staggered difference-in-differences: what adoption changed, when units adopt at different times.

=======================  ===========================================================================
``fit``                  effects by cohort and period, over time since adoption, and overall
``pretrend``             joint test that treated and untreated units moved alike before adoption
``smoothness_bounds``    how far trends may bend before the effect can no longer be told from none
``detectable``           the smallest effect the data could have shown
=======================  ===========================================================================

Estimator: Callaway B, Sant'Anna PHC. Difference-in-differences with multiple time periods. J Econometrics
2021;225:200-230, doubly robust (Sant'Anna PHC, Zhao J. J Econometrics 2020;219:101-122), through the library
diff-diff; the base is universal, the last period before adoption and its anticipation. Two-way fixed effects are
not offered: under effects that grow or differ by cohort they compare adopters with earlier adopters and are biased
(Goodman-Bacon A. J Econometrics 2021;225:254-277).

A panel is a frame with one row a unit and period: ``unit``, ``period`` (int, consecutive), ``outcome`` (float; a row
whose outcome is empty is not observed), ``first_treated`` (int, the period of adoption, 0 for never), and the columns
that a design names as covariates and cluster. An effect is in the unit of the outcome.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd
from diff_diff import CallawaySantAnna
from diff_diff.honest_did import HonestDiD
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Control = Literal["not_yet_treated", "never_treated"]

CONFIDENCE = 0.95
POWER = 0.8
LEAST_COHORT = 5  # adopters of one period below which their effect is not estimated
# remarks of the library that say nothing a reader needs: the base period has no effect to estimate
_TRIMMED, _FEW = "will be trimmed", "Low Events Per Variable"
_EXPECTED = ("non-finite or zero bootstrap SE", "Unbalanced panel detected")


@dataclass(frozen=True)
class Design:
    """How to estimate. ``anticipation`` and the horizon are in periods; ``draws`` of the multiplier bootstrap.

    ``cluster`` names a column whose groups share shocks; None clusters at the unit. Event times beyond the horizon
    enter the effects by cohort and period only.
    """

    control: Control = "not_yet_treated"
    anticipation: int = 0
    before: int = 8
    after: int = 8
    covariates: tuple[str, ...] = ()
    cluster: str | None = None
    draws: int = 999
    seed: int = 20210401
    least_cohort: int = LEAST_COHORT


class Effect(NamedTuple):
    """An estimate with its standard error, 95 % interval and p-value, in the unit of the outcome."""

    estimate: float
    se: float
    lower: float
    upper: float
    p: float


class Joint(NamedTuple):
    """A Wald test that ``terms`` coefficients are all nil; p is empty where there is nothing to test."""

    statistic: float
    terms: int
    p: float


@dataclass(frozen=True)
class Fit:
    """What one estimation found.

    ``overall`` averages every effect after adoption, weighted by the units it rests on ("simple"); ``dynamic``
    averages the event times 0 to the horizon alike. ``by_cohort`` and ``by_calendar`` average them by cohort and by
    period: points, to compare with. ``event_study``: event_time, estimate, se, lower, upper, band_lower, band_upper,
    is_base, cohorts. ``group_time``: cohort, period, estimate, se, lower, upper, treated. ``cohorts``: cohort, units.
    ``excluded``: units that could not be used, by reason. ``problems``: what the estimator complained of.
    """

    overall: Effect
    dynamic: Effect
    by_cohort: float
    by_calendar: float
    event_study: pd.DataFrame
    group_time: pd.DataFrame
    cohorts: pd.DataFrame
    units: int
    never: int
    excluded: dict[str, int]
    problems: tuple[str, ...]
    vcov: Floats
    vcov_times: tuple[int, ...]


class NotEstimable(ValueError):
    """The panel does not hold what the design compares; the message says what is missing."""


def fit(panel: pd.DataFrame, design: Design) -> Fit:
    """Estimate; raises :class:`NotEstimable` where no cohort or no control is left."""
    used, excluded = _usable(panel, design)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        result = _estimated(used, design, draws=0)
        study = result.aggregate("event_study")
        bands = (
            _estimated(used, design, draws=design.draws).aggregate("event_study") if design.draws else None
        )
    group_time = _group_time(result)
    cohorts = _cohorts(used)
    times = tuple(int(time) for time in study.vcov_index)
    after = [time for time in times if 0 <= time <= design.after]
    vcov = np.asarray(study.vcov, dtype=np.float64)
    return Fit(
        overall=Effect(*map(float, (result.att, result.se, *result.conf_int, result.p_value))),
        dynamic=_mean_effect(study, vcov, times, after),
        by_cohort=_by_cohort(group_time, cohorts),
        by_calendar=_by_calendar(group_time, cohorts),
        event_study=_event_study(study, bands, design),
        group_time=group_time,
        cohorts=cohorts,
        units=int(used["unit"].nunique()),
        never=int(used.loc[used["first_treated"] == 0, "unit"].nunique()),
        excluded=excluded,
        problems=_problems(remarks),
        vcov=vcov,
        vcov_times=times,
    )


def point(panel: pd.DataFrame, design: Design) -> Effect:
    """The overall effect alone, without bands: for estimations that are repeated many times."""
    used, _ = _usable(panel, design)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = _estimated(used, design, draws=0)
    return Effect(*map(float, (result.att, result.se, *result.conf_int, result.p_value)))


def pretrend(found: Fit, design: Design) -> Joint:
    """Whether the effects before adoption and its anticipation, within the horizon, are jointly nil (Wald).

    Not rejecting is not proof that trends were parallel: the test may lack power (Roth J. AER Insights 2022;4:305-22).
    """
    early = [at for at, time in enumerate(found.vcov_times) if -design.before <= time < -design.anticipation]
    table = found.event_study.set_index("event_time")
    values = table.loc[[found.vcov_times[at] for at in early], "estimate"].to_numpy(dtype=np.float64)
    if not early:
        return Joint(float("nan"), 0, float("nan"))
    statistic = float(values @ np.linalg.pinv(found.vcov[np.ix_(early, early)]) @ values)
    return Joint(statistic, len(early), float(stats.chi2.sf(statistic, len(early))))


def smoothness_bounds(
    panel: pd.DataFrame, design: Design, grid: tuple[float, ...]
) -> tuple[pd.DataFrame, float]:
    """Robust intervals of the mean effect over the horizon when trends may bend, and the bend at which nil is reached.

    Rambachan A, Roth J. A more credible approach to parallel trends. Rev Econ Stud 2023;90:2555-2591: ``grid``, in
    rising order, are bounds M on the change of slope of the difference in trends from one period to the next, in units
    of the outcome. Returns m, lower, upper (95 %), and the breakdown value, between points of the grid by a straight
    line: 0 where already the smallest M reaches nil, infinity where the largest does not.
    """
    used, _ = _usable(panel, design)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _within(_estimated(used, design, draws=0).aggregate("event_study"), design)
        honest = HonestDiD(method="smoothness", alpha=1 - CONFIDENCE)
        rows = [(m, found.ci_lb, found.ci_ub) for m in grid for found in [honest.fit(study, M=m)]]
    table = pd.DataFrame(rows, columns=["m", "lower", "upper"], dtype=np.float64)
    return table, _breakdown(table)


def _breakdown(table: pd.DataFrame) -> float:
    """Where the interval reaches nil: its nearer end falls through nil between two points of the grid."""
    upwards = float(table["lower"].iloc[0] + table["upper"].iloc[0]) > 0
    near = table["lower"].to_numpy() if upwards else -table["upper"].to_numpy()
    reached = np.flatnonzero(near <= 0)
    if not reached.size:
        return float("inf")
    at = int(reached[0])
    if at == 0:
        return 0.0
    m = table["m"].to_numpy()
    return float(np.interp(0.0, [near[at], near[at - 1]], [m[at], m[at - 1]]))


def detectable(effect: Effect, *, power: float = POWER) -> float:
    """The smallest effect, either way, that a test at 5 % would find with this power, given the standard error.

    Bloom HS. Evaluation Review 1995;19:547-556: (z of half the level + z of the power) times the standard error.
    """
    return float((stats.norm.ppf(1 - (1 - CONFIDENCE) / 2) + stats.norm.ppf(power)) * effect.se)


def _estimated(panel: pd.DataFrame, design: Design, *, draws: int) -> Any:
    """What the library makes of a panel; its results are untyped."""
    estimator = CallawaySantAnna(
        control_group=design.control,
        anticipation=design.anticipation,
        estimation_method="dr",
        cluster=design.cluster,
        n_bootstrap=draws,
        seed=design.seed if draws else None,
        base_period="universal",
        cband=draws > 0,
    )
    run = cast("Callable[..., Any]", estimator.fit)
    return run(
        panel, "outcome", "unit", "period", "first_treated", covariates=list(design.covariates) or None
    )


def _usable(panel: pd.DataFrame, design: Design) -> tuple[pd.DataFrame, dict[str, int]]:
    """Observed rows of units that can be compared, and how many units are left out for which reason."""
    needed = ["outcome", *design.covariates, *([design.cluster] if design.cluster else [])]
    seen = panel.dropna(subset=needed)
    first = int(seen["period"].min()) if len(seen) else 0
    treated = seen["first_treated"] > 0
    early = treated & (seen["first_treated"] <= first + design.anticipation)
    adopters = seen.loc[treated & ~early].groupby("first_treated")["unit"].nunique()
    small = seen["first_treated"].isin(adopters.index[adopters < design.least_cohort])
    excluded = {
        "never observed with all it needs": int(panel["unit"].nunique() - seen["unit"].nunique()),
        "adopted before the first period that can be compared": int(seen.loc[early, "unit"].nunique()),
        f"adopted with fewer than {design.least_cohort} others" if design.least_cohort > 1 else "alone": int(
            seen.loc[small, "unit"].nunique()
        ),
    }
    used = seen.loc[~early & ~small]
    if not (used["first_treated"] > 0).any():
        raise NotEstimable("no group of adopters is large enough and observed before it adopted")
    never = (used["first_treated"] == 0).any()
    if not never and (design.control == "never_treated" or used["first_treated"].nunique() == 1):
        raise NotEstimable("no unit is left to compare adopters with")
    return used.sort_values(["unit", "period"], ignore_index=True), {k: n for k, n in excluded.items() if n}


def _within(study: Any, design: Design) -> Any:
    """The event study of the library, cut to the horizon: the sensitivity is asked of what is shown."""
    times = np.asarray(study.event_time)
    keep = (times >= -design.before) & (times <= design.after)
    index = np.asarray(study.vcov_index)
    inside = (index >= -design.before) & (index <= design.after)
    columns = (
        "event_time",
        "att",
        "se",
        "t_stat",
        "p_value",
        "conf_int_lower",
        "conf_int_upper",
        "is_reference",
    )
    cut: dict[str, Any] = {name: np.asarray(getattr(study, name))[keep] for name in (*columns, "n")}
    if study.df is not None:
        cut["df"] = np.asarray(study.df)[keep]
    return replace(
        study, **cut, vcov=np.asarray(study.vcov)[np.ix_(inside, inside)], vcov_index=index[inside]
    )


def _event_study(study: Any, bands: Any, design: Design) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "event_time": np.asarray(study.event_time, dtype=np.int64),
            "estimate": np.asarray(study.att, dtype=np.float64),
            "se": np.asarray(study.se, dtype=np.float64),
            "lower": np.asarray(study.conf_int_lower, dtype=np.float64),
            "upper": np.asarray(study.conf_int_upper, dtype=np.float64),
            "is_base": np.asarray(study.is_reference, dtype=np.bool_),
            "cohorts": np.asarray(study.n, dtype=np.float64),
        }
    )
    nothing = np.full(len(table), np.nan)
    table["band_lower"] = nothing if bands is None else np.asarray(bands.cband_lower, dtype=np.float64)
    table["band_upper"] = nothing if bands is None else np.asarray(bands.cband_upper, dtype=np.float64)
    return table.loc[table["event_time"].between(-design.before, design.after)].reset_index(drop=True)


def _group_time(result: Any) -> pd.DataFrame:
    rows = [
        (int(cohort), int(period), cell["effect"], cell["se"], *cell["conf_int"], int(cell["n_treated"]))
        for (cohort, period), cell in result.group_time_effects.items()
    ]
    names = ["cohort", "period", "estimate", "se", "lower", "upper", "treated"]
    return pd.DataFrame(rows, columns=names).sort_values(["cohort", "period"], ignore_index=True)


def _cohorts(panel: pd.DataFrame) -> pd.DataFrame:
    sizes = panel.loc[panel["first_treated"] > 0].groupby("first_treated")["unit"].nunique()
    return sizes.rename_axis("cohort").rename("units").reset_index()


def _mean_effect(study: Any, vcov: Floats, times: tuple[int, ...], wanted: list[int]) -> Effect:
    """The mean of the effects at some event times, with its standard error from their covariance."""
    if not wanted:
        return Effect(*[float("nan")] * 5)
    values = dict(zip(map(int, study.event_time), map(float, study.att), strict=True))
    weights = np.array([1 / len(wanted) if time in wanted else 0.0 for time in times])
    mean = float(np.mean([values[time] for time in wanted]))
    se = float(np.sqrt(weights @ vcov @ weights))
    half = float(stats.norm.ppf(1 - (1 - CONFIDENCE) / 2)) * se
    return Effect(mean, se, mean - half, mean + half, float(2 * stats.norm.sf(abs(mean) / se)))


def _after(group_time: pd.DataFrame, cohorts: pd.DataFrame) -> pd.DataFrame:
    """Effects after adoption with the size of their cohort."""
    late = group_time.loc[(group_time["period"] >= group_time["cohort"]) & group_time["estimate"].notna()]
    return late.merge(cohorts, on="cohort", validate="many_to_one")


def _by_cohort(group_time: pd.DataFrame, cohorts: pd.DataFrame) -> float:
    """The mean effect of each cohort, averaged by the size of the cohort (Callaway & Sant'Anna, equation 3.11)."""
    means = (
        _after(group_time, cohorts).groupby("cohort").agg(mean=("estimate", "mean"), units=("units", "first"))
    )
    return float(np.average(means["mean"], weights=means["units"])) if len(means) else float("nan")


def _by_calendar(group_time: pd.DataFrame, cohorts: pd.DataFrame) -> float:
    """The mean effect of each period over the cohorts treated by then, averaged over periods (ibid., table 1)."""
    late = _after(group_time, cohorts)
    sums = late.assign(part=late["estimate"] * late["units"]).groupby("period")[["part", "units"]].sum()
    return float((sums["part"] / sums["units"]).mean()) if len(sums) else float("nan")


def _problems(remarks: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """What the library warned of, once each and in plain words where we have them, but for what every fit meets."""
    said = list(dict.fromkeys(str(remark.message) for remark in remarks))
    found: list[str] = []
    if trimmed := sum(_TRIMMED in text for text in said):
        found.append(
            f"In {trimmed} comparisons of a cohort in a period some units were so unlike adopters that their weight"
            " was capped."
        )
    if any(_FEW in text for text in said):
        found.append(
            "In some cohorts fewer than ten units adopted for each covariate: weights there are unsteady."
        )
    known = (*_EXPECTED, _TRIMMED, _FEW)
    return (*found, *(text for text in said if not any(part in text for part in known)))
