-- Annotated pharmacists in post in a network in a month, with the FTE they hold there. Annotated: on the last day of
-- the month. In post: this is the person's primary network of the month (rule R2) and they hold the least FTE that
-- counts as being deployed there. Unit: person; one row per person, month and network.
with

prescribers as (

    select *
    from {{ ref('int_register_current') }}
    where annotated_on is not null

),

posts as (

    select
        person_key,
        period,
        pcn_code,
        is_primary_pcn,
        sum(fte) as fte
    from {{ ref('int_person_post') }}
    where role in ('pharmacist', 'advanced_pharmacist_practitioner')
    group by person_key, period, pcn_code, is_primary_pcn

)

select
    posts.person_key as unit_key,
    posts.period as event_date,
    'independent_prescribing' as strand,
    'all' as sector,
    cast(null as varchar) as category,
    posts.pcn_code,
    geography.sub_icb_code,
    geography.icb_code,
    geography.region_code,
    posts.fte,
    posts.is_primary_pcn,
    posts.is_primary_pcn and posts.fte >= {{ var('programme')['deployed_minimum_fte'] }} as is_in_post
from posts
inner join prescribers
    on
        posts.person_key = prescribers.person_key
        and {{ annotated_on_last_day('prescribers', 'posts.period') }}
left join {{ ref('int_pcn_geography') }} as geography
    on
        posts.pcn_code = geography.pcn_code
        and posts.period >= geography.valid_from
        and posts.period <= geography.valid_to
