-- Every network that ever was, with the network it is now and where that lies now: the board and region are those of
-- its sub-ICB location today, which a later file may show when the network itself is not in one.
with

networks as (

    select distinct pcn_code
    from {{ ref('int_pcn_geography') }}

),

successors as (

    select *
    from {{ ref('int_pcn_successor') }}

),

latest as (

    select *
    from {{ ref('int_pcn_geography') }}
    where valid_to = cast('9999-12-31' as date)

)

select
    networks.pcn_code,
    latest.pcn_code as current_pcn_code,
    latest.sub_icb_code,
    coalesce(parents.icb_code, latest.icb_code) as icb_code,
    coalesce(parents.region_code, latest.region_code) as region_code
from networks
left join successors on networks.pcn_code = successors.pcn_code
left join latest on latest.pcn_code = coalesce(successors.successor_code, networks.pcn_code)
left join {{ ref('int_sub_icb_parent') }} as parents on latest.sub_icb_code = parents.sub_icb_code
