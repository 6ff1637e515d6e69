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

censuses as (

    select distinct census_month
    from roles

),

-- every place in the file of that census, whatever its staff do
present as (

    select distinct
        census_month,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code
    from roles

),

reporting as (

    select distinct
        present.census_month,
        'as_was' as geography,
        present.pcn_code
    from present

    union

    select distinct
        present.census_month,
        'as_now' as geography,
        coalesce(networks.current_pcn_code, present.pcn_code) as pcn_code
    from present
    left join {{ ref('int_pcn_current') }} as networks on present.pcn_code = networks.pcn_code

),

memberships as (

    select
        censuses.census_month,
        spells.pcn_code
    from censuses
    inner join {{ ref('int_practice_membership') }} as spells
        on
            spells.valid_from < {{ add_months('censuses.census_month', 1) }}
            and coalesce(spells.valid_to, cast('9999-12-31' as date))
            >= {{ add_days(add_months('censuses.census_month', 1), -1) }}

),

open_networks as (

    select distinct
        memberships.census_month,
        'as_was' as geography,
        memberships.pcn_code as org_code
    from memberships

    union

    select distinct
        memberships.census_month,
        'as_now' as geography,
        networks.current_pcn_code as org_code
    from memberships
    inner join {{ ref('int_pcn_current') }} as networks on memberships.pcn_code = networks.pcn_code
    where networks.current_pcn_code is not null

    union

    select
        census_month,
        geography,
        pcn_code as org_code
    from reporting

),

places as (

    select
        census_month,
        geography,
        'pcn' as org_level,
        org_code
    from open_networks

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

),

chosen_list as (

    select
        censuses.census_month,
        coalesce(
            max(case when lists.extract_date <= censuses.census_month then lists.extract_date end),
            min(lists.extract_date)
        ) as extract_date
    from censuses
    left join (select distinct extract_date from {{ ref('int_list_size') }}) as lists on true
    group by censuses.census_month

)

select
    places.census_month,
    places.geography,
    places.org_level,
    places.org_code,
    pharmacy_roles.pharmacy_role,
    coalesce(rolled.fte, 0) as fte,
    coalesce(rolled.headcount, 0) as headcount,
    places.org_level <> 'pcn' or reporting.pcn_code is not null as is_reporting,
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
left join reporting
    on
        places.census_month = reporting.census_month
        and places.geography = reporting.geography
        and places.org_code = reporting.pcn_code
left join chosen_list on places.census_month = chosen_list.census_month
left join {{ ref('int_list_size') }} as lists
    on
        chosen_list.extract_date = lists.extract_date
        and places.geography = lists.geography
        and places.org_level = lists.org_level
        and places.org_code = lists.org_code
