"""The metric registry: entries stand under ``config.meta.metrics`` of the dbt model that computes them.

dbt's semantic layer cannot say maturity, status, two geographies or an interval, and dbt-core does not execute
it, so the entry is ours; it stays in dbt YAML, where dbt's own parser sees every change.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from dbt_project.registry.errors import RegistryError, explain, read_yaml
from dbt_project.registry.feeds import Strict
from dbt_project.registry.paths import DBT_PROJECT_DIR, METRICS_DIR

Level = Literal["england", "region", "icb", "sub_icb", "pcn"]
Grain = Literal["month", "quarter", "year", "all"]
GRAINS: tuple[Grain, ...] = ("month", "quarter", "year", "all")  # from the finest


class Target(Strict):
    """A published aim: the value, the level it applies to, and where it was published."""

    value: float
    level: Level = "england"
    grain: Grain
    source: str


class Measure(Strict):
    """What is counted: an intermediate model with one row per unit, and how its rows are combined."""

    model: str
    agg: Literal["count_distinct", "sum", "count", "median", "constant"]
    expr: str | None = None  # column combined; for ``constant`` the number itself
    where: str | None = None  # filter on the model's rows, plain SQL
    description: str


class Metric(Strict):
    """One metric of the catalogue."""

    id: str
    theme: str  # dbt model that computes it; its YAML carries this entry
    label: str
    description: str  # the definition, in words
    catalogue: int  # number in the metric catalogue
    question: str  # the plain-English question it answers
    why: str  # why it matters
    unit: Literal["people", "count", "fte", "percent", "rate", "days", "gbp", "ratio", "difference"]
    per: int = 1  # a rate is per this many of its denominator
    direction: Literal["higher", "lower", "neutral"]
    kind: Literal["flow", "stock", "cohort", "cumulative"]
    method: str  # how it is counted: a method of macros/metrics/figures.sql, or `estimate`
    estimator: str | None = None  # method `estimate`: the function of evaluation/ that gives the value
    event: str | None = None  # time to an event: which outcome of the measure it is, plain SQL
    numerator: Measure
    denominator: Measure | None = None
    interval: Literal["none", "wilson", "byar", "estimator"] = "none"
    minimum_denominator: int = 0  # rule R7: below it no value is given
    unreliable_below: int = 0  # rule R7: below it the value is flagged
    horizon_days: int | None = None  # cohort metrics: how long each member is followed
    levels: tuple[Level, ...]
    grains: tuple[Grain, ...]
    strands: tuple[str, ...] = ()  # strands it is broken down by; empty = not by strand
    by_sector: bool = False
    breakdowns: tuple[str, ...] = ()  # what fct_metric_breakdown shows it by
    feeds: tuple[str, ...]  # feeds it cannot do without
    population: str
    time_attribution: str
    lower_bound: float | None = 0
    upper_bound: float | None = None  # plausible bounds of the England value, checked by the gate
    disclosure_class: Literal["A", "B", "C"]
    finest_grain: dict[Level, Grain] = Field(default={})  # below England, where the rule says too much
    target: Target | None = None
    theory_of_change: Literal["input", "activity", "output", "outcome", "impact"]
    owner: str
    review_date: date
    version: int = Field(ge=1)

    def published_grains(self, level: Level, rule: DisclosureRule) -> tuple[Grain, ...]:
        """Grains published at a level: all of class A and of England, else none finer than the rule allows."""
        if self.disclosure_class == "A" or level == "england":
            return self.grains
        if self.kind == "stock":
            return self.grains if level in rule.stocks_shown else ()
        finest = GRAINS.index(self.finest_grain.get(level, rule.finest_grain[level]))
        return tuple(grain for grain in self.grains if GRAINS.index(grain) >= finest)

    @model_validator(mode="after")
    def _estimates_name_their_estimator(self) -> Metric:
        if (self.method == "estimate") != (self.estimator is not None):
            raise ValueError("estimator: expected with method `estimate` and only there")
        return self

    @model_validator(mode="after")
    def _small_denominators_are_flagged(self) -> Metric:
        if self.unreliable_below < self.minimum_denominator:
            raise ValueError(
                "unreliable_below must be at least minimum_denominator: what is withheld is flagged"
            )
        return self


class Strand(Strict):
    """One strand of the programme."""

    id: str
    code: str
    label: str
    summary: str
    start_event: str  # event with which a place counts as filled
    stages: tuple[str, ...]  # event types in order: the funnel
    stage_labels: tuple[str, ...]


class DisclosureRule(Strict):
    """The default rule for controlled counts (NHS Digital practice).

    ``finest_grain`` (classes B and C, below England): finer periods are nearly all small counts and stay inside; by
    level. ``stocks_shown``: levels at which a count on a day, which has no longer period, is published at all.
    """

    suppress_up_to: int
    round_to: int
    finest_grain: dict[Level, Grain]
    stocks_shown: tuple[Level, ...]


class Programme(Strict):
    """What is said once for the whole programme."""

    name: str
    start: date
    ceiling_gbp: int
    strands: tuple[Strand, ...]
    sectors: dict[str, str]
    disclosure: DisclosureRule
    mature_share: float  # rule R6: share of a cohort that must be past the horizon
    coverage_minimum_fte: float
    deployed_minimum_fte: float  # least FTE that counts as being deployed
    hours_per_fte: float
    active_prescribing_months: int  # months, up to the one shown, in which to have prescribed something
    constant_reporters_months: int  # window of the constant-reporter series
    pathway_window_days: tuple[
        int, int
    ]  # days from a start after and until which a later sector is looked for
    capacity_reasons: tuple[str, ...]  # reasons of a refusal, lower case: there was no room for the applicant
    ineligible_reasons: tuple[str, ...]  # the applicant could not have been taken


@lru_cache(maxsize=4)
def load_metrics(folder: Path = METRICS_DIR) -> dict[str, Metric]:
    """Every registry entry by metric id, in catalogue order. Raises :class:`RegistryError`."""
    metrics: list[Metric] = []
    for path in sorted(folder.glob("*.yml")):
        for model in (read_yaml(path) or {}).get("models", []):
            for entry in model.get("config", {}).get("meta", {}).get("metrics", []):
                try:
                    metrics.append(Metric.model_validate({**entry, "theme": model["name"]}))
                except ValidationError as error:
                    raise explain(path, error) from error
    by_id = {metric.id: metric for metric in sorted(metrics, key=lambda metric: metric.catalogue)}
    if len(by_id) != len(metrics):
        raise RegistryError("two registry entries carry the same metric id")
    return by_id


@lru_cache(maxsize=4)
def load_programme(path: Path = DBT_PROJECT_DIR / "dbt_project.yml") -> Programme:
    """Strands, stages, ceiling and counting thresholds. Raises :class:`RegistryError`."""
    try:
        return Programme.model_validate(read_yaml(path)["vars"]["programme"])
    except ValidationError as error:
        raise explain(path, error) from error
