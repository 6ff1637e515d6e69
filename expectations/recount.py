"""Figures counted again from the units behind them, by another query than the one that made them.

``marts.fct_metric_unit`` holds who or what was counted where and when. Counting it anew, without the macros of the
metrics, shows a figure that lost a place, was doubled, moved to another period or stands for something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import duckdb

from dbt_project.registry.metrics import Measure, Metric, Programme
from expectations.checks import PLATFORM_OWNER, Check, Subject, literal, literals
from expectations.metric_value import ROUNDING, VALUES

RECOUNT = "recount"  # name under which the recounted figures are attached
FIGURE = f"{RECOUNT}.main.figure"
CARRIED = f"{RECOUNT}.main.carried"
# Marts that are an intermediate model under another name: rows and content of these columns are carried whole.
CARRIED_FROM = {
    "marts.fct_event": (
        "intermediate.int_event",
        ("event_id", "person_key", "strand", "event_type", "cast(event_date as date)", "pcn_code", "sector"),
    ),
    "marts.fct_deployment": (
        "intermediate.int_person_post",
        ("person_key", "pcn_code", "cast(period as date)", "role", "cast(fte as decimal(18, 4))"),
    ),
}
# Methods in which every unit has its place in a figure, and those in which some have none: a network without a list,
# a learner on a place nobody commissioned, a move in a month without a return before it.
COMPLETE = ("count", "paths", "share", "funnel", "census", "stock_of_reporters")
PARTIAL = ("per_list", "ratio", "net_change")
MONTHS = 13  # of stocks: the older ones are held by the comparison with the last release
_WAREHOUSE = "wh"  # views of the warehouse name it
_AGGREGATES = {"count": "count(unit_key)", "count_distinct": "count(distinct unit_key)", "sum": "sum(amount)"}
_PLACES = {"region": "region_code", "icb": "icb_code", "sub_icb": "sub_icb_code", "pcn": "pcn_code"}
_KEYS = ("metric_id", "geography", "period_grain", "period_start")


def write_recount(warehouse: Path, target: Path, metrics: Mapping[str, Metric], programme: Programme) -> None:
    """Write table ``figure`` into a new DuckDB file: numerator and denominator by metric, place and period.

    All strands and sectors together. Stocks: the newest :data:`MONTHS` months. Raises ``duckdb.Error`` where the
    warehouse has no units.
    """
    recounted = sorted(filter(is_recounted, metrics.values()), key=_aggregates)
    with duckdb.connect() as connection:
        for path, name in ((target, RECOUNT), (warehouse, f"{_WAREHOUSE} (read_only)")):
            connection.execute(f"attach {literal(str(path))} as {name}")
        connection.execute(
            f"create table {FIGURE} (metric_id varchar, geography varchar, period_grain varchar, period_start date, "
            "org_level varchar, org_code varchar, numerator double, denominator double)"
        )
        connection.execute(f"use {_WAREHOUSE}")
        for aggregates, group in groupby(recounted, key=_aggregates):
            connection.execute(_recount(list(group), *aggregates, programme))
        connection.execute(f"create table {CARRIED} (asset varchar, rows bigint, digest ubigint)")
        for asset, (source, columns) in CARRIED_FROM.items():
            connection.execute(f"insert into {CARRIED} select ?, {_digest(columns)} from {source}", [asset])


def recount_checks(metrics: Mapping[str, Metric]) -> list[Check]:
    """One check per metric that has units: its figures are those of its units; and one per table carried whole."""
    return [
        *(_agreement(metric) for metric in metrics.values() if is_recounted(metric)),
        *(_carried_whole(asset, columns) for asset, (_, columns) in CARRIED_FROM.items()),
    ]


def is_recounted(metric: Metric) -> bool:
    """Whether the parts of the metric are counts or sums of its units."""
    return _aggregate(metric.numerator) is not None and (
        metric.method in (*COMPLETE, *PARTIAL) or metric.event is not None
    )


def _digest(columns: Iterable[str]) -> str:
    """Number of rows and a digest of their content that does not depend on their order."""
    return f"count(*), coalesce(bit_xor(hash({', '.join(columns)})), 0)"


def _carried_whole(asset: str, columns: tuple[str, ...]) -> Check:
    return Subject(asset, PLATFORM_OWNER, ()).query(
        "carried_whole",
        "critical",
        "the table holds the rows that were worked out for it, all of them, once and unchanged",
        "as many rows with the same content",
        f"select 'rows or content differ' as fault from (select {_digest(columns)} from {{batch}}) as found "
        f"(rows, digest) where (rows, digest) not in "
        f"(select (rows, digest) from {CARRIED} where asset = {literal(asset)})",
    )


def _aggregates(metric: Metric) -> tuple[str, str]:
    numerator = _aggregate(metric.numerator) or ""
    # what a census is set against are patients, and a list is not counted by units either
    by_units = metric.denominator is not None and metric.method not in ("census", "per_list")
    return numerator, (_aggregate(metric.denominator) or "" if by_units and metric.denominator else "")


def _aggregate(measure: Measure) -> str | None:
    return _AGGREGATES.get(measure.agg)


def _recount(metrics: list[Metric], numerator: str, denominator: str, programme: Programme) -> str:
    promised = ", ".join(
        f"({literal(metric.id)}, {literal(grain)}, {'true' if metric.kind == 'stock' else 'false'}, "
        f"{'null' if metric.method == 'census' else f'date {literal(programme.start.isoformat())}'})"
        for metric in metrics
        for grain in metric.grains
    )
    known = literals(metric.id for metric in metrics)
    keys = ", ".join(_KEYS)
    level = " ".join(f"when grouping({column}) = 0 then {literal(name)}" for name, column in _PLACES.items())
    code = " ".join(f"when grouping({column}) = 0 then {column}" for column in _PLACES.values())
    sets = ", ".join([f"({keys})", *(f"({keys}, {column})" for column in _PLACES.values())])
    parts = [
        f"{aggregate} filter (where part = {literal(part)})" if aggregate else "null"
        for part, aggregate in (("numerator", numerator), ("denominator", denominator))
    ]
    return f"""
        with promised (metric_id, period_grain, is_stock, first_day) as (values {promised}),
        newest as (
            select metric_id, max(period_start) as period_start
            from {VALUES} where metric_id in ({known}) group by metric_id
        ),
        units as (
            select units.* exclude (metric_id), promised.metric_id, promised.period_grain,
                case promised.period_grain
                    when 'month' then date_trunc('month', units.event_date)
                    when 'quarter' then date_trunc('quarter', units.event_date)
                    when 'year' then date_trunc('year', units.event_date - interval 3 month) + interval 3 month
                    else promised.first_day
                end::date as period_start
            from marts.fct_metric_unit as units
            inner join promised on units.metric_id = promised.metric_id
            inner join newest on units.metric_id = newest.metric_id
            where units.metric_id in ({known})
                and (promised.first_day is null or units.event_date >= promised.first_day)
                and (not promised.is_stock
                    or units.event_date > newest.period_start - interval {MONTHS} month)
        )
        insert into {RECOUNT}.main.figure
        select {keys}, case {level} else 'england' end, case {code} else 'ENG' end, {", ".join(parts)}
        from units group by grouping sets ({sets})
    """


def _agreement(metric: Metric) -> Check:
    subject = Subject(
        VALUES, metric.owner, ("org_level", "org_code", "period_start", "period_grain", "geography")
    )
    mine = f"metric_id = {literal(metric.id)}"
    parts = ["numerator", "denominator"] if _aggregates(metric)[1] else ["numerator"]
    keys = ", ".join(("metric_id", "geography", "period_grain", "period_start", "org_level", "org_code"))
    differ = " or ".join(
        f"abs(coalesce(figures.{part}, 0) - coalesce(counted.{part}, 0)) > {ROUNDING}" for part in parts
    )
    absent = (
        f" or (figures.unit is null and not exists (select 1 from {{batch}} where {mine} and status = 'input_missing') "
        f"and counted.org_level in ({literals(metric.levels)}) "
        f"and counted.org_code is not null and greatest({', '.join(f'counted.{part}' for part in parts)}) > 0)"
        if metric.method not in PARTIAL
        else ""
    )
    window = (
        f"and period_start > (select max(period_start) from {{batch}} where {mine}) - interval {MONTHS} month "
        if metric.kind == "stock"
        else ""
    )
    return subject.query(
        f"{metric.id}.recounted",
        "critical",
        f"{metric.label}: numerator and denominator are those of the units behind them, counted again",
        "equal at every place and period",
        f"select org_level, org_code, period_start, period_grain, geography from "
        f"(select * from {{batch}} where {mine} and strand = 'all' and sector = 'all' "
        f"and status <> 'input_missing' {window}) as figures "
        f"full join (select * from {FIGURE} where {mine}) as counted using ({keys}) "
        f"where (figures.unit is not null and ({differ})){absent}",
        owner=metric.owner,
    )
