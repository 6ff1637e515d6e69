"""Costs per person in present value, from what is published: spend and people of each year of start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.site import Site
from dashboards.values import ENGLAND, Value
from dbt_project.registry import Metric
from evaluation.discounting import discount_factor

UNIT_COST = "unit_cost"  # the method of a metric that is spend over people
DAYS_IN_YEAR = 365.25


@dataclass(frozen=True)
class Discounted:
    """One year of start. ``factor``: of its spend. Amounts in pounds; None where no figure is published."""

    value: Value
    factor: float
    spend: float | None
    present_value: float | None
    people: float | None
    discounted_people: float | None

    @property
    def discounted_cost(self) -> float | None:
        """Discounted spend over discounted people."""
        if self.present_value is None or not self.discounted_people:
            return None
        return self.present_value / self.discounted_people


def discounted(metric: Metric, series: Sequence[Value]) -> tuple[Discounted, ...]:
    """The years of a cost per person, discounted to the first of them; empty for any other metric.

    Spend counts from its year on, people from the end of the metric's horizon after it. A year that has no published
    cost has no amount here either.
    """
    if metric.method != UNIT_COST or not series:
        return ()
    first = min(value.period_start.year for value in series)
    horizon = (metric.horizon_days or 0) / DAYS_IN_YEAR
    found: list[Discounted] = []
    for value in series:
        years = value.period_start.year - first
        factor = discount_factor(years)
        spend, people = (value.numerator, value.denominator) if value.shown else (None, None)
        found.append(
            Discounted(
                value,
                factor,
                spend,
                None if spend is None else spend * factor,
                people,
                None if people is None else people * discount_factor(years + horizon),
            )
        )
    return tuple(found)


def present_values(site: Site, metric: Metric) -> tuple[Discounted, ...]:
    """England's published years of a metric, discounted."""
    return discounted(metric, site.values.series(metric, ENGLAND, grain="year"))
