"""Money and places: spend within the published ceiling, commissioned places by board and month."""

from __future__ import annotations

from datetime import date

from dbt_project.registry import load_programme
from orchestration.synthetic.calendar import financial_year, months
from orchestration.synthetic.journeys import (
    CLINICAL_PLACES,
    PORTFOLIOS,
    PRESCRIBING_PLACES,
    TECHNICIAN_PLACES,
)
from orchestration.synthetic.supervisors import PLACES as SUPERVISOR_PLACES
from orchestration.synthetic.world import World

CEILING_GBP = load_programme().ceiling_gbp
OUTTURN_SHARE = 0.957

# No split by strand or category was ever published: these shares are demonstration input, not fact.
_STRAND_SHARES = {
    "portfolio_recognition": 0.05,
    "independent_prescribing": 0.55,
    "technician_accreditation": 0.15,
    "clinical_examination": 0.17,
    "supervisors": 0.08,
}
_CATEGORY_SHARES = {"tuition": 0.48, "backfill": 0.22, "supervision": 0.14, "delivery": 0.12, "other": 0.04}
_YEAR_SHARES = {2021: 0.09, 2022: 0.28, 2023: 0.32, 2024: 0.31}
_CLINICAL_YEARS = {2021: 0.05, 2022: 0.24, 2023: 0.25, 2024: 0.25, 2025: 0.21}
_SUPERVISOR_YEARS = {2021: 0.15, 2022: 0.25, 2023: 0.25, 2024: 0.20, 2025: 0.15}
_PORTFOLIO_YEARS = {2021: 0.12, 2022: 0.22, 2023: 0.22, 2024: 0.22, 2025: 0.22}


def _place_plan() -> list[tuple[str, date, float]]:
    """(strand, month, places in England at size 1) of everything commissioned."""
    plan: list[tuple[str, date, float]] = []
    for year, places in PRESCRIBING_PLACES.items():
        intakes = {date(year, 10, 1): 0.6, date(year + 1, 1, 1): 0.4}
        if year > min(PRESCRIBING_PLACES):
            intakes = {date(year, 4, 1): 0.1, date(year, 9, 1): 0.5, date(year + 1, 1, 1): 0.4}
        plan += [("independent_prescribing", day, places * share) for day, share in intakes.items()]
    yearly = {
        "portfolio_recognition": {year: PORTFOLIOS * 1.1 * share for year, share in _PORTFOLIO_YEARS.items()},
        "technician_accreditation": dict(TECHNICIAN_PLACES),
        "clinical_examination": {year: CLINICAL_PLACES * share for year, share in _CLINICAL_YEARS.items()},
        "supervisors": {year: SUPERVISOR_PLACES * share for year, share in _SUPERVISOR_YEARS.items()},
    }
    for strand, years in yearly.items():
        for year, places in years.items():
            quarters = months(date(year, 4, 1), date(year + 1, 3, 1), 3)
            quarters = quarters[2:] if year == min(PRESCRIBING_PLACES) else quarters
            plan += [(strand, day, places / len(quarters)) for day in quarters]
    return plan


def build_places(world: World) -> None:
    """Tables place (strand, month, board) and place_intake (independent prescribing by intake).

    England's places of a month are dealt to boards by registered patients, with cumulative rounding, so the
    boards' places add up to England's exactly.
    """
    lines = ", ".join(
        f"('{strand}', date '{day}', {max(1, round(places * world.size))}, '{financial_year(day)}')"
        for strand, day, places in _place_plan()
    )
    world.run(f"""
        create table place as
        with plan as (select * from (values {lines}) as v(strand, period, places, financial_year)),
        boards as (
            select area.icb_code, sum(practice.base_patients) as patients
            from practice inner join area using (sub_icb_code) group by area.icb_code
        ),
        dealt as (
            select plan.*, boards.icb_code, sum(boards.patients) over (
                partition by strand, period order by hash(hash(strand, icb_code, period)), icb_code
                ) / sum(boards.patients) over (partition by strand, period) as upper_share,
                boards.patients / sum(boards.patients) over (partition by strand, period) as share
            from plan cross join boards
        )
        select strand, financial_year, period, icb_code,
            (round(places * upper_share, 6)::decimal(18, 6)::bigint
                - round(places * (upper_share - share), 6)::decimal(18, 6)::bigint)::integer as places
        from dealt order by strand, period, icb_code
    """)
    world.run("""
        create table place_intake as
        select icb_code, period as intake, year(period) - (month(period) < 4)::integer as cohort, places
        from place where strand = 'independent_prescribing' order by all
    """)


def build_spend(world: World) -> None:
    """Table spend: one row per strand, month and category; pence are dealt so that the plan meets the ceiling."""
    cells = ", ".join(
        f"('{strand}', date '{day}', '{category}', {year_share * of_strand * of_category / 12:.12f})"
        for year, year_share in _YEAR_SHARES.items()
        for strand, of_strand in _STRAND_SHARES.items()
        for category, of_category in _CATEGORY_SHARES.items()
        for day in months(date(year, 4, 1), date(year + 1, 3, 1))
    )
    world.run(f"""
        create table spend as
        with cells as (
            select *, row_number() over (order by period, strand, category) as n
            from (values {cells}) as v(strand, period, category, share)
        ),
        weighted as (
            select *, case when period < date '2021-09-01' then 0.2 else 1.0 end * share as plan_weight,
                case when period < date '2021-10-01' then 0.05 else 1.0 end * share * (0.7 + 0.6 * u(n, 'spend.month'))
                    as paid_weight
            from cells
        ),
        running as (
            select *, sum(plan_weight) over (order by n) / sum(plan_weight) over () as plan_to,
                sum(paid_weight) over (order by n) / sum(paid_weight) over () as paid_to
            from weighted
        ),
        pence as (
            select *, round(plan_to * {CEILING_GBP * 100})::bigint as plan_pence,
                round(paid_to * {round(CEILING_GBP * 100 * OUTTURN_SHARE)})::bigint as paid_pence
            from running
        )
        select financial_year(period) as financial_year, strand, period, category,
            ((plan_pence - lag(plan_pence, 1, 0) over (order by n)) / 100.0)::decimal(18, 2) as planned_gbp,
            ((paid_pence - lag(paid_pence, 1, 0) over (order by n)) / 100.0)::decimal(18, 2) as outturn_gbp
        from pence order by period, strand, category
    """)
