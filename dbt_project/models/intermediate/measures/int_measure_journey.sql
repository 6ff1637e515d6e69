-- How long each starter took to leave the strand, and how: passed, withdrawn, failed for the last time, or still
-- there at the data cut-off (censored; a deferred learner is still there). Unit: person in a strand.
with

starters as (

    select *
    from {{ ref('int_measure_start') }}
    where strand in ('independent_prescribing', 'technician_accreditation')

),

sittings as (

    select
        person_key,
        strand,
        event_type,
        event_date,
        max(event_date) over (partition by person_key, strand) as last_sat_on
    from {{ ref('int_event') }}
    where event_type in ('passed', 'referred', 'failed')

),

providers as (

    select
        person_key,
        strand,
        provider_code,
        min(case when event_type = 'started' then event_date end) as started_on,
        min(case when event_type = 'withdrawn' then event_date end) as withdrawn_on
    from {{ ref('int_event') }}
    where event_type in ('started', 'withdrawn')
    group by person_key, strand, provider_code

),

-- leaving one provider while in training with another is a move, not a withdrawal
withdrawals as (

    select
        leaving.person_key,
        leaving.strand,
        leaving.withdrawn_on
    from providers as leaving
    left join providers as staying
        on
            leaving.person_key = staying.person_key
            and leaving.strand = staying.strand
            and leaving.provider_code <> staying.provider_code
            and leaving.withdrawn_on >= staying.started_on
            and leaving.withdrawn_on < coalesce(staying.withdrawn_on, cast('9999-12-31' as date))
    where leaving.withdrawn_on is not null and staying.person_key is null

),

exits as (

    select
        person_key,
        strand,
        event_type as outcome,
        event_date
    from sittings
    where event_type = 'passed' or (event_type = 'failed' and event_date = last_sat_on)

    union all

    select
        person_key,
        strand,
        'withdrawn' as outcome,
        withdrawn_on as event_date
    from withdrawals

),

-- of two exits on one day the better one is what became of the learner
ranked as (

    select
        starters.unit_key,
        exits.outcome,
        exits.event_date,
        row_number() over (
            partition by starters.unit_key
            order by exits.event_date, exits.outcome
        ) as occurrence
    from starters
    inner join exits
        on
            starters.person_key = exits.person_key
            and starters.strand = exits.strand
            and starters.event_date <= exits.event_date

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
    {{ days_between('starters.event_date', 'coalesce(ranked.event_date, build.vintage)') }} as duration_days,
    coalesce(ranked.outcome, 'censored') as outcome,
    {{ add_days('starters.event_date', metric_horizon_days('attrition')) }} <= build.vintage as is_mature
from starters
cross join build
left join ranked on starters.unit_key = ranked.unit_key and ranked.occurrence = 1
where starters.event_date <= build.vintage
