-- Networks that reported in a month, with their registered patients, and whether an annotated pharmacist held enough
-- FTE there. Unit: network.
with

reporting as (

    select
        pcn_code,
        month_start as period
    from {{ ref('int_network_reporting') }}
    where feed_id = 'deployment_return' and geography = 'as_was' and is_reporting

),

covered as (

    select distinct
        pcn_code,
        event_date as period
    from {{ ref('int_measure_prescriber_post') }}
    where fte >= {{ var('programme')['coverage_minimum_fte'] }}

),

lists as (

    select *
    from {{ ref('int_list_size_month') }}
    where geography = 'as_was' and org_level = 'pcn'

)

select
    reporting.pcn_code as unit_key,
    reporting.period as event_date,
    'independent_prescribing' as strand,
    'all' as sector,
    cast(null as varchar) as category,
    reporting.pcn_code,
    geography.sub_icb_code,
    geography.icb_code,
    geography.region_code,
    lists.patients,
    covered.pcn_code is not null as is_reached
from reporting
inner join {{ ref('int_pcn_geography') }} as geography
    on
        reporting.pcn_code = geography.pcn_code
        and reporting.period >= geography.valid_from
        and reporting.period <= geography.valid_to
left join covered on reporting.pcn_code = covered.pcn_code and reporting.period = covered.period
left join lists on reporting.pcn_code = lists.org_code and reporting.period = lists.month_start
