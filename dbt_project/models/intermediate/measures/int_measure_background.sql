-- Starters of independent prescribing with what the register says of them. Unit: person in a strand.
select
    completions.unit_key,
    completions.event_date,
    completions.strand,
    completions.sector,
    cast(null as varchar) as category,
    completions.pcn_code,
    completions.sub_icb_code,
    completions.icb_code,
    completions.region_code,
    completions.is_mature,
    completions.is_reached,
    {{ financial_year_start('completions.event_date') }} as start_year,
    nullif(register.sex, 'not_stated') as sex,
    nullif(register.ethnic_group, 'not_stated') as ethnic_group,
    register.age_band
from {{ ref('int_measure_completion') }} as completions
inner join {{ ref('int_measure_start') }} as starts on completions.unit_key = starts.unit_key
left join {{ ref('int_register_current') }} as register on starts.person_key = register.person_key
where completions.strand = 'independent_prescribing'
