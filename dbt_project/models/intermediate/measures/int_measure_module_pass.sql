-- First pass of each clinical examination module. Unit: person and module.
with

passes as (

    select
        person_key,
        person_key || '|' || coalesce(module, 'unknown') as unit_key,
        event_date,
        strand,
        sector,
        coalesce(module, 'unknown') as category,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (partition by person_key, module order by event_date, event_id) as occurrence
    from {{ ref('int_event') }}
    where strand = 'clinical_examination' and event_type = 'passed'

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
from passes
where occurrence = 1
