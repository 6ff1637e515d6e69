"""Checks of ``fct_metric_value`` and ``fct_metric_breakdown``, all bounds taken from the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from dbt_project.registry.metrics import Grain, Level, Metric, Programme
from evaluation.disclosure import BREAKDOWN_KEYS, KEYS, STATUS_SYMBOL, STATUSES_WITH_VALUE
from expectations.checks import (
    PLATFORM_OWNER,
    Check,
    Subject,
    limits_text,
    literal,
    literals,
    outside,
    pairs,
)

VALUES = "marts.fct_metric_value"
BREAKDOWN = "marts.fct_metric_breakdown"
GEOGRAPHIES = ("as_was", "as_now")
COUNTED_UNITS = ("people", "count", "fte", "gbp")
# Sums of doubles differ in their last digits with the order of the rows; no figure is published that fine.
ROUNDING = 1e-6
Z = 1.959963984540054  # of a two-sided 95 percent interval
REQUIRED = (*KEYS, "unit", "status", "definition_version")


def value_checks(metrics: Mapping[str, Metric], programme: Programme) -> list[Check]:
    """Everything that must hold of the metric values, whatever the feeds were."""
    subject = Subject(VALUES, PLATFORM_OWNER, KEYS)
    checks = [subject.required(column) for column in REQUIRED]
    checks += [subject.unique(KEYS), *_vocabularies(subject, metrics, programme)]
    checks += [*_registry_agreement(subject, metrics), *_arithmetic(subject, metrics), *_statuses(subject)]
    checks += [*_follows(subject, metrics), *_calendar(subject, programme), *_few(subject, metrics)]
    checks += [_strands_add_up(subject, metrics)]
    for metric in metrics.values():
        checks += [*_england_bounds(subject, metric), *_presence(subject, metric)]
    return checks


def breakdown_checks(metrics: Mapping[str, Metric], programme: Programme) -> list[Check]:
    """Key and vocabulary of the breakdowns; their arithmetic is that of the values."""
    keys = (*KEYS, *BREAKDOWN_KEYS)
    subject = Subject(BREAKDOWN, PLATFORM_OWNER, keys)
    checks = [subject.required(column) for column in (*REQUIRED, *BREAKDOWN_KEYS)]
    checks += [subject.unique(keys), *_vocabularies(subject, metrics, programme), *_statuses(subject)]
    return [*checks, *_follows(subject, metrics), *_calendar(subject, programme)]


def _vocabularies(subject: Subject, metrics: Mapping[str, Metric], programme: Programme) -> Iterable[Check]:
    yield subject.one_of("metric_id", metrics)
    yield subject.one_of("org_level", get_args(Level))
    yield subject.one_of("period_grain", get_args(Grain))
    yield subject.one_of("geography", GEOGRAPHIES)
    yield subject.one_of("status", STATUS_SYMBOL)
    yield subject.one_of("strand", ["all", *(strand.id for strand in programme.strands)])
    yield subject.one_of("sector", ["all", *programme.sectors])


def _registry_agreement(subject: Subject, metrics: Mapping[str, Metric]) -> Iterable[Check]:
    """The table says of each metric what its registry entry says."""
    promises: dict[str, list[tuple[str, str]]] = {
        "org_level": [(key, level) for key, metric in metrics.items() for level in metric.levels],
        "period_grain": [(key, grain) for key, metric in metrics.items() for grain in metric.grains],
        "unit": [(key, metric.unit) for key, metric in metrics.items()],
        "definition_version": [(key, str(metric.version)) for key, metric in metrics.items()],
    }
    for column, known in promises.items():
        # A metric whose input is missing says so once, for the whole programme, whatever its own grains.
        rows = "status <> 'input_missing'" if column == "period_grain" else "true"
        yield subject.query(
            f"{column}.registered",
            "critical",
            f"{column} of each metric is the one its registry entry states",
            "as in the registry",
            f"select metric_id, {column}, count(*) as rows_affected from {{batch}} where {rows} "
            f"group by metric_id, {column} "
            f"having (metric_id, cast({column} as varchar)) not in ({pairs(known)})",
        )


def _arithmetic(subject: Subject, metrics: Mapping[str, Metric]) -> Iterable[Check]:
    proportions = [key for key, metric in metrics.items() if _is_proportion(metric)]
    other_percentages = [
        key for key, metric in metrics.items() if metric.unit == "percent" and key not in proportions
    ]
    not_negative = [key for key, metric in metrics.items() if _never_negative(metric)]
    # what can be negative (a net change) can be larger in a part than in the whole
    counted = [
        key for key, metric in metrics.items() if metric.unit in COUNTED_UNITS and _never_negative(metric)
    ]
    estimated = [key for key, metric in metrics.items() if metric.interval == "estimator"]
    yield subject.check(
        "numerator.part_of_denominator",
        "critical",
        "the numerator of a proportion is part of its denominator",
        "numerator at most the denominator",
        f"metric_id in ({literals(proportions)}) and numerator > denominator + {ROUNDING}",
    )
    yield subject.check(
        "percent.range",
        "critical",
        "a proportion lies between 0 and 100 percent",
        limits_text(0, 100),
        f"metric_id in ({literals(proportions)}) and {outside('value', -ROUNDING, 100 + ROUNDING)}",
    )
    yield subject.check(
        "percent.over_100",
        "info",
        "a percentage of a plan or ceiling may exceed 100 percent, which is worth knowing; England has bounds",
        limits_text(None, 100),
        f"metric_id in ({literals(other_percentages)}) and value > {100 + ROUNDING}",
    )
    yield subject.check(
        "value.not_negative",
        "critical",
        "what cannot be negative is not negative at any level",
        limits_text(0, None),
        f"metric_id in ({literals(not_negative)}) and value < 0",
    )
    yield subject.check(
        "interval.holds_value",
        "critical",
        "the 95 percent interval holds the value, and has both limits unless an estimator leaves one open",
        "lower limit at most the value, upper limit at least the value",
        f"lower_95 > value + {ROUNDING} or upper_95 < value - {ROUNDING} or ("
        f"(lower_95 is null) <> (upper_95 is null) and not coalesce(metric_id in ({literals(estimated)}), false))",
    )
    group = ", ".join(key for key in KEYS if key not in ("org_level", "org_code"))
    yield subject.query(
        "england.at_least_any_part",
        "critical",
        "England is at least its largest region, ICB, sub-ICB or PCN",
        "England at least the largest part",
        f"select {group} from {{batch}} where metric_id in ({literals(counted)}) group by {group} "
        "having max(case when org_level <> 'england' then value end) "
        f"> max(case when org_level = 'england' then value end) + {ROUNDING}",
    )


def _follows(subject: Subject, metrics: Mapping[str, Metric]) -> Iterable[Check]:
    """Value and interval are what numerator and denominator make them, by the formulas of the registry's units."""
    counted = {key: metric for key, metric in metrics.items() if metric.method != "estimate"}
    formulas: dict[str, list[str]] = {}
    for key, metric in counted.items():
        formulas.setdefault(_formula(metric), []).append(key)
    differs = " or ".join(
        f"(metric_id in ({literals(keys)}) and not coalesce(abs(value - ({formula})) "
        f"<= {ROUNDING} * greatest(abs(value), 1), false))"
        for formula, keys in formulas.items()
    )
    yield subject.check(
        "value.follows",
        "critical",
        "the value is what its numerator and denominator make it",
        "equal up to rounding",
        f"value is not null and status <> 'not_reported' and ({differs or 'false'})",
    )
    # https://doi.org/10.1080/01621459.1927.10502953 (Wilson 1927), as evaluation/intervals.py has it
    root = f"{Z} * sqrt(greatest({Z * Z} + 4 * numerator * (1 - numerator / nullif(denominator, 0)), 0))"
    middle, scale = f"2 * numerator + {Z * Z}", f"2 * (denominator + {Z * Z}) / 100"
    wilson = [key for key, metric in counted.items() if metric.interval == "wilson"]
    yield subject.check(
        "interval.is_wilson",
        "critical",
        "the interval of a proportion is Wilson's",
        "equal up to rounding",
        f"metric_id in ({literals(wilson)}) and value is not null and denominator > 0 and numerator <= denominator "
        f"and not coalesce(abs(lower_95 - ({middle} - {root}) / ({scale})) <= {ROUNDING} "
        f"and abs(upper_95 - ({middle} + {root}) / ({scale})) <= {ROUNDING}, false)",
    )


