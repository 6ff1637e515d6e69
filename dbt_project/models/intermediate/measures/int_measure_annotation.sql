-- First annotations. Unit: person.
select
    person_key as unit_key,
    event_date,
    strand,
    sector,
    coalesce(route, 'unknown') as category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code
from {{ ref('int_event') }}
where event_type = 'annotated'
