"""How figures, intervals, limits and tests are computed, each with the source of its formula."""

from __future__ import annotations

from dataclasses import dataclass

from dbt_project.registry import Metric


@dataclass(frozen=True)
class Method:
    """What is computed, by which formula, and where the formula is from."""

    what: str
    formula: str
    source: str


# The interval of a metric that is a count, a proportion or a rate, by its entry in the registry.
INTERVALS = {
    "wilson": Method(
        "Interval of a percentage",
        "Wilson's score interval",
        "Wilson. J Am Stat Assoc 1927;22:209-212; Newcombe. Stat Med 1998;17:857-872, method 3",
    ),
    "byar": Method(
        "Interval of a rate",
        "Byar's approximation; below ten events the exact interval of a Poisson count",
        "Breslow, Day. Statistical Methods in Cancer Research II, IARC 1987, p. 69; Garwood. Biometrika"
        " 1936;28:437-442",
    ),
}
_KAPLAN_MEIER = "Kaplan, Meier. J Am Stat Assoc 1958;53:457-481"
_LOG_LOG = "Kalbfleisch, Prentice. The Statistical Analysis of Failure Time Data, 1980"
_MEDIAN = "Brookmeyer, Crowley. Biometrics 1982;38:29-41"
_COMPETING = "Marubini, Valsecchi. Analysing Survival Data, 1995, formula 10.12"
_INEQUALITY = "OHID, PHEindicatormethods phe_sii; Low, Low. J Public Health 2004;26:388-395"
_RATE_RATIO = "Ratio of two rates, normal interval of its logarithm; below ten events exact"
_ROTHMAN = "Rothman, Greenland, Lash. Modern Epidemiology, 3rd ed. 2008, chapter 14"
# The value and interval of a metric that is estimated, by the name of its estimator in the registry.
ESTIMATORS = {
    "kaplan_meier_median": Method(
        "Median time", "Kaplan-Meier, inverted interval", f"{_KAPLAN_MEIER}; {_MEDIAN}"
    ),
    "kaplan_meier_at": Method(
        "Share remaining", "Kaplan-Meier, interval on log(-log)", f"{_KAPLAN_MEIER}; {_LOG_LOG}"
    ),
    "cumulative_incidence_median": Method(
        "Median time, other outcomes competing",
        "Aalen-Johansen, inverted interval",
        f"{_COMPETING}; {_MEDIAN}",
    ),
    "cumulative_incidence_at": Method(
        "Share by a day, other outcomes competing",
        "Aalen-Johansen, interval on log(-log)",
        f"{_COMPETING}; {_LOG_LOG}",
    ),
    "slope_index": Method(
        "Slope index of inequality", "Weighted regression on rank, bootstrap over networks", _INEQUALITY
    ),
    "relative_index": Method(
        "Relative index of inequality", "Weighted regression on rank, bootstrap over networks", _INEQUALITY
    ),
    "rural_urban_ratio": Method("Rural against urban networks", _RATE_RATIO, _ROTHMAN),
    "region_ratio": Method("Region against the rest of England", _RATE_RATIO, _ROTHMAN),
    "sector_ratio": Method(
        "Sector against the others",
        "Ratio of two proportions, Katz's interval of its logarithm",
        "Katz, Baptista, Azen, Pike. Biometrics 1978;34:469-474",
    ),
    "share_ratio": Method(
        "Share of learners against share of the register",
        "Wilson's interval of the share of learners over the share of the register, which counts as known",
        INTERVALS["wilson"].source,
    ),
    "adjusted_difference": Method(
        "Difference at equal covariates",
        "Logistic regression, marginal standardisation, delta method",
        "Williams. Stata J 2012;12:308-331; Greenland. Am J Epidemiol 2004;160:301-305",
    ),
}
# The interval of a metric that is finished by a method of its own, by the method in the registry.
OWN_METHODS = {
    "unit_cost": Method(
        "Cost per person who got there",
        "Spend, known exactly, over the starters times the ends of Wilson's interval of the share who got there",
        INTERVALS["wilson"].source,
    ),
}
DISCOUNTING = Method(
    "Cost in present value",
    "Spend, and people at the end of their horizon, each times its discount factor from the first year; 3.5 % a year",
    "HM Treasury. The Green Book, 2022, annex 6",
)
FUNNEL = (
    Method(
        "Limits of a funnel plot",
        "Exact limits of a Poisson count around the rate of all networks; Byar's interval decides who is outside",
        "OHID, PHEindicatormethods calculate_funnel_limits",
    ),
    Method(
        "Limits where networks differ by more than chance",
        "Wider by the root of phi: roots of counts, outer tenths drawn in, against what chance leaves of them",
        "Spiegelhalter. Stat Med 2005;24:1185-1202; Qual Saf Health Care 2005;14:347-351",
    ),
)
CONTROL = Method(
    "Limits of a control chart",
    "Mean and 2.66 mean moving ranges; NHS England's four rules of signals",
    "NHS England, Making Data Count; Wheeler. Understanding Variation, 1993",
)
CURVE = Method(
    "Share to whom it has happened by month",
    "Aalen-Johansen, interval on log(-log)",
    f"{_COMPETING}; {_LOG_LOG}",
)
LOG_RANK = Method(
    "Differences between curves",
    "Log-rank test of the cause-specific hazard",
    "Peto, Peto. J R Stat Soc A 1972;135:185-207; Kalbfleisch, Prentice, 2nd ed. 2002, section 8.2",
)


def methods_of(metric: Metric) -> tuple[Method, ...]:
    """How the value and the interval of a metric are computed, beyond counting and dividing."""
    if metric.estimator is not None:
        return (ESTIMATORS[metric.estimator],)
    known = INTERVALS.get(metric.interval) or OWN_METHODS.get(metric.method)
    return (known,) if known else ()
