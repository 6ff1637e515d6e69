-- The newest board and region of each sub-ICB location, from whichever published file shows it last.
with

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

)

select
    sub_icb_code,
    icb_code,
    region_code
from ranked
where recency = 1
