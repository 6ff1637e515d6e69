"""The change of integrated care boards in April 2026, as it was: twelve abolished, six created, one enlarged.

Which location passed to which board is the seed `icb_change` of the dbt project. Generated networks are not the real
ones, so those of a divided location are dealt to its parts in the proportion of the real networks.
"""

from __future__ import annotations

from dbt_project.registry import DBT_PROJECT_DIR
from orchestration.synthetic.calendar import EXTRACTS
from orchestration.synthetic.world import World

BOARD_CHANGES = DBT_PROJECT_DIR / "seeds" / "icb_change.csv"


def deal_parts(world: World) -> None:
    """Table area_part: the part of its location each first network lies in, which is named by where the part goes.

    A location that passes whole has one part. One that is divided is dealt in the proportion of the real networks:
    the first ones stay with the bulk of it.
    """
    world.run(f"create table board_change as select * from read_csv('{BOARD_CHANGES}', all_varchar = true)")
    world.run("""
        create table area_part as
        with part_sizes as (
            select sub_icb_code, to_sub_icb_code, count(*) as networks
            from board_change where part_code similar to 'U[0-9]{5}' group by all
        ),
        bounds as (
            select sub_icb_code, to_sub_icb_code, (pcn_count - sum(networks) over running) / pcn_count as lower_bound
            from part_sizes inner join area using (sub_icb_code)
            window running as (partition by sub_icb_code order by to_sub_icb_code)
        ),
        numbered as (
            select pcn_id, sub_icb_code,
                (row_number() over of_location - 0.5) / count(*) over (partition by sub_icb_code) as position
            from base_pcn window of_location as (partition by sub_icb_code order by pcn_id)
        )
        select pcn_id, sub_icb_code, sub_icb_code
            || coalesce('>' || arg_max(to_sub_icb_code, lower_bound) filter (position >= lower_bound), '') as area_key
        from numbered left join bounds using (sub_icb_code) group by pcn_id, sub_icb_code order by pcn_id
    """)


def place_areas(world: World) -> None:
    """Where each part of a location, and so each network, lies: spells, cut by the change of boards."""
    world.run("""
        create table area_place as
        with parts as (select distinct area_key, sub_icb_code from area_part),
        changed as (
            select area_key, board_change.*, effective_on::date as changed_on
            from parts inner join board_change using (sub_icb_code)
            where case when contains(area_key, '>') then part_code is not null
                and to_sub_icb_code = split_part(area_key, '>', 2) else part_code is null end
            qualify row_number() over (partition by area_key order by part_code) = 1
        )
        select parts.area_key, area.sub_icb_code, area.sub_icb_name, area.ons_sub_icb_code, area.icb_code,
            area.icb_name, area.ons_icb_code, area.region_code, area.region_name, area.ons_region_code,
            date '1900-01-01' as valid_from, coalesce(changed.changed_on - 1, date '9999-12-31') as valid_to
        from parts inner join area using (sub_icb_code) left join changed using (area_key)
        union all
        select changed.area_key, changed.to_sub_icb_code, changed.to_sub_icb_name,
            (select same.ons_sub_icb_code from area as same where same.sub_icb_code = changed.to_sub_icb_code),
            changed.to_icb_code, regexp_replace(changed.to_icb_name, ' Integrated Care Board$', ' ICB'),
            changed.to_icb_ons_code, area.region_code, area.region_name, area.ons_region_code,
            changed.changed_on, date '9999-12-31'
        from changed inner join area using (sub_icb_code)
        order by area_key, valid_from;
    """)
    world.run("""
        create table pcn_place as
        select pcn.pcn_id, pcn.pcn_code, area_place.sub_icb_code, area_place.icb_code, area_place.region_code,
            area_place.valid_from, area_place.valid_to
        from pcn inner join area_place using (area_key)
        order by pcn.pcn_id, area_place.valid_from;
    """)


def find_heirs(world: World) -> None:
    """Table board_heir: who serves most practices of an abolished board (ties: most of its locations, lowest code)."""
    world.run(f"""
        create table board_heir as
        with moved as (
            select former.icb_code as old_icb_code, later.icb_code as new_icb_code, later.valid_from as changed_on,
                count(*) as practices
            from practice_list inner join practice using (practice_id)
            inner join area_place as former on practice.area_key = former.area_key
            inner join area_place as later
                on former.area_key = later.area_key and later.valid_from = former.valid_to + 1
            where extract_date = date '{EXTRACTS[-1]}' and former.icb_code <> later.icb_code group by all
        ),
        locations as (
            select from_icb_code as old_icb_code, to_icb_code as new_icb_code, count(*) as locations
            from board_change where part_code is null group by all
        )
        select old_icb_code, new_icb_code, changed_on
        from moved left join locations using (old_icb_code, new_icb_code)
        qualify row_number() over (partition by old_icb_code
            order by practices desc, coalesce(locations, 0) desc, new_icb_code) = 1
        order by old_icb_code
    """)
