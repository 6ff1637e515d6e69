-- What became of everyone who started independent prescribing: passed in time, withdrew in time, in post in a network
-- as a prescriber in time, and still in a network a year after that first post. Spend is set against these.
-- Unit: person.
with

starters as (

    select *
    from {{ ref('int_measure_start') }}
    where strand = 'independent_prescribing'

),

passes as (

    select unit_key
    from {{ ref('int_measure_completion') }}
    where is_reached

),

withdrawals as (

    select unit_key
    from {{ ref('int_measure_journey') }}
    where outcome = 'withdrawn' and duration_days <= {{ metric_horizon_days('spend_on_withdrawn') }}

),

deployments as (

    select
        person_key,
        event_date as deployed_on
    from {{ ref('int_deployment_event') }}

),

anniversaries as (

    select
        person_key,
        deployed_on,
        {{ month_start(add_days('deployed_on', metric_horizon_days('retention_12_months_primary_care'))) }}
            as anniversary_month
    from deployments

),

retained as (

    select distinct
        anniversaries.person_key,
        anniversaries.deployed_on
    from anniversaries
    inner join {{ ref('int_person_post') }} as posts
        on anniversaries.person_key = posts.person_key and anniversaries.anniversary_month = posts.period
    where posts.role in ('pharmacist', 'advanced_pharmacist_practitioner')

)

select
    starters.unit_key,
    starters.event_date,
    starters.strand,
    starters.sector,
    cast(null as varchar) as category,
    starters.pcn_code,
    starters.sub_icb_code,
    starters.icb_code,
    starters.region_code,
    passes.unit_key is not null as is_passed,
    withdrawals.unit_key is not null as is_withdrawn,
    deployments.person_key is not null as is_deployed,
    retained.person_key is not null as is_retained
from starters
left join passes on starters.unit_key = passes.unit_key
left join withdrawals on starters.unit_key = withdrawals.unit_key
left join deployments
    on
        starters.person_key = deployments.person_key
        and starters.event_date <= deployments.deployed_on
        and deployments.deployed_on
        <= {{ add_days('starters.event_date', metric_horizon_days('cost_per_deployed_prescriber')) }}
left join retained on starters.person_key = retained.person_key and starters.event_date <= retained.deployed_on
