-- The published practice maps, each place read as it is on the day of the map, and one map more for each day on which
-- boards changed: the newest map before it redrawn, or, where none is older, the first map after it, drawn
-- back to the day before as well.
with

maps as (

    select *
    from {{ ref('stg_practice_map__practice') }}

),

changes as (

    select *
    from {{ ref('int_icb_change') }}

),

map_days as (

    select distinct extract_date
    from maps

),

change_days as (

    select distinct effective_on
    from changes

),

redrawn as (

    select
        change_days.effective_on,
        max(case when map_days.extract_date <= change_days.effective_on then map_days.extract_date end)
            as newest_before,
        min(map_days.extract_date) as first_of_all
    from change_days
    cross join map_days
    group by change_days.effective_on

),

sheets as (

    select
        extract_date as drawn_from,
        extract_date
    from map_days

    union

    select
        coalesce(newest_before, first_of_all) as drawn_from,
        effective_on as extract_date
    from redrawn

    union

    select
        first_of_all as drawn_from,
        {{ add_days('effective_on', -1) }} as extract_date
    from redrawn
    where first_of_all >= effective_on

)

select
    sheets.extract_date,
    maps.practice_code,
    maps.practice_name,
    maps.postcode,
    maps.pcn_code,
    coalesce(part.sub_icb_code, whole.sub_icb_code, maps.sub_icb_code) as sub_icb_code,
    coalesce(part.icb_code, whole.icb_code, maps.icb_code) as icb_code,
    coalesce(part.region_code, whole.region_code, maps.region_code) as region_code
from sheets
inner join maps on sheets.drawn_from = maps.extract_date
left join changes as part
    on
        maps.sub_icb_code = part.shown_sub_icb_code
        and maps.icb_code = part.shown_icb_code
        and coalesce(maps.pcn_code, maps.practice_code) = part.part_code
        and sheets.extract_date >= part.valid_from
        and sheets.extract_date <= part.valid_to
left join changes as whole
    on
        maps.sub_icb_code = whole.shown_sub_icb_code
        and maps.icb_code = whole.shown_icb_code
        and whole.part_code is null
        and sheets.extract_date >= whole.valid_from
        and sheets.extract_date <= whole.valid_to
