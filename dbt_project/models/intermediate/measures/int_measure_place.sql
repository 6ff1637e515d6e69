-- Commissioned places. Unit: one schedule line; amount: places. Places belong to boards, not to networks.
with

places as (

    select *
    from {{ ref('stg_commissioned_places__place') }}

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
    regions.region_code,
    cast(places.places as decimal(18, 0)) as amount
from places
left join {{ ref('int_icb_region') }} as regions on places.icb_code = regions.icb_code
