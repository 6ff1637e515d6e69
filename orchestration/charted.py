"""What charts need beyond figures, worked out from published figures alone: funnel and control limits.

Disclosure control comes first and nothing is read but what it let through, so these tables tell no more than it did.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric
from evaluation import funnel
from evaluation.process_control import TRIAL_BELOW, process_chart

NETWORK_FUNNEL, CONTROL_CHART = "fct_network_funnel", "fct_control_chart"
# A count of people in each network, the rate whose published denominator is the network's patients, and per how many.
FUNNELS = (
    ("prescribers_in_post", "prescriber_fte_per_10k", 10_000),
    ("pcn_pharmacists_headcount", "pcn_pharmacists_fte_per_100k", 10_000),
)
MONTHS_CHARTED = 24  # of a control chart: older months were another process
_COUNTS = """
    with newest as (
        select max(period_start) as period_start
        from fct_metric_value
        where metric_id = $count and org_level = 'pcn' and period_grain = 'month' and geography = 'as_now'
            and value is not null
    )
    select counted.metric_id, counted.org_code, counted.period_start, counted.period_grain,
        counted.value as observed, sized.denominator as population
    from fct_metric_value as counted
    inner join newest using (period_start)
    inner join fct_metric_value as sized
        on sized.metric_id = $rate and sized.denominator > 0
        and (sized.org_level, sized.org_code, sized.period_start, sized.period_grain, sized.geography)
            = (counted.org_level, counted.org_code, counted.period_start, counted.period_grain, counted.geography)
        and (sized.strand, sized.sector) = ('all', 'all')
    where counted.metric_id = $count and counted.org_level = 'pcn' and counted.period_grain = 'month'
        and counted.geography = 'as_now' and counted.strand = 'all' and counted.sector = 'all'
        and counted.value is not null and not counted.suppressed
    order by counted.org_code
"""
_MONTHS = """
    select metric_id, period_start, period_grain, value
    from fct_metric_value
    where metric_id = $metric and org_level = 'england' and period_grain = 'month' and geography = 'as_now'
        and strand = 'all' and sector = 'all' and value is not null
        and last_day(period_start) <= $data_to
    order by period_start
"""


def add_charted(database: Path, metrics: dict[str, Metric], data_to: date) -> None:
    """Add both tables to a published database; they are empty where it lacks the figures."""
    with duckdb.connect(str(database)) as connection:
        for name, frame in (
            (NETWORK_FUNNEL, _network_funnel(connection, metrics)),
            (CONTROL_CHART, _control_charts(connection, metrics, data_to)),
        ):
            connection.register("frame", frame)
            connection.execute(f"create table {name} as from frame")
            connection.unregister("frame")
        connection.execute("checkpoint")


def _network_funnel(connection: duckdb.DuckDBPyConnection, metrics: dict[str, Metric]) -> pd.DataFrame:
    """Every network against the rate of all networks together: newest month, metrics open to everybody.

    Where networks differ by more than chance the limits are as much wider, for what all do is no question to one.
    """
    parts: list[pd.DataFrame] = []
    for count, rate, per in FUNNELS:
        if count not in metrics or rate not in metrics or metrics[count].disclosure_class != "A":
            continue
        rows = connection.execute(_COUNTS, {"count": count, "rate": rate}).df()
        limits = funnel.rate_funnel(rows["observed"], rows["population"], per=per)
        spread = funnel.overdispersion(
            rows["observed"], limits["expected"], scale="root", consistent=True
        ).phi
        named = rows[["metric_id", "org_code", "period_start", "period_grain"]]
        parts.append(pd.concat([named, funnel.widened(limits, spread)], axis=1).assign(per=per, phi=spread))
    return _stacked(parts, _FUNNEL_TYPES)


def _control_charts(
    connection: duckdb.DuckDBPyConnection, metrics: dict[str, Metric], data_to: date
) -> pd.DataFrame:
    """England's newest complete months of every flow with enough of them for limits that are not trial limits."""
    parts: list[pd.DataFrame] = []
    for metric in metrics.values():
        if metric.kind != "flow" or metric.unit not in ("people", "count") or "month" not in metric.grains:
            continue
        rows = connection.execute(_MONTHS, {"metric": metric.id, "data_to": data_to}).df()
        if len(rows) >= TRIAL_BELOW:
            newest = rows.tail(MONTHS_CHARTED).rename(columns={"period_start": "period"})
            chart = process_chart(newest)
            parts.append(
                chart.rename(columns={"period": "period_start"}).assign(
                    metric_id=metric.id, period_grain="month"
                )
            )
    return _stacked(parts, _CONTROL_TYPES)


_FUNNEL_TYPES = {
    "metric_id": "string",
    "org_code": "string",
    "period_start": "datetime64[us]",
    "period_grain": "string",
    "observed": "float64",
    "population": "float64",
    "rate": "float64",
    "expected": "float64",
    "overall": "float64",
    "lower_95": "float64",
    "upper_95": "float64",
    "lower_998": "float64",
    "upper_998": "float64",
    "signal": "string",
    "per": "int64",
    "phi": "float64",
}
_CONTROL_TYPES = {
    "metric_id": "string",
    "period_start": "datetime64[us]",
    "period_grain": "string",
    "value": "float64",
    "mean": "float64",
    "lower": "float64",
    "upper": "float64",
    "is_outside": "bool",
    "is_shift": "bool",
    "is_trend": "bool",
    "is_close": "bool",
    "is_signal": "bool",
}


def _stacked(parts: list[pd.DataFrame], types: dict[str, str]) -> pd.DataFrame:
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    filled = [part[list(types)].astype(types) for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else empty
