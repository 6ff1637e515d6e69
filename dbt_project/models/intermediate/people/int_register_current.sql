-- The newest statement of the register about each person, and when each fact was first seen in a snapshot.
with

snapshots as (

    select
        coalesce(links.resolved_person_key, registrants.person_key) as person_key,
        registrants.snapshot_date,
        registrants.profession,
        registrants.registered_on,
        registrants.registration_status,
        registrants.prescriber_annotated,
        registrants.annotated_on,
        registrants.annotation_route,
        registrants.annotation_removed_on,
        registrants.annotation_restored_on,
        registrants.country,
        registrants.sex,
        registrants.ethnic_group,
        registrants.age_band,
        registrants.source_file_sha256,
        registrants.source_line
    from {{ ref('stg_gphc_register__registrant') }} as registrants
    left join {{ ref('int_person_link') }} as links on registrants.person_key = links.person_key

),

ranked as (

    select
        snapshots.person_key,
        snapshots.snapshot_date,
        snapshots.profession,
        snapshots.registered_on,
        snapshots.registration_status,
        snapshots.prescriber_annotated,
        snapshots.annotated_on,
        snapshots.annotation_route,
        snapshots.annotation_removed_on,
        snapshots.annotation_restored_on,
        snapshots.country,
        snapshots.sex,
        snapshots.ethnic_group,
        snapshots.age_band,
        snapshots.source_file_sha256,
        snapshots.source_line,
        row_number() over (
            partition by snapshots.person_key
            order by snapshots.snapshot_date desc, snapshots.source_file_sha256, snapshots.source_line
        ) as recency
    from snapshots

),

first_seen as (

    select
        person_key,
        min(case when annotated_on is not null then snapshot_date end) as annotation_seen_on,
        min(case when annotation_removed_on is not null then snapshot_date end) as removal_seen_on,
        min(case when annotation_restored_on is not null then snapshot_date end) as restoration_seen_on
    from snapshots
    group by person_key

)

select
    ranked.person_key,
    ranked.snapshot_date,
    ranked.profession,
    ranked.registered_on,
    ranked.registration_status,
    ranked.prescriber_annotated,
    ranked.annotated_on,
    ranked.annotation_route,
    ranked.annotation_removed_on,
    ranked.annotation_restored_on,
    ranked.country,
    ranked.sex,
    ranked.ethnic_group,
    ranked.age_band,
    ranked.source_file_sha256,
    ranked.source_line,
    first_seen.annotation_seen_on,
    first_seen.removal_seen_on,
    first_seen.restoration_seen_on
from ranked
inner join first_seen on ranked.person_key = first_seen.person_key
where ranked.recency = 1
