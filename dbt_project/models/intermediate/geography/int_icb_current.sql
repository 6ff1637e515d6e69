-- Every board that ever was, with the board that serves most of its practices now (ties, and where no map shows its
-- practices: the one that took most of its locations).
with

practices as (

    select
        extract_date,
        practice_code,
        icb_code,
        region_code
    from {{ ref('int_practice_map') }}

),

newest as (

    select max(extract_date) as extract_date
    from practices

),

current_place as (

    select
        practices.practice_code,
        practices.icb_code,
        practices.region_code
    from practices
    inner join newest on practices.extract_date = newest.extract_date

),

pairs as (

    select distinct
        practices.icb_code,
        current_place.icb_code as current_icb_code,
        current_place.region_code,
        practices.practice_code,
        cast(null as varchar) as sub_icb_code
    from practices
    inner join current_place on practices.practice_code = current_place.practice_code

    union all

    select
        shown_icb_code as icb_code,
        icb_code as current_icb_code,
        region_code,
        cast(null as varchar) as practice_code,
        shown_sub_icb_code as sub_icb_code
    from {{ ref('int_icb_change') }}
    where side = 'after' and part_code is null

),

counted as (

    select
        icb_code,
        current_icb_code,
        region_code,
        count(practice_code) as practice_count,
        count(sub_icb_code) as location_count
    from pairs
    group by icb_code, current_icb_code, region_code

),

-- A board that is still there is its own successor whatever practices moved.
ranked as (

    select
        counted.icb_code,
        counted.current_icb_code,
        counted.region_code,
        row_number() over (
            partition by counted.icb_code
            order by
                case when counted.icb_code = counted.current_icb_code then 0 else 1 end,
                counted.practice_count desc,
                counted.location_count desc,
                counted.current_icb_code
        ) as preference
    from counted

)

select
    icb_code,
    current_icb_code,
    region_code
from ranked
where preference = 1
