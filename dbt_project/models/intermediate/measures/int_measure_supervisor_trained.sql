-- Supervisors trained, first time in each kind. Unit: person and kind.
with

trained as (

    select
        person_key || '|' || coalesce(supervisor_kind, 'unknown') as unit_key,
        person_key,
        event_date,
        strand,
        sector,
        coalesce(supervisor_kind, 'unknown') as category,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (partition by person_key, supervisor_kind order by event_date, event_id) as occurrence
    from {{ ref('int_event') }}
    where strand = 'supervisors' and event_type = 'trained'

)

select
    unit_key,
    person_key,
    event_date,
    strand,
    sector,
    category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code
from trained
where occurrence = 1
