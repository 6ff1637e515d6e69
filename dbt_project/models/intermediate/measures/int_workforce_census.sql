-- FTE and headcount of each pharmacy role at each census and level, in both geographies, with registered patients.
-- Networks that were open and sent nothing are there with zero and is_reporting false.
with

roles as (

    select *
    from {{ ref('stg_pcn_workforce__role') }}

),

placed as (

    select
        event_date as census_month,
        category as pharmacy_role,
        amount as fte,
        person_identifier,
        geography,
        at_pcn_code as pcn_code,
        at_sub_icb_code as sub_icb_code,
        at_icb_code as icb_code,
        at_region_code as region_code
    from ({{ both_geographies(ref('int_measure_workforce_post')) }}) as posts

),

rolled as (

    select
        census_month,
        geography,
        pharmacy_role,
        case
            when grouping(pcn_code) = 0 then 'pcn'
            when grouping(sub_icb_code) = 0 then 'sub_icb'
            when grouping(icb_code) = 0 then 'icb'
            when grouping(region_code) = 0 then 'region'
            else 'england'
        end as org_level,
        case
            when grouping(pcn_code) = 0 then pcn_code
            when grouping(sub_icb_code) = 0 then sub_icb_code
            when grouping(icb_code) = 0 then icb_code
            when grouping(region_code) = 0 then region_code
            else 'ENG'
        end as org_code,
        cast(sum(fte) as double) as fte,
        cast(count(distinct person_identifier) as double) as headcount
    from placed
    group by grouping sets ( -- noqa: PRS
        (census_month, geography, pharmacy_role),
        (census_month, geography, pharmacy_role, region_code),
        (census_month, geography, pharmacy_role, icb_code),
        (census_month, geography, pharmacy_role, sub_icb_code),
        (census_month, geography, pharmacy_role, pcn_code)
    )

),

-- every place in the file of that census, whatever its staff do
present as (

    select distinct
        census_month,
        sub_icb_code,
        icb_code
    from roles

),

networks as (

    -- the level is a column, not a condition of the join: a condition on one side made it quadratic
    select
        *,
        'pcn' as org_level
    from {{ ref('int_network_reporting') }}
    where feed_id = 'pcn_workforce'

),

places as (

    select
        month_start as census_month,
        geography,
        'pcn' as org_level,
        pcn_code as org_code
    from networks

    union all

    select distinct
        census_month,
        geography,
        org_level,
        org_code
    from rolled
    where org_level <> 'pcn' and org_code is not null

    union

    select
        census_month,
        'as_was' as geography,
        'sub_icb' as org_level,
        sub_icb_code as org_code
    from present
    where sub_icb_code is not null

    union

    select
        census_month,
        'as_was' as geography,
        'icb' as org_level,
        icb_code as org_code
    from present
    where icb_code is not null

),

pharmacy_roles as (

    select 'pharmacists' as pharmacy_role
    union all
    select 'advanced_pharmacists' as pharmacy_role
    union all
    select 'pharmacy_technicians' as pharmacy_role
    union all
    select 'trainee_technicians' as pharmacy_role

)

select
    places.census_month,
    places.geography,
    places.org_level,
    places.org_code,
    pharmacy_roles.pharmacy_role,
    coalesce(rolled.fte, 0) as fte,
    coalesce(rolled.headcount, 0) as headcount,
    coalesce(networks.is_reporting, true) as is_reporting,
    lists.patients
from places
cross join pharmacy_roles
left join rolled
    on
        places.census_month = rolled.census_month
        and places.geography = rolled.geography
        and places.org_level = rolled.org_level
        and places.org_code = rolled.org_code
        and pharmacy_roles.pharmacy_role = rolled.pharmacy_role
left join networks
    on
        places.org_level = networks.org_level
        and places.census_month = networks.month_start
        and places.geography = networks.geography
        and places.org_code = networks.pcn_code
left join {{ ref('int_list_size_month') }} as lists
    on
        places.census_month = lists.month_start
        and places.geography = lists.geography
        and places.org_level = lists.org_level
        and places.org_code = lists.org_code
