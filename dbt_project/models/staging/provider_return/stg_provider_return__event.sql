with

source_rows as (

    select *
    from {{ source('provider_return', 'provider_return') }}

),

renamed as (

    select
        source_rows.person_key,
        source_rows.enrolment_key as enrolment_id,
        source_rows.supervisor_key,
        source_rows.provider_code,
        source_rows.strand,
        source_rows.event_type,
        source_rows.event_date,
        source_rows.return_date as reported_at,
        source_rows.profession,
        source_rows.course_code,
        source_rows.module,
        source_rows.attempt,
        source_rows.sector,
        source_rows.practice_code,
        source_rows.pcn_code,
        source_rows.reason,
        source_rows.supervisor_kind,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
