"""Posts in networks: who holds them from when to when, which networks report, and the census of all staff.

A slot is one post of a network; it opens when the workforce has grown that far and is held by one person after
another. Slots with an identifier appear in the deployment return by registration number and in the workforce
file under an identifier of that publication; contracted slots appear in the workforce file alone, without one.
"""

from __future__ import annotations

from itertools import pairwise

from orchestration.synthetic.calendar import CENSUSES, DEPLOYMENT_PERIODS, FIRST_CENSUS, LAST_PERIOD
from orchestration.synthetic.staff_roles import OTHER_ROLES, PHARMACY_ROLES
from orchestration.synthetic.world import World, sql_dates

# (months since March 2020, share of the final number of slots that is open)
_GROWTH = [(0, 0.20), (15, 0.50), (27, 0.68), (36, 0.82), (68, 0.97), (75, 1.0)]
# (months since March 2020, share of networks that report)
_COVERAGE = [(0, 0.15), (9, 0.45), (15, 0.75), (24, 0.90), (36, 0.98)]
_NEVER = 0.98


def _inverse(curve: list[tuple[int, float]], share: str) -> str:
    """SQL: the month (counted from March 2020) at which a rising curve reaches `share`."""
    arms = [f"case when {share} <= {curve[0][1]} then 0"]
    for (from_month, low), (to_month, high) in pairwise(curve):
        slope = (to_month - from_month) / (high - low)
        arms.append(
            f"when {share} <= {high} then {from_month} + ceil(({share} - {low}) * {slope:.6f})::integer"
        )
    return " ".join(arms) + " end"


def build_workforce(world: World) -> None:
    """Tables reporting, slot, holder, deployment and census_staff (other roles)."""
    _reporting(world)
    _slots(world)
    _holders(world)
    _deployment(world)


def _reporting(world: World) -> None:
    """Networks by month: coverage grows along the curve, a few never report, now and then a month is missed."""
    months = sorted({*CENSUSES, *DEPLOYMENT_PERIODS})
    world.run(f"""
        create table reporting as
        with ranked as (
            select pcn.*, (row_number() over (order by u(pcn_id, 'reporting.rank'), pcn_id) - 0.5) / count(*) over ()
                as share, row_number() over (order by u(pcn_id, 'reporting.rank'), pcn_id) = count(*) over () as is_last
            from pcn where open_date < date '{FIRST_CENSUS}'
        ),
        first_report as (
            select pcn_id, close_date,
                case when is_last or share > {_NEVER} then null
                    else date '{FIRST_CENSUS}' + to_months({_inverse(_COVERAGE, "share")}) end::date as first_month
            from ranked
            union all
            select pcn_id, close_date, date_trunc('month', open_date)::date from pcn
            where open_date >= date '{FIRST_CENSUS}'
        )
        select pcn_id, period
        from first_report inner join (select unnest({sql_dates(months)}) as period) as periods
            on first_month <= period and (close_date is null or close_date >= last_day(period))
        where u(pcn_id * 1000 + date_diff('month', date '{FIRST_CENSUS}', period), 'reporting.missed') >= 0.008
            or period = first_month
        order by period, pcn_id
    """)


