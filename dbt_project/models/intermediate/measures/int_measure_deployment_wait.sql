-- From annotation by the programme-funded route to the first post as a prescriber. People who already held a post in
-- a network in a month before that of the annotation are shown apart. Unit: person.
with

annotated as (

    select *
    from {{ ref('int_measure_annotation') }}
    where category = 'programme_funded'

),

monthly as (

    select
        person_key,
        period,
        sum(fte) as fte
    from {{ ref('int_person_post') }}
    where role in ('pharmacist', 'advanced_pharmacist_practitioner')
    group by person_key, period, pcn_code

),

first_post as (

    select
        person_key,
        min(period) as period
    from monthly
    where fte >= {{ var('programme')['deployed_minimum_fte'] }}
    group by person_key

),

deployments as (

    select
        person_key,
        event_date as deployed_on
    from {{ ref('int_deployment_event') }}

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

)

select
    annotated.unit_key,
    annotated.event_date,
    annotated.strand,
    annotated.sector,
    case
        when first_post.period < {{ month_start('annotated.event_date') }} then 'already_deployed'
        else 'waiting'
    end as category,
    annotated.pcn_code,
    annotated.sub_icb_code,
    annotated.icb_code,
    annotated.region_code,
    {{ days_between('annotated.event_date', 'coalesce(deployments.deployed_on, build.vintage)') }} as duration_days,
    case when deployments.person_key is null then 'censored' else 'deployed' end as outcome,
    true as is_mature,
    coalesce(first_post.period < {{ month_start('annotated.event_date') }}, false) as is_reached
from annotated
cross join build
left join first_post on annotated.unit_key = first_post.person_key
left join deployments on annotated.unit_key = deployments.person_key
where annotated.event_date <= build.vintage
