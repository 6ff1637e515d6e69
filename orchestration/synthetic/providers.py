"""Providers, the layout each of them returns in, and the courses they submit for accreditation."""

from __future__ import annotations

from datetime import date
from math import ceil

from orchestration.synthetic.calendar import LAST_PERIOD, months
from orchestration.synthetic.world import World, sql_dates

# kind: number of providers at national size, code stem, layout, strands
_KINDS = {
    "university": (8, "UNI", "university_wide", ["independent_prescribing"]),
    "prescribing": (8, "IPT", "provider_events", ["independent_prescribing"]),
    "portfolio": (2, "ASB", "provider_events", ["portfolio_recognition"]),
    "supervision": (2, "SUP", "provider_events", ["supervisors"]),
    "technician": (8, "TEC", "training_provider_results", ["technician_accreditation"]),
    "clinical": (6, "CLI", "training_provider_results", ["clinical_examination"]),
}
FULL_CADENCE_FROM = 0.1  # smaller worlds return half as often, so that a toy is few files


def build_providers(world: World) -> None:
    """Tables provider, provider_return_period and course."""
    _providers(world)
    _return_periods(world)
    _courses(world)


def _providers(world: World) -> None:
    share = min(1.0, world.size**0.35)
    rows: list[str] = []
    for kind, (national, stem, layout, strands) in _KINDS.items():
        count = max(1 if national <= 2 else 2, ceil(national * share))  # noqa: PLR2004
        for number in range(1, count + 1):
            strand = strands[0]
            rows.append(
                f"({len(rows) + 1}, '{stem}{number:02d}', '{kind}', '{layout}', '{strand}', {number})"
            )
    world.run(f"""
        create table provider as
        select drawn.*,
            (select list(icb_code order by icb_code) from (select distinct icb_code from base_pcn))[
                1 + pick(provider_id, 'provider.icb', (select count(distinct icb_code) from base_pcn))] as icb_code,
            place_word(provider_id, 'provider.name') as provider_name
        from (values {", ".join(rows)}) as drawn(provider_id, provider_code, kind, layout, strand, number)
        order by provider_id
    """)


def _return_periods(world: World) -> None:
    """Universities return three times a year, two national trainers monthly, the rest quarterly; 4 to 12 weeks late."""
    first = date(2021, 9, 1)
    small = world.size < FULL_CADENCE_FROM
    terms = [
        day for day in months(date(2022, 1, 1), LAST_PERIOD) if day.month in ((1, 9) if small else (1, 5, 9))
    ]
    monthly, quarterly = months(first, LAST_PERIOD), months(first, LAST_PERIOD, 6 if small else 3)
    often = "false" if small else "kind = 'prescribing' and number <= 2"
    world.run(f"""
        create table provider_return_period as
        with periods as (
            select provider.*, unnest(case when kind = 'university' then {sql_dates(terms)}
                when {often} then {sql_dates(monthly)} else {sql_dates(quarterly)} end) as return_period
            from provider
        ),
        dated as (
            select *, (last_day(return_period)
                + whole(provider_id * 1000 + date_diff('month', date '2021-01-01', return_period),
                    'return.late', 28, 84)) as return_date
            from periods
        ),
        -- a return never overtakes the one before it
        ordered as (
            select * exclude (return_date), max(return_date) over (
                partition by provider_id order by return_period rows between unbounded preceding and current row
            ) as return_date
            from dated
        )
        select ordered.*, lag(return_period) over (partition by provider_id order by return_period) as previous_period,
            row_number() over (partition by provider_id order by return_period) as return_number
        from ordered
        where return_date <= date '2026-06-30'
        order by provider_id, return_period
    """)


def _courses(world: World) -> None:
    world.run("""
        create table course as
        with drawn as (
            select provider_id, provider_code, strand, icb_code, kind, number,
                unnest(range(1, case kind when 'technician' then 5 else 2 end)) as n
            from provider where kind not in ('portfolio', 'supervision')
        ),
        decided as (
            select *, provider_id * 10 + n as course_id,
                case when kind = 'technician' then date '2021-05-10' else date '2018-02-01' end
                    + whole(provider_id * 10 + n, 'course.submitted', 0, 900) as submitted_on,
                case when kind <> 'technician' or n = 1 then 0.5 when number = 1 and n = 4 then 0.2
                    else u(provider_id * 10 + n, 'course.decision') end as draw
            from drawn
        )
        select course_id, provider_code || '-C' || n as course_code,
            case kind when 'technician' then 'Primary care pharmacy technician pathway '
                when 'clinical' then 'Clinical examination skills ' else 'Independent prescribing ' end
                || place_word(course_id, 'course.title') as course_title,
            provider_id, provider_code, icb_code, strand, submitted_on,
            case when draw >= 0.12 then submitted_on + whole(course_id, 'course.takes', 40, 150) end as decided_on,
            case when draw < 0.12 then 'pending' when draw < 0.28 then 'refused' else 'accredited' end as decision,
            case when draw >= 0.28 and kind = 'technician'
                then submitted_on + 150 + 365 * whole(course_id, 'course.valid', 3, 5) end as valid_to,
            whole(course_id, 'course.months', 4, 12) as length_months
        from decided order by course_id
    """)
