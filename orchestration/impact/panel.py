"""The panel of a plan, from a finished build: every network in every period, with what the plan needs of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric
from dbt_project.registry.plans import Plan
from evaluation.disclosure import STATUSES_WITH_VALUE

_MONTHS_OF_QUARTER = 3
# Periods are counted: quarters since the year 0. A stock is what it was at the last census of the quarter, a flow the
# sum of its months; who did not report has no outcome, never nil.
_OUTCOME = """
    select org_code as unit, year(period_start) * 4 + quarter(period_start) - 1 as period, {value} as outcome
    from wh.marts.fct_metric_value
    where metric_id = $metric and org_level = 'pcn' and period_grain = $grain and geography = $geography
        and strand = 'all' and sector = 'all' and list_contains($known, status) and value is not null
        and period_start between $first and $last
    group by all
"""
_UNITS = """
    select
        network.current_pcn_code as unit,
        any_value(network.icb_code) as icb,
        any_value(network.sub_icb_code) as sub_icb,
        any_value(attribute.imd_score) as deprivation,
        any_value(case attribute.classification when 'rural' then 1 when 'urban' then 0 end) as rural,
        any_value(size.patients) as list_size,
        any_value(
            year(adoption.first_funded_prescriber) * 4 + quarter(adoption.first_funded_prescriber) - 1
        ) as first_treated
    from wh.intermediate.int_pcn_current as network
    left join wh.intermediate.int_pcn_attribute as attribute
        on network.current_pcn_code = attribute.pcn_code
    left join wh.intermediate.int_network_adoption as adoption
        on network.current_pcn_code = adoption.pcn_code
    left join wh.intermediate.int_list_size_period as size
        on network.current_pcn_code = size.org_code and size.org_level = 'pcn' and size.geography = $geography
        and size.period_grain = 'quarter' and size.period_start = $first
    where network.pcn_code = network.current_pcn_code
    group by network.current_pcn_code
    order by unit
"""


def read_panel(warehouse: Path, plan: Plan, metrics: dict[str, Metric], data_to: date) -> pd.DataFrame:
    """One row a network and quarter, as :func:`evaluation.impact.assess` asks for; outcomes unrounded.

    Quarters from the plan's first to its last, at most the newest that ended by ``data_to``. A network that adopts
    later counts as never treated.
    """
    last = min(plan.period.last or data_to, _newest_complete(data_to))
    asked = {"first": plan.period.first, "geography": plan.geography}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        units = connection.execute(_UNITS, asked).df()
        outcomes = {
            name: _outcome(connection, metrics[name], {**asked, "last": last}) for name in plan.outcomes
        }
    newest = _quarter(last)
    periods = pd.DataFrame({"period": range(_quarter(plan.period.first), newest + 1)})
    panel = units.merge(periods, how="cross")
    for name, values in outcomes.items():
        panel = panel.merge(
            values.rename(columns={"outcome": name}), on=["unit", "period"], how="left", validate="one_to_one"
        )
    adopted = panel["first_treated"].where(panel["first_treated"] <= newest, 0).fillna(0).astype("int64")
    floats = dict.fromkeys((*plan.outcomes, *plan.covariates), "float64")
    return panel.assign(first_treated=adopted).astype(floats)


def quarter_start(number: int) -> date:
    """First day of a counted quarter."""
    return date(number // 4, number % 4 * _MONTHS_OF_QUARTER + 1, 1)


def _quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // _MONTHS_OF_QUARTER


def _newest_complete(data_to: date) -> date:
    """The first day of the newest quarter that ended by a day."""
    after = quarter_start(_quarter(data_to) + 1)
    ended = (after - data_to).days <= 1
    return quarter_start(_quarter(data_to) - (0 if ended else 1))


def _outcome(connection: duckdb.DuckDBPyConnection, metric: Metric, asked: dict[str, object]) -> pd.DataFrame:
    last = asked["last"]
    if not isinstance(last, date):
        raise TypeError("last: expected a day")
    grain = "month" if "month" in metric.grains else "quarter"
    value = "sum(value)" if metric.kind == "flow" else "arg_max(value, period_start)"
    return connection.execute(
        _OUTCOME.format(value=value),
        {
            "metric": metric.id,
            "grain": grain,
            "known": list(STATUSES_WITH_VALUE),
            **asked,
            "last": date(last.year, last.month + _MONTHS_OF_QUARTER - 1, 1),
        },
    ).df()
