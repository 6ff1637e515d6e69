"""What pharmacists prescribe: items by prescriber, month and place.

Whoever is annotated and holds a post in a network prescribes in most months at practices of that network, more so
once settled in; from 2024 some annotated community pharmacists prescribe at premises.
"""

from __future__ import annotations

from orchestration.synthetic.calendar import PRESCRIBING_PERIODS
from orchestration.synthetic.world import World, sql_dates

ACTIVE = 0.85  # share of months in which a settled prescriber of a network prescribes
SETTLED_AFTER = 6  # months from the first month as deployed prescriber until that share is reached
COMMUNITY_SHARE = 0.25  # of annotated community pharmacists who prescribe at all
COMMUNITY_ACTIVE = 0.7
COMMUNITY_FROM = "2024-04-01"

_IS_ANNOTATED = (
    "annotation.annotated_on <= last_day({month}) and coalesce(annotation.annotation_removed_on > last_day({month})"
    " or annotation.annotation_restored_on <= last_day({month}), true)"
)


def build_prescribing(world: World) -> None:
    """Tables item_count (clean) and prescribing_row (as returned): one row per month, person and place."""
    _in_networks(world)
    _at_premises(world)
    world.run("""
        create table item_count as
        select period, person_id, place_code, place_type, sum(items)::bigint as items
        from (select * from network_items union all select * from premises_items)
        group by all order by period, person_id, place_code
    """)
    world.run("""
        create table prescribing_row as
        select period, person_id, place_code, place_type, items::varchar as items, null::varchar as dirt from item_count
    """)


def _in_networks(world: World) -> None:
    world.run(f"""
        create table network_items as
        with posts as (
            select distinct deployment.period, deployment.person_id, deployment.pcn_id
            from deployment inner join annotation using (person_id)
            where role in ('pharmacist', 'advanced_pharmacist_practitioner')
                and list_contains({sql_dates(PRESCRIBING_PERIODS)}, deployment.period)
                and {_IS_ANNOTATED.format(month="deployment.period")}
        ),
        settling as (
            select *, person_id * 1000 + date_diff('month', date '2021-01-01', period) as draw_no,
                date_diff('month', min(period) over (partition by person_id), period) as months_in
            from posts
        ),
        active as (
            select * from settling
            where u(draw_no, 'items.active') < {ACTIVE} * least(1, (months_in + 1) / {SETTLED_AFTER}.0)
        ),
        practices as (
            select active.*, practice.practice_code, row_number() over (
                partition by active.period, active.person_id, active.pcn_id
                order by u(active.person_id * 10000 + practice.practice_id, 'items.practice'), practice.practice_id
            ) as preference
            from active
            inner join membership on active.pcn_id = membership.pcn_id and active.period >= membership.valid_from
                and last_day(active.period) <= coalesce(membership.valid_to, date '9999-12-31')
            inner join practice on membership.practice_id = practice.practice_id
                and (practice.close_date is null or practice.close_date >= last_day(active.period))
        )
        select period, person_id, practice_code as place_code, 'practice' as place_type,
            greatest(1, round(exp(5.2 + 0.7 * bell(draw_no * 10 + preference, 'items.number'))))::bigint as items
        from practices
        where preference = 1 or preference = 2 and u(draw_no, 'items.second') < 0.3
    """)


def _at_premises(world: World) -> None:
    world.run(f"""
        create table premises_items as
        with prescribers as (
            select person.person_id, home.practice_id, annotation.* exclude (person_id)
            from person inner join home using (person_id) inner join annotation using (person_id)
            where sector = 'community_pharmacy' and not is_locum and u(person_id, 'items.community') < {COMMUNITY_SHARE}
        ),
        workplaces as (
            select prescribers.*, premises.premises_code, premises.open_date, premises.close_date
            from prescribers inner join premises using (practice_id)
            qualify row_number() over (partition by person_id
                order by u(person_id * 100000 + premises_id, 'items.premises'), premises_id) = 1
        ),
        months as (
            select annotation.*, period, person_id * 1000 + date_diff('month', date '2021-01-01', period) as draw_no
            from workplaces as annotation
            cross join (select unnest({sql_dates(PRESCRIBING_PERIODS)}) as period)
            where period >= date '{COMMUNITY_FROM}' and {_IS_ANNOTATED.format(month="period")}
                and coalesce(open_date, date '1900-01-01') <= period
                and (close_date is null or close_date >= last_day(period))
        )
        select period, person_id, premises_code as place_code, 'premises' as place_type,
            greatest(1, round(exp(3.4 + 0.8 * bell(draw_no, 'items.number.premises'))))::bigint as items
        from months where u(draw_no, 'items.active.premises') < {COMMUNITY_ACTIVE}
    """)
