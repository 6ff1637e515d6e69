"""What a plan compares, read from a finished build: networks or boards by quarter, England's months, or applicants."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric
from dbt_project.registry.plans import AnyPlan, ApplicantsPlan, BoardPlan, DosePlan, Plan, SeriesPlan
from evaluation.disclosure import STATUSES_WITH_VALUE

_MONTHS_OF_QUARTER = 3
# Periods are counted: quarters since the year 0. A stock is what it was at the last census of the quarter, a flow the
# sum of its months; who did not report has no outcome, never nil.
_OUTCOME = """
    select org_code as unit, year(period_start) * 4 + quarter(period_start) - 1 as period, {value} as outcome
    from wh.marts.fct_metric_value
    where metric_id = $metric and org_level = $level and period_grain = $grain and geography = $geography
        and strand = 'all' and sector = 'all' and list_contains($known, status) and value is not null
        and period_start between $first and $last
    group by all
"""
_UNITS = """
    select
        network.current_pcn_code as unit,
        any_value(network.icb_code) as icb,
        any_value(network.sub_icb_code) as sub_icb,
        any_value(network.region_code) as region,
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
# How many funded prescribers each adopter had in post by the end of so many quarters, the first that of adoption.
_PRESCRIBERS = """
    select prescriber.pcn_code as unit, count(*) as prescribers
    from wh.intermediate.int_network_funded_prescriber as prescriber
    inner join wh.intermediate.int_network_adoption as adoption on prescriber.pcn_code = adoption.pcn_code
    where date_diff('quarter', adoption.first_funded_prescriber, prescriber.first_in_post) < $quarters
    group by prescriber.pcn_code
"""

_SERIES = """
    select period_start as period, value
    from wh.marts.fct_metric_value
    where metric_id = $metric and org_level = 'england' and period_grain = 'month' and geography = 'as_now'
        and strand = 'all' and sector = 'all' and list_contains($known, status) and value is not null
        and period_start between $first and $last
    order by period_start
"""
# One row a person: their first application, what came of it, whether they started there, and whether they were
# annotated within the days of the plan; without an outcome where so many days have not gone by.
_APPLICANTS = """
    with applied as (
        select enrolment_id, person_key, provider_code, sector, icb_code, event_date
        from wh.marts.fct_event
        where strand = 'independent_prescribing' and event_type = 'applied' and event_date >= $first
            and provider_code is not null
        qualify row_number() over (partition by person_key order by event_date, enrolment_id) = 1
    ),
    started as (
        select person_key, min(event_date) as started_on
        from wh.marts.fct_event
        where strand = 'independent_prescribing' and event_type = 'started'
        group by person_key
    )
    select
        applied.provider_code || ' ' || year(applied.event_date) || ' ' || quarter(applied.event_date) as stratum,
        applied.provider_code as cluster,
        cast(answer.is_reached as integer) as is_offered,
        cast(coalesce(started.started_on - applied.event_date between 0 and $days, false) as integer) as is_treated,
        coalesce(applied.sector, 'not known') as sector,
        coalesce(applied.icb_code, 'not known') as icb,
        case when applied.event_date + $days <= $vintage then cast(
            coalesce(register.annotated_on - applied.event_date between 0 and $days, false) as integer
        ) end as outcome
    from applied
    inner join wh.intermediate.int_measure_application as answer
        on applied.enrolment_id = answer.unit_key and answer.is_eligible
    left join started on applied.person_key = started.person_key
    left join wh.intermediate.int_register_current as register on applied.person_key = register.person_key
    where answer.is_reached or answer.is_refused_for_capacity
    order by all
"""


def read_input(warehouse: Path, plan: AnyPlan, metrics: dict[str, Metric], data_to: date) -> pd.DataFrame:
    """What the design of a plan asks for."""
    if isinstance(plan, SeriesPlan):
        return read_series(warehouse, plan, data_to)
    if isinstance(plan, ApplicantsPlan):
        return read_applicants(warehouse, plan, data_to)
    if isinstance(plan, BoardPlan):
        return read_boards(warehouse, plan, metrics, data_to)
    if isinstance(plan, DosePlan):
        return read_doses(warehouse, plan, metrics, data_to)
    return read_panel(warehouse, plan, metrics, data_to)


