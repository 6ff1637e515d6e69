-- Active learners on the last day of each month: started and neither passed, withdrawn nor failed for good by then;
-- a deferred learner is active. Where the learner was is what the latest event in the strand by that day says, whoever
-- told of it (rule R4: stock follows the person); where that network lay is as of the first day of the month. Unit:
-- person in a strand, one row a month.
with

learners as (

    select
        unit_key,
        strand,
        event_date as started_on,
        case
            when outcome = 'censored' then cast('9999-12-31' as date)
            else {{ add_days('event_date', 'duration_days') }}
        end as left_on
    from {{ ref('int_measure_journey') }}

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

-- up to the last month that has ended by the cut-off
bounds as (

    select
        cast('{{ var('programme')['start'] }}' as date) as first_period,
        {{ add_months(month_start(add_days('vintage', 1)), -1) }} as last_period
    from build

),

months as (

    select
        series.month_start as period,
        {{ add_days(add_months('series.month_start', 1), -1) }} as last_day
    from bounds
    cross join lateral ({{ month_series('bounds.first_period', 'bounds.last_period') }}) as series

),

active as (

    select
        learners.unit_key,
        learners.strand,
        months.period,
        months.last_day
    from learners
    inner join months
        on
            learners.started_on <= months.last_day
            and learners.left_on > months.last_day

),

events as (

    select
        person_key || '|' || strand as unit_key,
        event_type,
        event_date,
        event_id,
        sector,
        pcn_code
    from {{ ref('int_event') }}
    where strand in ('independent_prescribing', 'technician_accreditation')

),

-- what holds from one event to the next; an end without a limit, so that the joins compare and nothing else
places as (

    select
        unit_key,
        sector,
        pcn_code,
        event_date as valid_from,
        lead(event_date, 1, cast('9999-12-31' as date)) over (
            partition by unit_key
            order by event_date, event_id
        ) as next_from
    from events

),

-- deferred and resumed on one day: resumed
breaks as (

    select
        unit_key,
        event_type = 'deferred' as is_deferred,
        event_date as valid_from,
        lead(event_date, 1, cast('9999-12-31' as date)) over (
            partition by unit_key
            order by event_date, event_type
        ) as next_from
    from events
    where event_type in ('deferred', 'resumed')

),

confirmations as (

    select
        person_key || '|' || strand as unit_key,
        supervisor_key,
        event_date as valid_from,
        lead(event_date, 1, cast('9999-12-31' as date)) over (
            partition by person_key, strand
            order by event_date, event_id
        ) as next_from
    from {{ ref('int_supervisor_confirmation') }}

),

supervisor_boards as (

    select distinct
        coalesce(links.resolved_person_key, supervisors.person_key) as supervisor_key,
        coalesce(boards.current_icb_code, supervisors.icb_code) as icb_code
    from {{ ref('stg_supervisor_register__supervisor') }} as supervisors
    left join {{ ref('int_person_link') }} as links on supervisors.person_key = links.person_key
    left join {{ ref('int_icb_current') }} as boards on supervisors.icb_code = boards.icb_code
    where
        supervisors.snapshot_date = (
            select max(newest.snapshot_date)
            from {{ ref('stg_supervisor_register__supervisor') }} as newest
        )

),

placed as (

    select
        active.unit_key,
        active.strand,
        active.period,
        places.sector,
        places.pcn_code,
        networks.icb_code as current_icb_code,
        coalesce(breaks.is_deferred, false) as is_deferred,
        confirmations.supervisor_key
    from active
    left join places
        on
            active.unit_key = places.unit_key
            and active.last_day >= places.valid_from
            and active.last_day < places.next_from
    left join breaks
        on
            active.unit_key = breaks.unit_key
            and active.last_day >= breaks.valid_from
            and active.last_day < breaks.next_from
    left join confirmations
        on
            active.unit_key = confirmations.unit_key
            and active.last_day >= confirmations.valid_from
            and active.last_day < confirmations.next_from
    left join {{ ref('int_pcn_current') }} as networks on places.pcn_code = networks.pcn_code

)

select
    placed.unit_key,
    placed.period as event_date,
    placed.strand,
    placed.sector,
    cast(null as varchar) as category,
    placed.pcn_code,
    geography.sub_icb_code,
    geography.icb_code,
    geography.region_code,
    placed.is_deferred,
    placed.supervisor_key,
    supervisor_boards.supervisor_key is not null as has_local_supervisor
from placed
left join {{ ref('int_pcn_geography') }} as geography
    on
        placed.pcn_code = geography.pcn_code
        and placed.period >= geography.valid_from
        and placed.period <= geography.valid_to
left join supervisor_boards
    on
        placed.supervisor_key = supervisor_boards.supervisor_key
        and placed.current_icb_code = supervisor_boards.icb_code
