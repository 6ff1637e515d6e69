-- Courses accredited, by the day of the decision; the place is that of the provider's main site. Unit: course.
select
    courses.course_code as unit_key,
    courses.decided_on as event_date,
    courses.strand,
    'all' as sector,
    cast(null as varchar) as category,
    cast(null as varchar) as pcn_code,
    cast(null as varchar) as sub_icb_code,
    courses.icb_code,
    regions.region_code
from {{ ref('int_course_current') }} as courses
left join {{ ref('int_icb_region') }} as regions on courses.icb_code = regions.icb_code
where courses.decision = 'accredited'
