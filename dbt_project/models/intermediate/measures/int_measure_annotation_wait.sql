-- From passing to annotation on the register, for those who were not annotated before. Unit: person.
with

passes as (

    select
        *,
        row_number() over (partition by person_key order by event_date, event_id) as occurrence
    from {{ ref('int_event') }}
    where strand = 'independent_prescribing' and event_type = 'passed'

),

annotations as (

    select
        unit_key as person_key,
        event_date as annotated_on
    from {{ ref('int_measure_annotation') }}

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

)

select
    passes.person_key as unit_key,
    passes.event_date,
    passes.strand,
    passes.sector,
    cast(null as varchar) as category,
    passes.pcn_code,
    passes.sub_icb_code,
    passes.icb_code,
    passes.region_code,
    {{ days_between('passes.event_date', 'coalesce(annotations.annotated_on, build.vintage)') }} as duration_days,
    case when annotations.person_key is null then 'censored' else 'annotated' end as outcome,
    true as is_mature
from passes
cross join build
left join annotations on passes.person_key = annotations.person_key
where
    passes.occurrence = 1
    and passes.event_date <= build.vintage
    and (annotations.annotated_on is null or annotations.annotated_on >= passes.event_date)
