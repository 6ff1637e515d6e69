-- Networks that reported in a month, and whether an annotated pharmacist held enough FTE there. Unit: network.
with

reporting as (

    select distinct
        pcn_code,
        period
    from {{ ref('stg_deployment_return__post') }}

),

prescribers as (

    select
        person_key,
        annotated_on,
        annotation_removed_on,
        annotation_restored_on
    from {{ ref('int_register_current') }}
    where annotated_on is not null

),

posts as (

    select
        person_key,
        period,
        pcn_code,
        sum(fte) as fte
    from {{ ref('int_person_post') }}
    where role in ('pharmacist', 'advanced_pharmacist_practitioner')
    group by person_key, period, pcn_code

),

covered as (

    select distinct
        posts.pcn_code,
        posts.period
    from posts
    inner join prescribers on posts.person_key = prescribers.person_key
    where
        posts.fte >= {{ var('programme')['coverage_minimum_fte'] }}
        and prescribers.annotated_on < {{ add_months('posts.period', 1) }}
        and (
            prescribers.annotation_removed_on is null
            or prescribers.annotation_removed_on >= {{ add_months('posts.period', 1) }}
            or prescribers.annotation_restored_on < {{ add_months('posts.period', 1) }}
        )

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
    covered.pcn_code is not null as is_reached
from reporting
inner join {{ ref('int_pcn_geography') }} as geography
    on
        reporting.pcn_code = geography.pcn_code
        and reporting.period >= geography.valid_from
        and reporting.period <= geography.valid_to
left join covered on reporting.pcn_code = covered.pcn_code and reporting.period = covered.period
