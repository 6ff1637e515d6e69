-- The region of every board that ever was, abolished ones included.
with

observed as (

    select
        icb_code,
        region_code
    from {{ ref('stg_practice_map__practice') }}

    union all

    select
        icb_code,
        region_code
    from {{ ref('stg_pcn_workforce__role') }}

    union all

    select
        icb_code,
        region_code
    from {{ ref('int_icb_change') }}

)

select
    icb_code,
    min(region_code) as region_code
from observed
where icb_code is not null and region_code is not null
group by icb_code
