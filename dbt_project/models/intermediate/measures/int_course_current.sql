-- The newest statement about each course.
with

ranked as (

    select
        *,
        row_number() over (partition by course_code order by snapshot_date desc, source_line) as recency
    from {{ ref('stg_accredited_courses__course') }}

)

select
    course_code,
    course_title,
    provider_code,
    icb_code,
    strand,
    submitted_on,
    decided_on,
    decision,
    valid_to,
    snapshot_date,
    source_file_sha256,
    source_line
from ranked
where recency = 1
