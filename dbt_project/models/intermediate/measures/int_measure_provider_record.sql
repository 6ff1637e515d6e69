-- Learner records as providers sent them, by the first return that stands and holds them: whether the person behind
-- the record is on the professional register. Unit: provider and the pseudonym as received, before any linking.
with

records as (

    select
        provider_code,
        person_key,
        min(reported_at) as first_returned_on
    from {{ ref('stg_provider_return__event') }}
    group by provider_code, person_key

)

select
    records.provider_code || '|' || records.person_key as unit_key,
    records.first_returned_on as event_date,
    'all' as strand,
    'all' as sector,
    records.provider_code as category,
    cast(null as varchar) as pcn_code,
    cast(null as varchar) as sub_icb_code,
    cast(null as varchar) as icb_code,
    cast(null as varchar) as region_code,
    register.person_key is not null as is_reached
from records
left join {{ ref('int_person_link') }} as links on records.person_key = links.person_key
left join {{ ref('int_register_current') }} as register
    on coalesce(links.resolved_person_key, records.person_key) = register.person_key
