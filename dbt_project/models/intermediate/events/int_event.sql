-- The spine: everything that happened to anybody, from every feed, on two clocks, with the place as it was.
with

everything as (

    select
        person_key,
        enrolment_id,
        supervisor_key,
        strand,
        event_type,
        event_date,
        reported_at,
        'provider_return' as source,
        profession,
        provider_code,
        course_code,
        module,
        attempt,
        sector,
        reason,
        cast(null as varchar) as route,
        supervisor_kind,
        pcn_code,
        source_file_sha256,
        source_line
    from {{ ref('int_provider_event_located') }}

    union all

    select
        person_key,
        cast(null as varchar) as enrolment_id,
        cast(null as varchar) as supervisor_key,
        'independent_prescribing' as strand,
        event_type,
        event_date,
        reported_at,
        'gphc_register' as source,
        profession,
        cast(null as varchar) as provider_code,
        cast(null as varchar) as course_code,
        cast(null as varchar) as module,
        1 as attempt,
        sector,
        cast(null as varchar) as reason,
        route,
        cast(null as varchar) as supervisor_kind,
        pcn_code,
        source_file_sha256,
        source_line
    from {{ ref('int_register_event') }}

    union all

    select
        person_key,
        cast(null as varchar) as enrolment_id,
        cast(null as varchar) as supervisor_key,
        'independent_prescribing' as strand,
        event_type,
        event_date,
        reported_at,
        'deployment_return' as source,
        'pharmacist' as profession,
        cast(null as varchar) as provider_code,
        cast(null as varchar) as course_code,
        cast(null as varchar) as module,
        1 as attempt,
        'pcn' as sector,
        cast(null as varchar) as reason,
        cast(null as varchar) as route,
        cast(null as varchar) as supervisor_kind,
        pcn_code,
        source_file_sha256,
        source_line
    from {{ ref('int_deployment_event') }}

)

select
    {{ surrogate_key([
        'everything.source', 'everything.enrolment_id', 'everything.person_key', 'everything.event_type',
        'everything.event_date', 'everything.module', 'everything.attempt', 'everything.supervisor_kind'
    ]) }} as event_id,
    everything.person_key,
    everything.enrolment_id,
    everything.supervisor_key,
    everything.strand,
    everything.event_type,
    everything.event_date,
    everything.reported_at,
    everything.source,
    everything.profession,
    everything.provider_code,
    everything.course_code,
    everything.module,
    cast(everything.attempt as integer) as attempt,
    everything.sector,
    everything.reason,
    everything.route,
    everything.supervisor_kind,
    everything.pcn_code,
    geography.sub_icb_code,
    geography.icb_code,
    geography.region_code,
    everything.source_file_sha256,
    everything.source_line
from everything
left join {{ ref('int_pcn_geography') }} as geography
    on
        everything.pcn_code = geography.pcn_code
        and everything.event_date >= geography.valid_from
        and everything.event_date <= geography.valid_to