def _slots(world: World) -> None:
    kinds: list[str] = []
    for role, (_, _, identified, contracted) in PHARMACY_ROLES.items():
        kinds.append(f"('{role}', false, {world.scaled(identified, 2)}, {len(kinds)})")
        if contracted:
            kinds.append(f"('{role}', true, {world.scaled(contracted, 2)}, {len(kinds)})")
    opening = _inverse(_GROWTH, "share")
    world.run(f"""
        create table slot as
        with kinds as (select * from (values {", ".join(kinds)}) as v(role, is_contracted, slots, n)),
        drawn as (
            select role, is_contracted, n * 1000000 + number as slot_id, (number - 0.5) / slots as share
            from kinds cross join lateral (select unnest(range(1, slots + 1)) as number)
        )
        select role, is_contracted, slot_id,
            1 + pick(slot_id, 'slot.pcn', (select count(*) from base_pcn)) as base_pcn_id,
            case when role = 'advanced_pharmacist_practitioner'
                then date '2021-11-01' + to_months((share * 40)::integer)
                else date '{FIRST_CENSUS}' + to_months({opening}) end::date as opens,
            u(slot_id, 'slot.heir') < 0.5 as takes_first_heir
        from drawn order by slot_id
    """)
    world.run("""
        create table slot_place as
        select slot.slot_id, base_pcn_id as pcn_id, date '2019-10-01' as valid_from,
            coalesce(pcn.close_date, date '9999-12-31') as valid_to
        from slot inner join pcn on slot.base_pcn_id = pcn.pcn_id
        union all
        select slot.slot_id, case when takes_first_heir or fate = 'merged' then heir_id else other_heir_id end,
            pcn.close_date + 1, date '9999-12-31'
        from slot inner join pcn on slot.base_pcn_id = pcn.pcn_id where pcn.close_date is not null
    """)


def _holders(world: World) -> None:
    """Successive holders of a slot, a year to four each with a gap of up to three months between."""
    world.run("""
        create table pool as
        with weighted as (
            select person_id, case when is_trainee then 'trainee_pharmacy_technician' else profession end as pool,
                u(person_id, 'pool.draw') as draw, sector
            from person inner join home using (person_id)
            where removed_on is null and (registered_on is null or registered_on < date '2020-01-01')
        )
        select pool, person_id, row_number() over (partition by pool order by person_id) - 1 as n
        from weighted
        where pool = 'trainee_pharmacy_technician' or sector = 'pcn' and draw < 0.98
            or sector = 'general_practice' and draw < 0.9 or draw < 0.35
    """)
    world.run("""
        create table holder as
        with turns as (
            select slot.*, slot_id * 10 + turn as holder_id, turn,
                sum(whole(slot_id * 10 + turn - 1, 'holder.months', 12, 48)
                + whole(slot_id * 10 + turn - 1, 'holder.gap', 0, 3)) over (partition by slot_id order by turn)
                - whole(slot_id * 10, 'holder.months', 12, 48) - whole(slot_id * 10, 'holder.gap', 0, 3) as after_months
            from slot cross join (select unnest(range(1, 8)) as turn)
            where not is_contracted
        ),
        pools as (select pool, count(*) as people from pool group by pool)
        select turns.slot_id, turns.role, holder_id, pool.person_id,
            (opens + to_months(after_months::integer))::date as first_month,
            (opens + to_months((after_months + whole(holder_id, 'holder.months', 12, 48) - 1)::integer))::date
                as last_month,
            least(1.0, case when u(holder_id, 'holder.full') < 0.52 then 1.0
                else whole(holder_id, 'holder.hours', 3, 14) * 2.5 / 37.5 end)::decimal(18, 4) as fte,
            turns.role = 'advanced_pharmacist_practitioner' or u(holder_id, 'holder.prescribes') < 0.5 as may_prescribe
        from turns
        inner join pools on pools.pool = case turns.role when 'advanced_pharmacist_practitioner' then 'pharmacist'
            else turns.role end
        inner join pool on pool.pool = pools.pool and pool.n = pick(holder_id, 'holder.person', pools.people)
        where opens + to_months(after_months::integer) <= date '2026-05-01'
        order by holder_id
    """)


