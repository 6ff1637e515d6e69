-- The newest statement about each course; its board is that of the first snapshot to show the decision, because
-- boards merge and a decision stays where it was made.
with

ranked as (

    select
        *,
        row_number() over (partition by course_code order by snapshot_date desc, source_line) as recency,
        first_value(icb_code) over (
            partition by course_code
            order by case when decided_on is null then 1 else 0 end, snapshot_date, source_line
        ) as icb_code_at_decision
    from {{ ref('stg_accredited_courses__course') }}

)

select
    course_code,
    course_title,
    provider_code,
    icb_code_at_decision as icb_code,
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