def _formula(metric: Metric) -> str:
    if metric.numerator.agg == "median":
        return "numerator"
    if metric.unit == "percent":
        return "100 * numerator / nullif(denominator, 0)"
    if metric.unit == "rate":
        return f"{metric.per} * numerator / nullif(denominator, 0)"
    if metric.unit in ("ratio", "gbp") and metric.denominator is not None:
        return "numerator / nullif(denominator, 0)"
    return "numerator"


def _calendar(subject: Subject, programme: Programme) -> Iterable[Check]:
    """Periods begin where they can, none after the data cut-off, and all figures are of one cut-off."""
    start = programme.start.isoformat()
    yield subject.check(
        "period_start.of_its_grain",
        "critical",
        "a month, quarter or financial year begins on its first day, the whole programme with its start",
        "first of a month; of January, April, July or October; of April; start of the programme",
        "day(period_start) <> 1 or (period_grain = 'quarter' and month(period_start) not in (1, 4, 7, 10)) "
        "or (period_grain = 'year' and month(period_start) <> 4) "
        f"or (period_grain = 'all' and period_start <> date '{start}')",
    )
    yield subject.check(
        "period_start.begun",
        "critical",
        "no figure of a period that had not begun at the data cut-off",
        "at the latest the cut-off",
        "period_start > vintage",
    )
    yield subject.query(
        "vintage.of_the_build",
        "critical",
        "all figures are as known at the data cut-off of the build",
        "the cut-off of the build",
        "select vintage, count(*) as figures from {batch} group by vintage "
        "having vintage <> (select max(vintage) from raw.build_info)",
    )


