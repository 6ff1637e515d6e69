-- Prescribers in post and whether they prescribed anything, anywhere, in the three months that end with this one.
-- Months for which the three prescribing returns have come. Unit: person.
with

months as (

    select distinct month_start
    from {{ ref('int_person_prescribing_window') }}

),

active as (

    select distinct
        person_key,
        month_start
    from {{ ref('int_person_prescribing_window') }}

)

select
    posts.unit_key,
    posts.event_date,
    posts.strand,
    posts.sector,
    posts.category,
    posts.pcn_code,
    posts.sub_icb_code,
    posts.icb_code,
    posts.region_code,
    active.person_key is not null as is_reached
from {{ ref('int_measure_prescriber_post') }} as posts
inner join months on posts.event_date = months.month_start
left join active on posts.unit_key = active.person_key and posts.event_date = active.month_start
where posts.is_in_post
