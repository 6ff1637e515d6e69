with

source_rows as (

    select *
    from {{ source('gphc_register', 'gphc_register') }}

),

renamed as (

    select
        source_rows.person_key,
        source_rows.snapshot_date,
        source_rows.profession,
        source_rows.registered_on,
        source_rows.registration_status,
        source_rows.removed_on,
        source_rows.restored_on,
        source_rows.prescriber_annotated,
        source_rows.annotated_on,
        source_rows.annotation_route,
        source_rows.annotation_removed_on,
        source_rows.annotation_restored_on,
        source_rows.country,
        source_rows.sex,
        source_rows.ethnic_group,
        source_rows.age_band,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
