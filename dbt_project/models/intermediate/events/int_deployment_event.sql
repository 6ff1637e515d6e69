-- First deployment as a prescriber: the first month that ends on or after the annotation in which a pharmacist's posts
-- in one network reach the least FTE that counts. A post held before the annotation is not yet a deployment of one.
with

prescribers as (

    select
        person_key,
        annotated_on
    from {{ ref('int_register_current') }}
    where annotated_on is not null

),

months as (

    select
        posts.person_key,
        posts.period,
        posts.pcn_code,
        prescribers.annotated_on,
        sum(posts.fte) as fte,
        min(posts.started_on) as started_on,
        min(posts.reported_at) as reported_at,
        min(posts.source_file_sha256) as source_file_sha256,
        min(posts.source_line) as source_line
    from {{ ref('int_person_post') }} as posts
    inner join prescribers on posts.person_key = prescribers.person_key
    where
        posts.role in ('pharmacist', 'advanced_pharmacist_practitioner')
        and {{ add_months('posts.period', 1) }} > prescribers.annotated_on
    group by posts.person_key, posts.period, posts.pcn_code, prescribers.annotated_on

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
    greatest(period, annotated_on) as event_date,
    reported_at,
    pcn_code,
    source_file_sha256,
    source_line
from ranked
where recency = 1
