-- Courses accredited, by the day of the decision; the place is that of the provider's main site. Unit: course.
with

parents as (

    select
        icb_code,
        min(region_code) as region_code
    from {{ ref('int_sub_icb_parent') }}
    where icb_code is not null
    group by icb_code

)

select
    courses.course_code as unit_key,
    courses.decided_on as event_date,
    courses.strand,
    'all' as sector,
    cast(null as varchar) as category,
    cast(null as varchar) as pcn_code,
    cast(null as varchar) as sub_icb_code,
    courses.icb_code,
    parents.region_code
from {{ ref('int_course_current') }} as courses
left join parents on courses.icb_code = parents.icb_code
where courses.decision = 'accredited'
