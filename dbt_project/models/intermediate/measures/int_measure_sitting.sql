-- First sittings: the earliest outcome of attempt 1. Unit: person, strand and module (empty where a strand has none).
with

sittings as (

    select
        person_key || '|' || strand || '|' || coalesce(module, '') as unit_key,
        event_type,
        event_date,
        strand,
        sector,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (
            partition by person_key, strand, coalesce(module, '')
            order by event_date, event_id
        ) as occurrence
    from {{ ref('int_event') }}
    where
        strand in ('independent_prescribing', 'technician_accreditation', 'clinical_examination')
        and event_type in ('passed', 'referred', 'failed')
        and attempt = 1

)

select
    unit_key,
    event_date,
    strand,
    sector,
    event_type as category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code,
    event_type = 'passed' as is_reached
from sittings
where occurrence = 1
