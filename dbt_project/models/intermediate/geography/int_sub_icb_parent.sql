-- The board and region of each sub-ICB location now, from whichever published file shows it last, read as it is at the
-- data cut-off; and what it was before the last change of boards.
with

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

observed as (

    select
        sub_icb_code,
        icb_code,
        region_code,
        extract_date as observed_on
    from {{ ref('stg_practice_map__practice') }}

    union all

    select
        sub_icb_code,
        icb_code,
        region_code,
        census_month as observed_on
    from {{ ref('stg_pcn_workforce__role') }}
    where icb_code is not null

),

counted as (

    select
        sub_icb_code,
        icb_code,
        region_code,
        observed_on,
        count(*) as row_count
    from observed
    where sub_icb_code is not null
    group by sub_icb_code, icb_code, region_code, observed_on

),

ranked as (

    select
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (
            partition by sub_icb_code
            order by observed_on desc, row_count desc, icb_code
        ) as recency
    from counted

),

changes as (

    select *
    from {{ ref('int_icb_change') }}
    where side = 'after'

),

wholes as (

    select
        changes.*,
        row_number() over (partition by changes.shown_sub_icb_code order by changes.effective_on desc) as recency
    from changes
    where changes.part_code is null

),

-- a location created by a change is there whether a file shows it yet or not
created as (

    select
        sub_icb_code,
        min(icb_code) as icb_code,
        min(region_code) as region_code
    from changes
    where sub_icb_code not in (select coalesce(sub_icb_code, '') from observed)
    group by sub_icb_code

),

locations as (

    select
        sub_icb_code,
        icb_code,
        region_code
    from ranked
    where recency = 1

    union all

    select
        sub_icb_code,
        icb_code,
        region_code
    from created

),

-- of a location no change names, an abolished board still means its main successor
abolished as (

    select distinct shown_icb_code as icb_code
    from changes

)

select
    locations.sub_icb_code,
    coalesce(in_force.icb_code, boards.current_icb_code, locations.icb_code) as icb_code,
    coalesce(in_force.region_code, boards.region_code, locations.region_code) as region_code,
    coalesce(wholes.sub_icb_code, locations.sub_icb_code) as current_sub_icb_code,
    wholes.effective_on as changed_on,
    wholes.shown_icb_code as former_icb_code
from locations
cross join build
left join wholes on locations.sub_icb_code = wholes.shown_sub_icb_code and wholes.recency = 1
left join wholes as in_force
    on
        locations.sub_icb_code = in_force.shown_sub_icb_code
        and locations.icb_code = in_force.shown_icb_code
        and build.vintage >= in_force.valid_from
        and build.vintage <= in_force.valid_to
left join abolished on locations.icb_code = abolished.icb_code
left join {{ ref('int_icb_current') }} as boards on abolished.icb_code = boards.icb_code
