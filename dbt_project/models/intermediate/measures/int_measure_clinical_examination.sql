-- The day a person held the core module and at least one specialist module. Unit: person.
with

passes as (

    select *
    from {{ ref('int_measure_module_pass') }}

),

core as (

    select
        person_key,
        event_date as core_on
    from passes
    where category = 'core'

),

specialist as (

    select
        person_key,
        min(event_date) as specialist_on
    from passes
    where category in ('dermatology', 'cardiology', 'paediatrics', 'ent')
    group by person_key

),

trained as (

    select
        core.person_key,
        greatest(core.core_on, specialist.specialist_on) as event_date
    from core
    inner join specialist on core.person_key = specialist.person_key

),

places as (

    select
        passes.*,
        row_number() over (
            partition by passes.person_key
            order by passes.unit_key
        ) as preference
    from passes
    inner join trained on passes.person_key = trained.person_key and passes.event_date = trained.event_date
    where passes.category in ('core', 'dermatology', 'cardiology', 'paediatrics', 'ent')

)

select
    person_key as unit_key,
    event_date,
    strand,
    sector,
    cast(null as varchar) as category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code
from places
where preference = 1
