-- First deployment: the first month in which a pharmacist's posts in one network reach the least FTE that counts.
with

months as (

    select
        person_key,
        period,
        pcn_code,
        sum(fte) as fte,
        min(started_on) as started_on,
        min(reported_at) as reported_at,
        min(source_file_sha256) as source_file_sha256,
        min(source_line) as source_line
    from {{ ref('int_person_post') }}
    where role in ('pharmacist', 'advanced_pharmacist_practitioner')
    group by person_key, period, pcn_code

),

ranked as (

    select
        *,
        row_number() over (partition by person_key order by period, fte desc, started_on, pcn_code) as recency
    from months
    where fte >= {{ var('programme')['deployed_minimum_fte'] }}

)

select
    person_key,
    'deployed' as event_type,
    started_on as event_date,
    reported_at,
    pcn_code,
    source_file_sha256,
    source_line
from ranked
where recency = 1
