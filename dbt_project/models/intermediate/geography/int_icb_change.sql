-- What a place shown by a file is on other days: boards that were abolished read as their successors from the day of
-- the change on, new boards as their predecessors before it. A published file that already shows the new boards
-- overrules the seed: in the code of the board of a location, and in where each part of a divided location went.
with

seeded as (

    select changes.*
    from {{ ref('icb_change') }} as changes
    cross join {{ source('build', 'build_info') }} as build
    where changes.effective_on <= build.vintage

),

observed as (

    select
        sub_icb_code,
        icb_code,
        region_code,
        coalesce(pcn_code, practice_code) as part_code,
        extract_date as observed_on
    from {{ ref('stg_practice_map__practice') }}

    union all

    select
        sub_icb_code,
        icb_code,
        region_code,
        pcn_code as part_code,
        census_month as observed_on
    from {{ ref('stg_pcn_workforce__role') }}
    where icb_code is not null

),

-- places that files of the day of the change or later show, without what still names an abolished board
after_change as (

    select
        days.effective_on,
        observed.sub_icb_code,
        observed.icb_code,
        observed.region_code,
        observed.part_code,
        max(observed.observed_on) as observed_on,
        count(*) as row_count
    from observed
    inner join (select distinct effective_on from seeded) as days on observed.observed_on >= days.effective_on
    where observed.icb_code not in (select from_icb_code from seeded)
    group by days.effective_on, observed.sub_icb_code, observed.icb_code, observed.region_code, observed.part_code

),

shown_board as (

    select
        effective_on,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (
            partition by effective_on, sub_icb_code
            order by max(observed_on) desc, sum(row_count) desc, icb_code
        ) as recency
    from after_change
    group by effective_on, sub_icb_code, icb_code, region_code

),

resolved as (

    select
        seeded.sub_icb_code,
        seeded.part_code,
        seeded.from_icb_code,
        seeded.from_region_code,
        seeded.to_sub_icb_code,
        coalesce(shown_board.icb_code, seeded.to_icb_code) as to_icb_code,
        coalesce(shown_board.region_code, seeded.to_region_code) as to_region_code,
        seeded.effective_on
    from seeded
    left join shown_board
        on
            seeded.to_sub_icb_code = shown_board.sub_icb_code
            and seeded.effective_on = shown_board.effective_on
            and shown_board.recency = 1

),

divided as (

    select distinct
        resolved.sub_icb_code,
        resolved.from_icb_code,
        resolved.from_region_code,
        resolved.effective_on,
        observed.part_code
    from resolved
    inner join observed
        on resolved.sub_icb_code = observed.sub_icb_code and resolved.from_icb_code = observed.icb_code
    where resolved.part_code is not null

),

shown_part as (

    select
        divided.sub_icb_code,
        divided.part_code,
        divided.from_icb_code,
        divided.from_region_code,
        after_change.sub_icb_code as to_sub_icb_code,
        after_change.icb_code as to_icb_code,
        after_change.region_code as to_region_code,
        divided.effective_on,
        row_number() over (
            partition by divided.sub_icb_code, divided.from_icb_code, divided.effective_on, divided.part_code
            order by after_change.observed_on desc, after_change.row_count desc, after_change.sub_icb_code
        ) as recency
    from divided
    inner join after_change
        on divided.effective_on = after_change.effective_on and divided.part_code = after_change.part_code

),

forward as (

    select
        resolved.sub_icb_code as shown_sub_icb_code,
        resolved.from_icb_code as shown_icb_code,
        resolved.part_code,
        resolved.to_sub_icb_code as sub_icb_code,
        resolved.to_icb_code as icb_code,
        resolved.to_region_code as region_code,
        resolved.effective_on
    from resolved
    left join shown_part
        on
            resolved.sub_icb_code = shown_part.sub_icb_code
            and resolved.from_icb_code = shown_part.from_icb_code
            and resolved.part_code = shown_part.part_code
            and resolved.effective_on = shown_part.effective_on
            and shown_part.recency = 1
    where shown_part.part_code is null

    union all

    select
        sub_icb_code as shown_sub_icb_code,
        from_icb_code as shown_icb_code,
        part_code,
        to_sub_icb_code as sub_icb_code,
        to_icb_code as icb_code,
        to_region_code as region_code,
        effective_on
    from shown_part
    where recency = 1

),

backward as (

    select
        to_sub_icb_code as shown_sub_icb_code,
        to_icb_code as shown_icb_code,
        part_code,
        sub_icb_code,
        from_icb_code as icb_code,
        from_region_code as region_code,
        effective_on,
        row_number() over (
            partition by to_sub_icb_code, to_icb_code, part_code
            order by effective_on, sub_icb_code
        ) as preference
    from resolved

)

select
    shown_sub_icb_code,
    shown_icb_code,
    part_code,
    sub_icb_code,
    icb_code,
    region_code,
    'after' as side,
    effective_on,
    effective_on as valid_from,
    coalesce(
        {{ add_days('lead(effective_on) over (
            partition by shown_sub_icb_code, shown_icb_code, part_code order by effective_on
        )', -1) }},
        cast('9999-12-31' as date)
    ) as valid_to
from forward

union all

select
    shown_sub_icb_code,
    shown_icb_code,
    part_code,
    sub_icb_code,
    icb_code,
    region_code,
    'before' as side,
    effective_on,
    cast('1900-01-01' as date) as valid_from,
    {{ add_days('effective_on', -1) }} as valid_to
from backward
where preference = 1
