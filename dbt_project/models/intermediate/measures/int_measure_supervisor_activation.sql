-- Supervisors trained, and whether they supervised within the horizon: linked to a learner, active, or named by a
-- provider as a learner's supervisor. Unit: person and kind.
with

trained as (

    select *
    from {{ ref('int_measure_supervisor_trained') }}

),

signs as (

    select
        person_key,
        event_date
    from {{ ref('int_event') }}
    where strand = 'supervisors' and event_type in ('linked', 'active')

    union all

    select
        supervisor_key as person_key,
        event_date
    from {{ ref('int_supervisor_confirmation') }}

),

supervised as (

    select distinct trained.unit_key
    from trained
    inner join signs
        on
            trained.person_key = signs.person_key
            and trained.event_date <= signs.event_date
            and {{ add_days('trained.event_date', metric_horizon_days('supervisor_activation')) }} >= signs.event_date

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

)

select
    trained.unit_key,
    trained.event_date,
    trained.strand,
    trained.sector,
    trained.category,
    trained.pcn_code,
    trained.sub_icb_code,
    trained.icb_code,
    trained.region_code,
    {{ add_days('trained.event_date', metric_horizon_days('supervisor_activation')) }} <= build.vintage as is_mature,
    supervised.unit_key is not null as is_reached
from trained
cross join build
left join supervised on trained.unit_key = supervised.unit_key
