-- First pass of a technician on a course that was accredited on the day. Unit: person.
with

passes as (

    select
        events.person_key as unit_key,
        events.event_date,
        events.strand,
        events.sector,
        events.course_code as category,
        events.pcn_code,
        events.sub_icb_code,
        events.icb_code,
        events.region_code,
        row_number() over (partition by events.person_key order by events.event_date, events.event_id) as occurrence
    from {{ ref('int_event') }} as events
    inner join {{ ref('int_course_current') }} as courses
        on
            events.course_code = courses.course_code
            and courses.decision = 'accredited'
            and courses.decided_on <= events.event_date
            and (courses.valid_to is null or courses.valid_to >= events.event_date)
    where events.strand = 'technician_accreditation' and events.event_type = 'passed'

)

select
    unit_key,
    event_date,
    strand,
    sector,
    category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code
from passes
where occurrence = 1
