"""Comparison with figures others published, and with our own last release."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dbt_project.registry.metrics import Metric
from expectations.checks import PLATFORM_OWNER, Check, Subject, literal
from expectations.metric_value import VALUES

OFFICIAL_FIGURES = Path(__file__).with_name("official_figures.csv")
PREVIOUS = "previous_release"  # name under which the last release is attached
MOVEMENT_SHARE = 0.25  # a published England value seldom moves by more than this share of itself
MOVEMENT_FLOOR = 5.0  # and a move of fewer units is no news, whatever its share (rates excepted)
KEYS = ("metric_id", "strand", "period_start", "period_grain", "geography")


@dataclass(frozen=True)
class OfficialFigure:
    """A published figure, how exactly it was printed, and which networks its source file names."""

    metric_id: str
    org_level: str
    org_code: str
    period_start: str
    period_grain: str
    value: float
    tolerance: float
    pcn_codes_md5: str  # of the distinct codes in ascending order, joined by commas
    source: str


@lru_cache(maxsize=1)
def official_figures(path: Path = OFFICIAL_FIGURES) -> tuple[OfficialFigure, ...]:
    """The figures we reconcile to."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            OfficialFigure(
                **{key: row[key] for key in row if key not in ("value", "tolerance")},
                value=float(row["value"]),
                tolerance=float(row["tolerance"]),
            )
            for row in csv.DictReader(file)
        )


def pcn_codes_query(month: str) -> str:
    """SQL for the fingerprint of the networks in the workforce rows of a month (ISO date of its first)."""
    year, number, _ = month.split("-")
    return (
        "select md5(string_agg(pcn_code, ',' order by pcn_code)) from (select distinct pcn_code "
        f"from raw.pcn_workforce where census_year = {int(year)} and census_month = {int(number)})"
    )


def official_checks(figures: Iterable[OfficialFigure], metrics: Mapping[str, Metric]) -> list[Check]:
    """One check per published figure; the caller leaves out figures whose source file is not the input."""
    return [_official(figure, metrics[figure.metric_id]) for figure in figures if figure.metric_id in metrics]


def movement_checks(metrics: Mapping[str, Metric], previous_schema: str) -> list[Check]:
    """England totals against the last release, one check per metric.

    A provisional value is expected to rise as late returns arrive, so only its fall counts; a value that
    was published and is gone counts as a movement.
    """
    return [
        _movement(metric, f"{PREVIOUS}.{previous_schema}.fct_metric_value") for metric in metrics.values()
    ]


def _official(figure: OfficialFigure, metric: Metric) -> Check:
    subject = Subject(VALUES, metric.owner, ("metric_id", "org_code", "period_start", "geography"))
    row = (
        f"metric_id = {literal(figure.metric_id)} and org_level = {literal(figure.org_level)} "
        f"and org_code = {literal(figure.org_code)} and period_start = date {literal(figure.period_start)} "
        f"and period_grain = {literal(figure.period_grain)} and strand = 'all' and sector = 'all'"
    )
    agrees = f"abs(value - {figure.value!r}) <= {figure.tolerance!r}"
    return subject.query(
        f"{figure.metric_id}.official_{figure.period_start}",
        "warning",
        f"{metric.label} agrees with the published figure ({figure.source})",
        f"{figure.value:,.10g} within {figure.tolerance:g}",
        f"select metric_id, period_start, geography from {{batch}} where {row} "
        f"and not coalesce({agrees}, false) union all "
        f"select {literal(figure.metric_id)}, date {literal(figure.period_start)}, 'no row' "
        f"where not exists (select 1 from {{batch}} where {row})",
        seen=f"select string_agg(distinct cast(value as varchar), ', ') from {{batch}} where {row}",
    )


def _movement(metric: Metric, previous: str) -> Check:
    subject = Subject(VALUES, metric.owner or PLATFORM_OWNER, KEYS)
    england = f"metric_id = {literal(metric.id)} and org_level = 'england' and sector = 'all'"
    floor = 0.0 if metric.unit == "rate" else MOVEMENT_FLOOR
    bound = f"at most {MOVEMENT_SHARE:.0%}" + (f" or {floor:g} {metric.unit}" if floor else "")
    keys = ", ".join(f"before.{key}" for key in KEYS)
    move = f"greatest({MOVEMENT_SHARE} * abs(before.value), {floor})"
    return subject.query(
        f"{metric.id}.movement",
        "warning",
        f"{metric.label}: England moves little between releases for the same period",
        f"{bound} since the last release",
        f"select {keys} from (select * from {previous} where {england} and value is not null) as before "
        f"left join (select * from {{batch}} where {england}) as latest using ({', '.join(KEYS)}) "
        f"where latest.value is null or latest.value < before.value - {move} "
        f"or (before.status <> 'provisional' and latest.value > before.value + {move})",
    )