def _deployment(world: World) -> None:
    """Person, network and role by month, in reporting networks only; a move of network starts a new record."""
    months = sorted({*CENSUSES, *DEPLOYMENT_PERIODS})
    world.run(f"""
        create table deployment as
        with monthly as (
            select holder.*, unnest(generate_series(first_month, least(last_month, date '{LAST_PERIOD}'),
                interval 1 month))::date as period
            from holder
        ),
        held as (
            select monthly.*, slot_place.pcn_id, slot_place.valid_from
            from monthly
            inner join (select unnest({sql_dates(months)}) as period) as periods using (period)
            inner join slot_place on monthly.slot_id = slot_place.slot_id
                and slot_place.valid_from <= period and slot_place.valid_to >= last_day(period)
        )
        select held.period, held.holder_id, held.person_id, held.pcn_id, pcn.pcn_code, held.role, held.fte,
            greatest(held.first_month, held.valid_from) as started_on,
            case when held.last_month = held.period then last_day(held.period) end as ended_on,
            held.may_prescribe and held.role in ('pharmacist', 'advanced_pharmacist_practitioner')
                and coalesce(annotation.annotated_on <= last_day(held.period), false) as prescribing_role
        from held
        inner join reporting on held.pcn_id = reporting.pcn_id and held.period = reporting.period
        inner join pcn on held.pcn_id = pcn.pcn_id
        left join annotation on held.person_id = annotation.person_id
        order by held.period, held.holder_id
    """)
    _other_staff(world)


def _other_staff(world: World) -> None:
    """Slots of every other role; the identifier of a publication is drawn from slot and census alone."""
    roles = ", ".join(
        f"({n}, '{group}', '{role}', '{detailed}', {world.scaled(rows)}, {contracted}, {fte})"
        for n, (group, role, detailed, rows, contracted, fte) in enumerate(OTHER_ROLES, start=100)
    )
    world.run(f"""
        create table other_slot as
        with roles as (
            select *
            from (values {roles}) as v(n, staff_group, staff_role, detailed_staff_role, slots, contracted, mean_fte)
        ),
        drawn as (
            select roles.*, n * 1000000 + number as slot_id, (number - 0.5) / slots as share
            from roles cross join lateral (select unnest(range(1, slots + 1)) as number)
        )
        select slot_id, staff_group, staff_role, detailed_staff_role,
            u(slot_id, 'other.contracted') < contracted as is_contracted,
            1 + pick(slot_id, 'other.pcn', (select count(*) from base_pcn)) as base_pcn_id,
            (date '{FIRST_CENSUS}' + to_months({_inverse(_GROWTH, "u(slot_id, 'other.opens')")}))::date as opens,
            (whole(slot_id, 'other.hours', 4, 15) * 2.5 / 37.5 * mean_fte / 0.65)::decimal(18, 6) as fte
        from drawn order by slot_id
    """)


def build_workforce_totals(world: World) -> None:
    """Table workforce_total: FTE and headcount of pharmacy roles by census at five levels, contracted FTE included."""
    world.run(f"""
        create table workforce_total as
        with posts as (
            select period, pcn_id, role, fte::decimal(18, 6) as fte, person_id from deployment
            where list_contains({sql_dates(CENSUSES)}, period)
            union all
            select reporting.period, slot_place.pcn_id, role,
                (whole(slot.slot_id, 'slot.hours', 3, 15) * 2.5 / 37.5)::decimal(18, 6), null
            from slot inner join slot_place on slot.slot_id = slot_place.slot_id
            inner join reporting on slot_place.pcn_id = reporting.pcn_id and slot_place.valid_from <= reporting.period
                and slot_place.valid_to >= last_day(reporting.period)
            where is_contracted and opens <= reporting.period and list_contains({sql_dates(CENSUSES)}, reporting.period)
        ),
        placed as (
            select posts.*, pcn_place.pcn_code, sub_icb_code, icb_code, region_code
            from posts inner join pcn_place on posts.pcn_id = pcn_place.pcn_id
                and posts.period between pcn_place.valid_from and pcn_place.valid_to
        )
        select period, role,
            case when grouping(pcn_code) = 0 then 'pcn' when grouping(sub_icb_code) = 0 then 'sub_icb'
                when grouping(icb_code) = 0 then 'icb' when grouping(region_code) = 0 then 'region' else 'england' end
                as org_level,
            coalesce(pcn_code, sub_icb_code, icb_code, region_code, 'ENG') as org_code,
            sum(fte)::decimal(18, 6) as fte, count(distinct person_id) as headcount
        from placed
        group by grouping sets ((period, role), (period, role, region_code), (period, role, icb_code),
            (period, role, sub_icb_code), (period, role, pcn_code))
    """)