def _few(subject: Subject, metrics: Mapping[str, Metric]) -> Iterable[Check]:
    """Rule R7: what rests on few is flagged, what rests on very few has no value; and nothing else is flagged."""
    limits = [
        (key, metric.minimum_denominator, metric.unreliable_below)
        for key, metric in metrics.items()
        if metric.unreliable_below and metric.method != "estimate"
    ]
    if not limits:
        return
    rows = ", ".join(f"({literal(key)}, {least}, {few})" for key, least, few in limits)
    yield subject.query(
        "status.few",
        "critical",
        "a figure is called unreliable where its denominator is small, and only there; very small ones have no value",
        "as the registry's least denominators say",
        f"select {', '.join(f'figures.{key}' for key in KEYS)} from {{batch}} as figures "
        f"inner join (values {rows}) as limits (metric_id, least, few) on figures.metric_id = limits.metric_id "
        "where (denominator < few and status in ('final', 'provisional')) "
        "or (denominator >= few and status = 'unreliable') or (denominator < least and value is not null)",
    )


def _strands_add_up(subject: Subject, metrics: Mapping[str, Metric]) -> Check:
    """Units lie in one strand each, so the strands together are the whole."""
    divided = [
        key
        for key, metric in metrics.items()
        if len(metric.strands) > 1 and metric.numerator.agg == "count" and metric.method in ("count", "share")
    ]
    group = ", ".join(key for key in KEYS if key != "strand")
    return subject.query(
        "strands.add_up",
        "critical",
        "the numerators of the strands are together that of the whole",
        "sum equal to the whole",
        f"select {group} from {{batch}} where metric_id in ({literals(divided)}) group by {group} "
        "having coalesce(sum(numerator) filter (where strand <> 'all'), 0) "
        "<> coalesce(sum(numerator) filter (where strand = 'all'), 0)",
    )


def _statuses(subject: Subject) -> Iterable[Check]:
    with_value = literals(STATUSES_WITH_VALUE)
    yield subject.check(
        "status.forbids_value",
        "critical",
        "a cell that is too early or lacks its input shows no value; one not reported counts nobody",
        f"a value only where the status is one of {', '.join(STATUSES_WITH_VALUE)}, and 0 where not reported",
        f"value is not null and status not in ({with_value}) and not (status = 'not_reported' and value = 0)",
    )
    yield subject.check(
        "status.demands_value",
        "warning",
        "a cell called final or provisional has a value",
        "no empty value under these statuses",
        "value is null and status in ('final', 'provisional')",
    )
    yield subject.check(
        "vintage.given",
        "warning",
        "every value says as known at which day",
        "no empty vintage beside a value",
        "value is not null and vintage is null",
    )


def _england_bounds(subject: Subject, metric: Metric) -> Iterable[Check]:
    if metric.lower_bound is None and metric.upper_bound is None:
        return
    england = f"metric_id = {literal(metric.id)} and org_level = 'england' and sector = 'all'"
    shown = f"select min(value) || ' to ' || max(value) from {{batch}} where {england}"
    yield subject.check(
        f"{metric.id}.plausible",
        "critical",
        f"{metric.label}: the England value is plausible",
        limits_text(metric.lower_bound, metric.upper_bound),
        f"{england} and {outside('value', metric.lower_bound, metric.upper_bound)}",
        owner=metric.owner,
        # Learner outcomes are controlled in England too, so their values are not repeated here.
        seen=None if metric.disclosure_class == "C" else shown,
    )


def _presence(subject: Subject, metric: Metric) -> Iterable[Check]:
    """A metric may say that its input is missing; it may not vanish."""
    mine = f"from {{batch}} where metric_id = {literal(metric.id)}"
    if "england" in metric.levels:
        yield subject.query(
            f"{metric.id}.present",
            "critical",
            f"{metric.label}: England is given, were it only to say which input is missing",
            "at least one England row",
            "select 'no England row' as missing "
            f"where not exists (select 1 {mine} and org_level = 'england')",
            owner=metric.owner,
        )
    below = [(level,) for level in metric.levels if level != "england"]
    if below:
        rows = ", ".join(f"({literal(level)})" for (level,) in below)
        yield subject.query(
            f"{metric.id}.levels_present",
            "warning",
            f"{metric.label}: every level of its registry entry is given where England has a value",
            f"rows at {', '.join(level for (level,) in below)}",
            f"select promised.org_level from (values {rows}) as promised (org_level) "
            f"where exists (select 1 {mine} and org_level = 'england' and value is not null) "
            f"and not exists (select 1 {mine} and org_level = promised.org_level)",
            owner=metric.owner,
        )


def _is_proportion(metric: Metric) -> bool:
    """Only where the numerator is part of the denominator does a Wilson interval make sense."""
    return metric.unit == "percent" and metric.interval == "wilson"


def _never_negative(metric: Metric) -> bool:
    return metric.lower_bound is not None and metric.lower_bound >= 0
