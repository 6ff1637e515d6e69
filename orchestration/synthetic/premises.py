"""Community pharmacy premises: where they are, when they open and close, and the network of their area (rule R3).

The area of premises is three neighbouring practices; the share of each in the area is fixed, and the network whose
practices hold most registered patients of the area is the network of the premises.
"""

from __future__ import annotations

from orchestration.synthetic.calendar import PROGRAMME_START, SMALL_SNAPSHOTS
from orchestration.synthetic.world import World, sql_dates

PREMISES = 11_000
_SHARES = (0.6, 0.25, 0.15)  # of the home practice and of the next two of its part of the location
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def build_premises(world: World) -> None:
    """Tables premises, premises_area (three practices each), premises_place (one row per snapshot and premises) and
    premises_row (the same as listed)."""
    world.run(f"""
        create table premises as
        with drawn as (
            select range as premises_id,
                1 + pick(range, 'premises.home', (select count(*) from practice)) as practice_id,
                u(range, 'premises.opens') as opening, u(range, 'premises.closes') as closing
            from range(1, {world.scaled(PREMISES, 60)} + 1)
        ),
        dated as (
            select *, case when opening < 0.06
                then date '{PROGRAMME_START}' + whole(premises_id, 'premises.open', 20, 1860) end as open_date,
                case when closing < 0.12
                then date '{PROGRAMME_START}' + whole(premises_id, 'premises.close', 90, 1880) end as closes_on
            from drawn
        )
        select premises_id, 'Q' || '{_LETTERS}'[1 + (premises_id // 1000)::integer % {len(_LETTERS)}]
                || lpad((premises_id % 1000)::varchar, 3, '0') as premises_code,
            upper(place_word(premises_id, 'premises.name')) || ' PHARMACY' as premises_name, practice_id, open_date,
            case when open_date is null or closes_on > open_date + 180 then closes_on end as close_date
        from dated order by premises_id
    """)
    weights = " ".join(f"when {place} then {share}" for place, share in enumerate(_SHARES))
    world.run(f"""
        create table premises_area as
        with neighbours as (
            select practice_id, area_key, row_number() over (partition by area_key order by practice_id) - 1 as place,
                count(*) over (partition by area_key) as places
            from practice
        )
        select premises_id, other.practice_id, step, case step {weights} end as share
        from premises inner join neighbours as own using (practice_id)
        cross join (select unnest(range(0, {len(_SHARES)})) as step)
        inner join neighbours as other on own.area_key = other.area_key
            and (own.place + step) % own.places = other.place and step < own.places
        order by premises_id, step
    """)
    _places(world)


def _places(world: World) -> None:
    """Network and board of the premises listed on each snapshot, from the newest lists of patients up to that day."""
    world.run(f"""
        create table premises_place as
        with snapshots as (
            select snapshot_date, max(extract_date) as extract_date
            from (select unnest({sql_dates(SMALL_SNAPSHOTS)}) as snapshot_date)
            inner join (select distinct extract_date from practice_list) as extracts on extract_date <= snapshot_date
            group by snapshot_date
        ),
        shares as (
            select snapshot_date, premises_id, pcn_id, pcn_code, sum(share * patients) as patients
            from snapshots
            inner join practice_list using (extract_date)
            inner join premises_area using (practice_id)
            inner join membership on premises_area.practice_id = membership.practice_id
                and snapshot_date >= membership.valid_from
                and snapshot_date <= coalesce(membership.valid_to, date '9999-12-31')
            inner join pcn using (pcn_id)
            group by all
        ),
        largest as (
            select snapshot_date, premises_id, pcn_id, pcn_code from shares
            qualify row_number() over (partition by snapshot_date, premises_id order by patients desc, pcn_code) = 1
        )
        select snapshot_date, premises.premises_id, premises_code, premises_name, largest.pcn_code,
            coalesce(pcn_place.icb_code, area_place.icb_code) as icb_code, premises.open_date,
            case when premises.close_date <= snapshot_date then premises.close_date end as close_date
        from premises cross join snapshots
        inner join practice using (practice_id)
        inner join area_place on practice.area_key = area_place.area_key
            and snapshot_date between area_place.valid_from and area_place.valid_to
        left join largest using (snapshot_date, premises_id)
        left join pcn_place on largest.pcn_id = pcn_place.pcn_id
            and snapshot_date between pcn_place.valid_from and pcn_place.valid_to
        where coalesce(premises.open_date, date '1900-01-01') <= snapshot_date
        order by snapshot_date, premises_code
    """)
    world.run("create table premises_row as select *, null::varchar as dirt from premises_place")


def build_references(world: World) -> None:
    """Tables weighted_list (one row per extract and practice) and network_class (one row per network ever)."""
    world.run("""
        create table weighted_list as
        with ranked as (
            select practice_id, percent_rank() over (order by imd_score, practice_id) as need from practice
        ),
        factors as (
            select practice_id, 0.8 + 0.45 * (0.6 * need + 0.4 * u(practice_id, 'practice.weight')) as factor
            from ranked
        )
        select extract_date, practice_id, round(patients * factor, 2)::decimal(18, 4) as weighted_patients
        from practice_list inner join factors using (practice_id) order by extract_date, practice_id
    """)
    rural = " ".join(f"when '{region}' then {share}" for region, share in _RURAL_SHARES.items())
    world.run(f"""
        create table network_class as
        select pcn.pcn_id, pcn.pcn_code, case when u(pcn.pcn_id, 'pcn.rural') < case area.region_code {rural} end
            then 'rural' else 'urban' end as classification
        from pcn inner join area using (sub_icb_code) order by pcn_id
    """)


# about 17 % of the networks of England; a share each, by region
_RURAL_SHARES = {"Y56": 0.0, "Y58": 0.34, "Y59": 0.19, "Y60": 0.19, "Y61": 0.26, "Y62": 0.10, "Y63": 0.17}
