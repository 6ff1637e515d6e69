-- Applications for independent prescribing and what came of them within the horizon: an offer, or a refusal because
-- there was no room. Reasons are texts of providers; vars.programme says which of them mean what. Unit: enrolment.
with

events as (

    select
        *,
        lower(trim(reason)) as stated
    from {{ ref('int_event') }}
    where strand = 'independent_prescribing' and event_type in ('applied', 'offered', 'refused')

),

applications as (

    select
        *,
        row_number() over (partition by enrolment_id order by event_date, event_id) as occurrence
    from events
    where event_type = 'applied'

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

-- a student's row in the wide layout repeats its reason beside every milestone: only that of a refusal is one
answers as (

    select
        applications.enrolment_id,
        events.event_type = 'offered' as is_offer,
        events.event_type = 'refused' and {{ is_reason('events.stated', 'ineligible_reasons') }} as is_ineligible,
        events.event_type = 'refused' and {{ is_reason('events.stated', 'capacity_reasons') }} as is_no_room,
        {{ days_between('applications.event_date', 'events.event_date') }} as days_waited
    from applications
    inner join events on applications.enrolment_id = events.enrolment_id
    where applications.occurrence = 1 and events.event_type in ('offered', 'refused')

),

outcomes as (

    select
        enrolment_id,
        count(case when is_ineligible then 1 end) as ineligible,
        count(
            case
                when is_offer and days_waited between 0 and {{ metric_horizon_days('application_to_offer') }}
                    then 1
            end
        ) as offered,
        count(
            case
                when is_no_room and days_waited between 0 and {{ metric_horizon_days('unmet_demand') }}
                    then 1
            end
        ) as no_room
    from answers
    group by enrolment_id

)

select
    applications.enrolment_id as unit_key,
    applications.event_date,
    applications.strand,
    applications.sector,
    cast(null as varchar) as category,
    applications.pcn_code,
    applications.sub_icb_code,
    applications.icb_code,
    applications.region_code,
    {{ add_days('applications.event_date', metric_horizon_days('application_to_offer')) }} <= build.vintage
        as is_mature,
    coalesce(outcomes.ineligible, 0) = 0 as is_eligible,
    coalesce(outcomes.offered, 0) > 0 as is_reached,
    coalesce(outcomes.no_room, 0) > 0 as is_refused_for_capacity
from applications
cross join build
left join outcomes on applications.enrolment_id = outcomes.enrolment_id
where applications.occurrence = 1
