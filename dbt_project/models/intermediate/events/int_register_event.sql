-- Annotation, its removal and its restoration, as events of the person; the network is the primary one in post
-- that month, else that of the newest independent-prescribing enrolment.
with

register as (

    select *
    from {{ ref('int_register_current') }}

),

changes as (

    select
        person_key,
        'annotated' as event_type,
        annotated_on as event_date,
        coalesce(annotation_seen_on, snapshot_date) as reported_at,
        profession,
        annotation_route,
        source_file_sha256,
        source_line
    from register
    where annotated_on is not null

    union all

    select
        person_key,
        'annotation_removed' as event_type,
        annotation_removed_on as event_date,
        coalesce(removal_seen_on, snapshot_date) as reported_at,
        profession,
        annotation_route,
        source_file_sha256,
        source_line
    from register
    where annotation_removed_on is not null

    union all

    select
        person_key,
        'annotation_restored' as event_type,
        annotation_restored_on as event_date,
        coalesce(restoration_seen_on, snapshot_date) as reported_at,
        profession,
        annotation_route,
        source_file_sha256,
        source_line
    from register
    where annotation_restored_on is not null

),

primary_posts as (

    select distinct
        person_key,
        period,
        pcn_code
    from {{ ref('int_person_post') }}
    where is_primary_pcn

),

enrolments as (

    select
        person_key,
        pcn_code,
        sector,
        row_number() over (
            partition by person_key
            order by event_date desc, enrolment_id desc
        ) as recency
    from {{ ref('int_provider_event_located') }}
    where strand = 'independent_prescribing'

)

select
    changes.person_key,
    changes.event_type,
    changes.event_date,
    changes.reported_at,
    changes.profession,
    changes.annotation_route as route,
    coalesce(enrolments.sector, 'unknown') as sector,
    coalesce(primary_posts.pcn_code, enrolments.pcn_code) as pcn_code,
    changes.source_file_sha256,
    changes.source_line
from changes
left join primary_posts
    on
        changes.person_key = primary_posts.person_key
        and {{ month_start('changes.event_date') }} = primary_posts.period
left join enrolments on changes.person_key = enrolments.person_key and enrolments.recency = 1
