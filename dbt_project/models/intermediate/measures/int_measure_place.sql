-- Commissioned places. Unit: one schedule line; amount: places. Places belong to boards, not to networks.
with

places as (

    select *
    from {{ ref('stg_commissioned_places__place') }}

),

regions as (

    select distinct
        icb_code,
        region_code
    from {{ ref('int_sub_icb_parent') }}
    where icb_code is not null

),

one_region as (

    select
        icb_code,
        min(region_code) as region_code
    from (
        select
            icb_code,
            region_code
        from regions

        union all

        select distinct
            icb_code,
            region_code
        from {{ ref('stg_practice_map__practice') }}
    ) as every_region
    group by icb_code

)

select
    places.strand || '|' || places.icb_code || '|' || cast(places.period as varchar) as unit_key,
    places.period as event_date,
    places.strand,
    'all' as sector,
    cast(null as varchar) as category,
    cast(null as varchar) as pcn_code,
    cast(null as varchar) as sub_icb_code,
    places.icb_code,
    one_region.region_code,
    cast(places.places as decimal(18, 0)) as amount
from places
left join one_region on places.icb_code = one_region.icb_code
