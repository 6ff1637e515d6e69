"""Regions, boards and sub-ICB locations as published; networks, practices and memberships generated.

`areas.csv` holds the public codes and names of the 7 NHS regions, 42 integrated care boards and 106 sub-ICB
locations with the number of networks in each (NHS England, PCN Workforce of November 2025 and patients
registered at a GP practice of December 2025; Open Government Licence v3.0). Network and practice codes and names
are generated. Boards change in April 2026 as they did (see `boards`).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.synthetic.boards import deal_parts, find_heirs, place_areas
from orchestration.synthetic.calendar import EXTRACTS, PROGRAMME_START
from orchestration.synthetic.world import World, sql_dates, sql_list

AREAS = Path(__file__).with_name("areas.csv")
NETWORKS = 1250
PRACTICES = 6300

_HEADS = ["Ald", "Bram", "Cor", "Dun", "Elv", "Fen", "Gar", "Hol", "Ing", "Kel", "Lan", "Mar", "Nor", "Osk"]
_MORE_HEADS = ["Pen", "Quar", "Ros", "Sel", "Thor", "Ulv", "Ver", "Wyn"]
_MIDDLES = ["a", "en", "er", "ing", "is", "o", "um"]
_TAILS = [
    "bury",
    "combe",
    "dale",
    "field",
    "ford",
    "ham",
    "hurst",
    "ley",
    "mere",
    "stow",
    "ton",
    "wick",
    "worth",
]
_CHANGE_DAYS = [
    "2021-10-01",
    "2022-04-01",
    "2022-10-01",
    "2023-04-01",
    "2023-10-01",
    "2024-04-01",
    "2025-04-01",
]


def build_geography(world: World) -> None:
    """Tables area, area_part, pcn, practice, membership, practice_list, area_place, pcn_place, board_heir."""
    _areas(world)
    _networks(world)
    deal_parts(world)
    _network_fates(world)
    _practices(world)
    _memberships(world)
    _lists(world)
    place_areas(world)
    find_heirs(world)


def _areas(world: World) -> None:
    world.run(f"create table area as select * from read_csv('{AREAS}', all_varchar = true)")
    world.run("alter table area alter pcn_count type integer")
    heads, middles, tails = sql_list(_HEADS + _MORE_HEADS), sql_list(_MIDDLES), sql_list(_TAILS)
    world.run(f"""
        create macro place_word(i, k) as
            choose({heads}, i, k || '.head') || choose({middles}, i, k || '.middle')
            || choose({tails}, i, k || '.tail');
    """)
    world.run(
        "create macro postcode(i, k) as 'QX' || whole(i, k || '.out', 1, 99) || ' ' || whole(i, k || '.in', 1, 9)"
        " || chr((65 + pick(i, k || '.a', 26))::integer) || chr((65 + pick(i, k || '.b', 26))::integer)"
    )


def _networks(world: World) -> None:
    """Networks are dealt to sub-ICB locations in proportion to the published number there (systematic sample)."""
    count = world.scaled(NETWORKS, 28)
    world.run(f"""
        create table base_pcn as
        with bounds as (
            select *, sum(pcn_count) over (order by region_code, icb_code, sub_icb_code) as upper_bound,
                sum(pcn_count) over () as total
            from area
        ),
        numbers as (select range as pcn_id, (range - 0.5) / {count} as position from range(1, {count} + 1))
        select numbers.pcn_id, bounds.sub_icb_code, bounds.icb_code, bounds.region_code
        from numbers
        inner join bounds
            on numbers.position * bounds.total < bounds.upper_bound
            and numbers.position * bounds.total >= bounds.upper_bound - bounds.pcn_count
        order by numbers.pcn_id;
    """)


def _network_fates(world: World) -> None:
    """Some networks merge into a neighbour, some are dispersed over two neighbours, some split into two new ones.

    In each neighbourhood only networks in odd places may close, so an heir (the even place after or before it)
    never closes itself.
    """
    merged, dispersed, split = world.scaled(10), world.scaled(3), world.scaled(4)
    world.run(f"""
        create table fate as
        with sizes as (
            select *, count(*) over (partition by sub_icb_code) as in_sub_icb from base_pcn
        ),
        singles as (
            select *, count(*) over (partition by icb_code, in_sub_icb > 1) as in_icb from sizes
        ),
        neighbourhoods as (
            select pcn_id, case when in_sub_icb > 1 then sub_icb_code when in_icb > 1 then icb_code
                else region_code end as neighbourhood
            from singles
        ),
        placed as (
            select pcn_id, neighbourhood,
                row_number() over (partition by neighbourhood order by pcn_id) as place,
                count(*) over (partition by neighbourhood) as places,
                lead(pcn_id) over (partition by neighbourhood order by pcn_id) as next_id,
                lag(pcn_id) over (partition by neighbourhood order by pcn_id) as previous_id
            from neighbourhoods
        ),
        ranked as (
            select *, case when place % 2 = 1 and next_id is not null then
                row_number() over (
                    order by place % 2 = 1 and next_id is not null desc, u(pcn_id, 'pcn.fate'), pcn_id
                ) end as turn
            from placed
        )
        select pcn_id, next_id, previous_id, turn,
            case when turn <= {merged} then 'merged' when turn <= {merged + dispersed} then 'dispersed'
                when turn <= {merged + dispersed + split} then 'split' end as fate,
            case when turn <= {merged + dispersed + split}
                then choose({sql_list(_CHANGE_DAYS)}, pcn_id, 'pcn.change')::date end as changes_on,
            turn - {merged + dispersed} as split_number
        from ranked;
    """)
    _networks_ever(world)


def _networks_ever(world: World) -> None:
    """Table pcn: the first networks, and two new ones for each that split."""
    world.run("""
        create table pcn as
        with every_pcn as (
            select base_pcn.pcn_id, sub_icb_code, area_key, date '2019-10-01' as open_date,
                changes_on - 1 as close_date, fate,
                case when fate = 'split' then (select max(pcn_id) from base_pcn) + 2 * split_number - 1
                    when fate is not null then next_id end as heir_id,
                case when fate = 'split' then (select max(pcn_id) from base_pcn) + 2 * split_number
                    when fate = 'dispersed' then coalesce(previous_id, next_id)
                    when fate is not null then next_id end as other_heir_id,
                next_id
            from area_part as base_pcn inner join fate using (pcn_id)
        )
        select * from every_pcn
        union all
        select unnest([heir_id, other_heir_id]), sub_icb_code, area_key, close_date + 1, null, null, null, null, null
        from every_pcn where fate = 'split';
    """)
    world.run(f"""
        create or replace table pcn as
        select pcn_id, 'U' || lpad(((pcn_id * 7919 + {world.seed % 99991}) % 99991)::varchar, 5, '0') as pcn_code,
            upper(place_word(pcn_id, 'pcn.name')
                || case when u(pcn_id, 'pcn.two') < 0.4 then ' AND ' || place_word(pcn_id, 'pcn.second') else '' end
                || case when u(pcn_id, 'pcn.kind') < 0.1 then ' NETWORK' else '' end) || ' PCN' as pcn_name,
            sub_icb_code, area_key, open_date, close_date, fate, heir_id, other_heir_id, next_id,
            postcode(pcn_id, 'pcn.post') as postcode
        from pcn order by pcn_id;
    """)


def _practices(world: World) -> None:
    count = max(world.scaled(PRACTICES), 5 * world.number("select count(*) from base_pcn"))
    world.run(f"""
        create table practice as
        with numbers as (
            select range as practice_id, 1 + ((range - 1) * (select count(*) from base_pcn)) // {count} as dealt
            from range(1, {count} + 1)
        ),
        dealt as (
            select practice_id, case when u(practice_id, 'practice.pcn') < 0.12 then coalesce(fate.previous_id, dealt)
                else dealt end as first_pcn_id
            from numbers inner join fate on numbers.dealt = fate.pcn_id
        ),
        drawn as (
            select dealt.*, pcn.sub_icb_code, pcn.area_key, pcn.fate, pcn.close_date as network_closes, pcn.next_id,
                next_pcn.fate as next_fate,
                u(practice_id, 'practice.none') < 0.004 as has_no_network,
                u(practice_id, 'practice.move') as move_draw, u(practice_id, 'practice.close') as close_draw
            from dealt
            inner join pcn on dealt.first_pcn_id = pcn.pcn_id
            left join pcn as next_pcn on pcn.next_id = next_pcn.pcn_id
        )
        select practice_id, 'Z' || lpad(((practice_id * 7907 + {world.seed % 99989}) % 99989)::varchar, 5, '0')
                as practice_code,
            upper(place_word(practice_id, 'practice.name') || choose([' SURGERY', ' MEDICAL CENTRE',
                ' HEALTH CENTRE', ' MEDICAL PRACTICE', ' FAMILY PRACTICE'], practice_id, 'practice.kind'))
                as practice_name,
            postcode(practice_id, 'practice.post') as postcode,
            first_pcn_id, sub_icb_code, area_key, has_no_network,
            case when not has_no_network and fate is null and next_id is not null and next_fate is null
                and move_draw < 0.015
                then date '2021-06-01' + to_months(whole(practice_id, 'practice.moves', 0, 54)) end::date as moves_on,
            next_id as moves_to,
            case when fate is null and move_draw >= 0.015 and close_draw < 0.03
                then (date '2021-08-01' + to_months(whole(practice_id, 'practice.closes', 0, 56)))::date - 1
                end as close_date,
            round(exp(ln(8900) + 0.5 * bell(practice_id, 'practice.size')))::integer as base_patients,
            -0.01 + 0.04 * u(practice_id, 'practice.growth') as growth,
            greatest(3, least(70, 21 + 11 * bell(first_pcn_id, 'pcn.imd') + 5 * bell(practice_id, 'practice.imd')))
                as imd_score
        from drawn order by practice_id;
    """)


def _memberships(world: World) -> None:
    world.run("""
        create table membership as
        with facts as (
            select practice.practice_id, practice.first_pcn_id, practice.moves_on, practice.moves_to,
                practice.close_date, pcn.close_date as network_closes,
                case when u(practice.practice_id, 'practice.heir') < 0.5 and pcn.fate <> 'merged' then pcn.other_heir_id
                    else pcn.heir_id end as heir_id
            from practice inner join pcn on practice.first_pcn_id = pcn.pcn_id
            where not practice.has_no_network
        )
        select practice_id, first_pcn_id as pcn_id, date '2019-10-01' as valid_from,
            coalesce(network_closes, moves_on - 1, close_date) as valid_to
        from facts
        union all
        select practice_id, heir_id, network_closes + 1, null from facts where network_closes is not null
        union all
        select practice_id, moves_to, moves_on, null from facts where network_closes is null and moves_on is not null
        order by all;
    """)
    # a split network's last practice may leave one new network empty: the first practice always goes to the first
    world.run("""
        update membership set pcn_id = empty.pcn_id
        from (
            select heir.pcn_id, min(membership.practice_id) as practice_id
            from pcn as closed
            inner join pcn as heir on heir.pcn_id in (closed.heir_id, closed.other_heir_id)
            inner join pcn as sibling on sibling.pcn_id in (closed.heir_id, closed.other_heir_id)
                and sibling.pcn_id <> heir.pcn_id
            inner join membership on membership.pcn_id = sibling.pcn_id
            where closed.fate = 'split' and heir.pcn_id not in (select pcn_id from membership)
            group by heir.pcn_id
        ) as empty
        where membership.practice_id = empty.practice_id and membership.valid_to is null;
    """)


def _lists(world: World) -> None:
    world.run(f"""
        create table practice_list as
        select extract_date, practice_id,
            round(base_patients * (1 + growth * date_diff('day', date '{PROGRAMME_START}', extract_date) / 365.25)
                + 20 * bell(practice_id, 'list' || extract_date::varchar))::integer as patients
        from practice
        cross join (select unnest({sql_dates(EXTRACTS)}) as extract_date)
        where practice.close_date is null or practice.close_date >= extract_date
        order by extract_date, practice_id;
    """)
