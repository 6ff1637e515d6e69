-- The network of an event: as stated if it was open that day, else through the practice's membership that day, else
-- as stated, else that of the same enrolment on another day. A code no published file knows is no network.
with

events as (

    select *
    from {{ ref('int_provider_event') }}

),

networks as (

    select distinct pcn_code
    from {{ ref('int_pcn_geography') }}

),

closures as (

    select
        pcn_code,
        max(coalesce(valid_to, cast('9999-12-31' as date))) as closed_on
    from {{ ref('int_practice_membership') }}
    group by pcn_code

),

direct as (

    select
        events.*,
        coalesce(
            case when events.event_date <= coalesce(closures.closed_on, events.event_date) then networks.pcn_code end,
            memberships.pcn_code,
            networks.pcn_code
        ) as located_pcn_code
    from events
    left join networks on events.pcn_code = networks.pcn_code
    left join closures on events.pcn_code = closures.pcn_code
    left join {{ ref('int_practice_membership') }} as memberships
        on
            events.practice_code = memberships.practice_code
            and events.event_date >= memberships.valid_from
            and events.event_date <= coalesce(memberships.valid_to, cast('9999-12-31' as date))

),

by_enrolment as (

    select
        enrolment_id,
        located_pcn_code,
        row_number() over (
            partition by enrolment_id
            order by event_date desc, located_pcn_code
        ) as recency
    from direct
    where located_pcn_code is not null

)

select
    direct.person_key,
    direct.enrolment_id,
    direct.supervisor_key,
    direct.provider_code,
    direct.strand,
    direct.event_type,
    direct.event_date,
    direct.reported_at,
    direct.profession,
    direct.course_code,
    direct.module,
    direct.attempt,
    direct.sector,
    direct.reason,
    direct.supervisor_kind,
    coalesce(direct.located_pcn_code, by_enrolment.located_pcn_code) as pcn_code,
    direct.source_file_sha256,
    direct.source_line
from direct
left join by_enrolment on direct.enrolment_id = by_enrolment.enrolment_id and by_enrolment.recency = 1
