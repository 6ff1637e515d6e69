-- What providers say happened, one row per event: the newest statement stands, and an exit followed by later
-- progress was a deferral that the provider coded as a withdrawal.
with

statements as (

    select
        coalesce(links.resolved_person_key, statements.person_key) as person_key,
        statements.enrolment_id,
        statements.supervisor_key,
        statements.provider_code,
        statements.strand,
        statements.event_type,
        statements.event_date,
        statements.reported_at,
        statements.profession,
        statements.course_code,
        statements.module,
        coalesce(statements.attempt, 1) as attempt,
        statements.sector,
        statements.practice_code,
        statements.pcn_code,
        statements.reason,
        statements.supervisor_kind,
        statements.source_file_sha256,
        statements.source_line,
        -- an interval may recur, so its start belongs to its identity; any other event happens once a sitting
        case
            when statements.event_type in ('deferred', 'resumed') then statements.event_date
        end as recurrence
    from {{ ref('stg_provider_return__event') }} as statements
    left join {{ ref('int_person_link') }} as links on statements.person_key = links.person_key

),

ranked as (

    select
        *,
        row_number() over (
            partition by enrolment_id, event_type, module, attempt, supervisor_kind, recurrence
            order by reported_at desc, source_file_sha256, source_line desc
        ) as recency,
        min(reported_at) over (
            partition by enrolment_id, event_type, module, attempt, supervisor_kind, recurrence, event_date
        ) as first_reported_at,
        first_value(person_key) over (
            partition by enrolment_id
            order by reported_at desc, source_file_sha256, source_line desc
            rows between unbounded preceding and unbounded following
        ) as newest_person_key
    from statements

),

current_statements as (

    select *
    from ranked
    where recency = 1

),

progress as (

    select
        enrolment_id,
        max(event_date) as last_progress_on
    from current_statements
    where event_type in ('resumed', 'practice_hours_completed', 'passed', 'referred', 'failed', 'certificate_issued')
    group by enrolment_id

)

select
    current_statements.newest_person_key as person_key,
    current_statements.enrolment_id,
    current_statements.supervisor_key,
    current_statements.provider_code,
    current_statements.strand,
    case
        when current_statements.event_type = 'withdrawn' and progress.last_progress_on > current_statements.event_date
            then 'deferred'
        else current_statements.event_type
    end as event_type,
    current_statements.event_date,
    current_statements.first_reported_at as reported_at,
    current_statements.profession,
    current_statements.course_code,
    current_statements.module,
    current_statements.attempt,
    coalesce(current_statements.sector, 'unknown') as sector,
    current_statements.practice_code,
    current_statements.pcn_code,
    current_statements.reason,
    current_statements.supervisor_kind,
    current_statements.source_file_sha256,
    current_statements.source_line
from current_statements
left join progress on current_statements.enrolment_id = progress.enrolment_id
