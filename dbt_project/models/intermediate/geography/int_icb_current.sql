-- Every board that ever was, with the board that serves most of its practices now.
with

practices as (

    select
        extract_date,
        practice_code,
        icb_code,
        region_code
    from {{ ref('stg_practice_map__practice') }}

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

counted as (

    select
        practices.icb_code,
        current_place.icb_code as current_icb_code,
        current_place.region_code,
        count(*) as practice_count
    from practices
    inner join current_place on practices.practice_code = current_place.practice_code
    group by practices.icb_code, current_place.icb_code, current_place.region_code

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
