"""Which counts of people controlled metrics show, by what they count: the same count of two metrics is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dbt_project.registry import Metric

MEASURE = "int_measure_"
COUNTED = ("count", "count_distinct")
MONEY = ("unit_cost", "spend_share")  # England's alone, exact by their class
PARTS_OF_WHOLES = ("paths",)  # of England alone, made safe against their wholes where they are controlled
UNIT = "unit_key"
PARTS = ("numerator", "denominator")
_ONE_CATEGORY = re.compile(r"\(category = '(\w+)'\)")
_SPACE = re.compile(r"\s+")
CHARACTERISTICS = ("sex", "ethnic_group", "age_band")  # dimensions that are columns of their measure


@dataclass(frozen=True)
class Count:
    """One thing that is counted: units of a measure that meet a condition, by category where ``category`` names one."""

    measure: str
    conditions: tuple[str, ...]
    category: str = ""
    only: str = ""  # the one category that is counted

    @property
    def id(self) -> str:
        """One name for one count; of several categories, what their names begin with."""
        return "|".join((self.measure, " and ".join(self.conditions), self.category)) + self.only

    def is_part_of(self, other: Count) -> bool:
        """Whether everything counted here is counted there: the same measure under fewer conditions."""
        return (
            self.measure == other.measure
            and self != other
            and set(other.conditions) <= set(self.conditions)
            and (other.category == "" or (other.category == self.category and other.only == self.only))
        )


@dataclass(frozen=True)
class Shown:
    """Where a count is shown: the metric, which of its two counts, and the dimension of a breakdown."""

    count: Count
    metric_id: str
    part: str
    dimension: str = ""


def shown_counts(metrics: Mapping[str, Metric]) -> list[Shown]:
    """Every count of people that controlled metrics publish. The same count of several metrics has one id."""
    found: list[Shown] = []
    for metric in metrics.values():
        if metric.disclosure_class != "A" and metric.method not in (*MONEY, *PARTS_OF_WHOLES):
            found += _of_metric(metric)
    return found


def _of_metric(metric: Metric) -> Iterator[Shown]:
    stage = "stage_number = 1" if metric.method == "funnel" else ""
    ripe = "is_mature" if metric.kind == "cohort" and metric.method in ("share", "funnel") else ""
    for part in PARTS:
        measure = metric.numerator if part == "numerator" else metric.denominator
        if measure is None or not measure.model.startswith(MEASURE) or measure.agg not in COUNTED:
            continue
        if part == "numerator" and metric.method == "estimate":
            continue  # never shown beside an estimate
        if (measure.expr or UNIT) != UNIT:
            continue  # different things behind the units: they do not add up, and a part says little of its whole
        whole = _count(measure.model, [measure.where, ripe, stage], "")
        if metric.method != "estimate" or not metric.breakdowns:
            yield Shown(whole, metric.id, part)
        for dimension in metric.breakdowns:
            where = "is_reached" if metric.method == "funnel" and part == "numerator" else measure.where
            column = dimension if dimension in CHARACTERISTICS else "category"
            yield Shown(_count(measure.model, [where, ripe], column), metric.id, part, dimension)


def _count(measure: str, conditions: Sequence[str | None], category: str) -> Count:
    kept = sorted({f"({re.sub(_SPACE, ' ', condition)})" for condition in conditions if condition})
    if not category:
        for condition in kept:
            found = _ONE_CATEGORY.fullmatch(condition)
            if found:
                others = tuple(other for other in kept if other != condition)
                return Count(measure, others, "category", found[1])
    return Count(measure, tuple(kept), category)
