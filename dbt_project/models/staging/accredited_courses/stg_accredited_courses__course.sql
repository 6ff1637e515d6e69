with

source_rows as (

    select *
    from {{ source('accredited_courses', 'accredited_courses') }}

),

renamed as (

    select
        source_rows.snapshot_date,
        source_rows.course_code,
        source_rows.course_title,
        source_rows.provider_code,
        source_rows.icb_code,
        source_rows.strand,
        source_rows.submitted_on,
        source_rows.decided_on,
        source_rows.decision,
        source_rows.valid_to,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
