-- Starters and whether they passed within 18 months (the registry's horizon). Unit: person in a strand.
with

starters as (

    select *
    from {{ ref('int_measure_start') }}
    where strand in ('independent_prescribing', 'technician_accreditation')

),

passes as (

    select
        person_key || '|' || strand as unit_key,
        min(event_date) as passed_on
    from {{ ref('int_event') }}
    where event_type = 'passed'
    group by person_key || '|' || strand

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

)

select
    starters.unit_key,
    starters.event_date,
    starters.strand,
    starters.sector,
    cast(null as varchar) as category,
    starters.pcn_code,
    starters.sub_icb_code,
    starters.icb_code,
    starters.region_code,
    {{ add_days('starters.event_date', metric_horizon_days('completion_18_months')) }} <= build.vintage as is_mature,
    coalesce(
        passes.passed_on >= starters.event_date
        and {{ days_between('starters.event_date', 'passes.passed_on') }}
        <= {{ metric_horizon_days('completion_18_months') }},
        false
    ) as is_reached
from starters
cross join build
left join passes on starters.unit_key = passes.unit_key
