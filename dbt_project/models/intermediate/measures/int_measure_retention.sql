-- How long people stay after their first post as a prescriber: in the same network (followed as it is now, so that a
-- merger is no move) and in any network. A month in which the network sent no return says nothing about anybody in
-- it. Unit: person; one row for each of the two kinds of staying (category).
with

deployments as (

    select
        events.person_key,
        events.event_date,
        events.strand,
        events.sector,
        events.pcn_code,
        events.sub_icb_code,
        events.icb_code,
        events.region_code,
        coalesce(networks.current_pcn_code, events.pcn_code) as network,
        {{ month_start('events.event_date') }} as deployed_month
    from {{ ref('int_event') }} as events
    left join {{ ref('int_pcn_current') }} as networks on events.pcn_code = networks.pcn_code
    where events.event_type = 'deployed'

),

reporting as (

    select distinct
        coalesce(networks.current_pcn_code, posts.pcn_code) as network,
        posts.period
    from {{ ref('stg_deployment_return__post') }} as posts
    left join {{ ref('int_pcn_current') }} as networks on posts.pcn_code = networks.pcn_code

),

listed as (

    select
        posts.person_key,
        coalesce(networks.current_pcn_code, posts.pcn_code) as network,
        posts.period,
        sum(posts.fte) as fte
    from {{ ref('int_person_post') }} as posts
    inner join deployments on posts.person_key = deployments.person_key and posts.period >= deployments.deployed_month
    left join {{ ref('int_pcn_current') }} as networks on posts.pcn_code = networks.pcn_code
    where posts.role in ('pharmacist', 'advanced_pharmacist_practitioner')
    group by posts.person_key, coalesce(networks.current_pcn_code, posts.pcn_code), posts.period

),

-- the same network: months in which it reported and did not list the person
left_network as (

    select
        deployments.person_key,
        min(case when listed.person_key is null then reporting.period end) as left_month,
        max(reporting.period) as last_month
    from deployments
    inner join reporting
        on deployments.network = reporting.network and deployments.deployed_month <= reporting.period
    left join listed
        on
            deployments.person_key = listed.person_key
            and deployments.network = listed.network
            and reporting.period = listed.period
    where listed.person_key is not null or reporting.period > deployments.deployed_month
    group by deployments.person_key

),

-- any network: after each month in post, the network that listed the person (R2) reports without anybody else
-- listing them
months as (

    select
        person_key,
        period,
        network,
        row_number() over (
            partition by person_key, period
            order by fte desc, network
        ) as preference
    from listed

),

spells as (

    select
        person_key,
        period,
        network,
        lead(period) over (partition by person_key order by period) as next_month
    from months
    where preference = 1

),

left_everything as (

    select
        spells.person_key,
        min(reporting.period) as left_month
    from spells
    inner join reporting
        on
            spells.network = reporting.network
            and spells.period < reporting.period
            and (spells.next_month is null or spells.next_month > reporting.period)
    group by spells.person_key

),

last_listed as (

    select
        person_key,
        max(period) as last_month
    from listed
    group by person_key

),

stays as (

    select
        deployments.*,
        'same_network' as category,
        left_network.left_month,
        left_network.last_month
    from deployments
    left join left_network on deployments.person_key = left_network.person_key

    union all

    select
        deployments.*,
        'any_network' as category,
        left_everything.left_month,
        last_listed.last_month
    from deployments
    left join left_everything on deployments.person_key = left_everything.person_key
    left join last_listed on deployments.person_key = last_listed.person_key

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

)

select
    stays.person_key as unit_key,
    stays.event_date,
    stays.strand,
    stays.sector,
    stays.category,
    stays.pcn_code,
    stays.sub_icb_code,
    stays.icb_code,
    stays.region_code,
    greatest(
        {{ days_between(
            'stays.event_date',
            'coalesce(stays.left_month, least('
            ~ add_days(add_months('stays.last_month', 1), -1)
            ~ ', build.vintage), stays.event_date)'
        ) }},
        0
    ) as duration_days,
    case when stays.left_month is null then 'censored' else 'left' end as outcome,
    {{ add_days('stays.event_date', metric_horizon_days('retention_12_months_same_pcn')) }}
    <= build.vintage as is_mature
from stays
cross join build
