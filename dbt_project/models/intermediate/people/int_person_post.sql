-- People in post by month, with each person's primary network (rule R2: highest FTE, earliest start, lowest code).
with

posts as (

    select
        coalesce(links.resolved_person_key, posts.person_key) as person_key,
        posts.period,
        posts.reported_at,
        posts.pcn_code,
        posts.role,
        posts.fte,
        coalesce(posts.started_on, posts.period) as started_on,
        posts.prescribing_role,
        posts.source_file_sha256,
        posts.source_line
    from {{ ref('stg_deployment_return__post') }} as posts
    left join {{ ref('int_person_link') }} as links on posts.person_key = links.person_key
    where posts.role <> 'nil_return' and posts.person_key is not null

),

by_network as (

    select
        person_key,
        period,
        pcn_code,
        sum(fte) as fte,
        min(started_on) as started_on
    from posts
    group by person_key, period, pcn_code

),

ranked as (

    select
        person_key,
        period,
        pcn_code,
        row_number() over (
            partition by person_key, period
            order by fte desc, started_on, pcn_code
        ) as preference
    from by_network

)

select
    posts.person_key,
    posts.period,
    posts.reported_at,
    posts.pcn_code,
    posts.role,
    posts.fte,
    posts.started_on,
    posts.prescribing_role,
    coalesce(ranked.preference = 1, false) as is_primary_pcn,
    posts.source_file_sha256,
    posts.source_line
from posts
left join ranked
    on
        posts.person_key = ranked.person_key
        and posts.period = ranked.period
        and posts.pcn_code = ranked.pcn_code