def read_series(warehouse: Path, plan: SeriesPlan, data_to: date) -> pd.DataFrame:
    """England's complete months: ``period`` and ``value``, every route or category together."""
    newest = (pd.Timestamp(data_to) + pd.Timedelta(days=1)).replace(day=1) - pd.DateOffset(months=1)
    last = min(pd.Timestamp(plan.months.last or data_to), newest)
    asked = {
        "metric": plan.outcome,
        "known": list(STATUSES_WITH_VALUE),
        "first": plan.months.first,
        "last": last.date(),
    }
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        return connection.execute(_SERIES, asked).df()


def read_applicants(warehouse: Path, plan: ApplicantsPlan, data_to: date) -> pd.DataFrame:
    """One row a person who was offered a place or refused for want of room; no key of the person is read out."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        asked = {"first": plan.first, "days": plan.within_days, "vintage": data_to}
        return connection.execute(_APPLICANTS, asked).df().astype({"outcome": "float64"})


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
            name: _outcome(connection, metrics[name], {**asked, "level": plan.unit, "last": last})
            for name in plan.outcomes
        }
    panel = _every_quarter(units, plan.period.first, last)
    for name, values in outcomes.items():
        panel = _with(panel, values.rename(columns={"outcome": name}))
    floats = dict.fromkeys((*plan.outcomes, *plan.covariates), "float64")
    return _adopting(panel, last).astype(floats)


def read_doses(warehouse: Path, plan: DosePlan, metrics: dict[str, Metric], data_to: date) -> pd.DataFrame:
    """One row a network and quarter, as :func:`evaluation.impact_dose.assess_dose` asks for.

    Quarters as of :func:`read_panel`. The dose is over the patients of the plan's first quarter.
    """
    last = min(plan.period.last or data_to, _newest_complete(data_to))
    asked = {"first": plan.period.first, "geography": plan.geography}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        units = connection.execute(_UNITS, asked).df()
        counts = connection.execute(_PRESCRIBERS, {"quarters": plan.dose.quarters}).df()
        values = _outcome(connection, metrics[plan.outcome], {**asked, "level": plan.unit, "last": last})
    panel = _adopting(_with(_every_quarter(units, plan.period.first, last), values), last)
    counted = panel["unit"].map(counts.set_index("unit")["prescribers"])
    dose = (counted * plan.dose.per_patients / panel["list_size"]).where(panel["first_treated"] > 0, 0.0)
    columns = ["unit", "period", "outcome", "first_treated", "dose", "icb"]
    return panel.assign(dose=dose).astype({"outcome": "float64", "dose": "float64"})[columns]


def read_boards(warehouse: Path, plan: BoardPlan, metrics: dict[str, Metric], data_to: date) -> pd.DataFrame:
    """One row a board and quarter, as :func:`evaluation.impact_board.assess_board` asks for; to the newest quarter."""
    last = _newest_complete(data_to)
    asked = {"first": plan.quarters.first, "geography": plan.geography}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        networks = connection.execute(_UNITS, asked).df().dropna(subset=["icb"])
        values = _outcome(connection, metrics[plan.outcome], {**asked, "level": plan.unit, "last": last})
    panel = _every_quarter(networks, plan.quarters.first, last)
    boards = (
        panel.assign(adopted=panel["first_treated"] <= panel["period"])
        .groupby(["icb", "period"], as_index=False)
        .agg(region=("region", "first"), networks=("unit", "size"), adopted=("adopted", "sum"))
        .rename(columns={"icb": "unit"})
    )
    return _with(boards, values).astype({"outcome": "float64"})


def quarter_start(number: int) -> date:
    """First day of a counted quarter."""
    return date(number // 4, number % 4 * _MONTHS_OF_QUARTER + 1, 1)


def _quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // _MONTHS_OF_QUARTER


def _every_quarter(units: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """A row for each unit and quarter."""
    return units.merge(pd.DataFrame({"period": range(_quarter(first), _quarter(last) + 1)}), how="cross")


def _with(panel: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    return panel.merge(values, on=["unit", "period"], how="left", validate="one_to_one")


def _adopting(panel: pd.DataFrame, last: date) -> pd.DataFrame:
    """A network that adopts after the last quarter counts as never treated."""
    first = panel["first_treated"]
    return panel.assign(first_treated=first.where(first <= _quarter(last), 0).fillna(0).astype("int64"))


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
