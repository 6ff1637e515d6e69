-- In which sector people started independent prescribing in the programme, and in which they were last seen in the
-- second year after the start (vars.programme.pathway_window_days). Seen is: on a network's return as a pharmacist;
-- starting another course, where a provider states the sector; prescribing on premises, which is community pharmacy;
-- prescribing in a practice, which is general practice only of people whom no network lists in that year, because
-- networks' pharmacists prescribe in practices too. The latest month stands, and in one month the first of these.
-- Whoever is not seen is not known: there is no return of hospitals, and none of pharmacies but for prescribing. Dated
-- on the last day of the second year. Unit: person.
{% set window = var('programme')['pathway_window_days'] %}
with

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

starters as (

    select
        starts.*,
        {{ add_days('starts.event_date', window[0]) }} as seen_after,
        {{ add_days('starts.event_date', window[1]) }} as seen_until
    from {{ ref('int_measure_start') }} as starts
    where
        starts.strand = 'independent_prescribing'
        and starts.event_date >= cast('{{ var('programme')['start'] }}' as date)

),

followed as (

    select starters.*
    from starters
    cross join build
    where starters.seen_until <= build.vintage

),

posts as (

    select distinct
        person_key,
        period as seen_on
    from {{ ref('int_person_post') }}
    where role in ('pharmacist', 'advanced_pharmacist_practitioner')

),

courses as (

    select
        person_key,
        event_date,
        sector,
        row_number() over (partition by enrolment_id order by event_date, event_id) as occurrence
    from {{ ref('int_event') }}
    where source = 'provider_return' and strand <> 'independent_prescribing'

),

signs as (

    select
        person_key,
        seen_on,
        'pcn' as sector,
        1 as preference
    from posts

    union all

    select
        person_key,
        event_date as seen_on,
        sector,
        2 as preference
    from courses
    where occurrence = 1 and sector <> 'unknown'

    union all

    select
        person_key,
        period as seen_on,
        case place_type when 'premises' then 'community_pharmacy' else 'general_practice' end as sector,
        case place_type when 'premises' then 3 else 4 end as preference
    from {{ ref('int_person_prescribing') }}

),

seen as (

    select
        followed.person_key,
        signs.seen_on,
        signs.sector,
        signs.preference,
        min(signs.preference) over (partition by followed.person_key) as best_preference
    from followed
    inner join signs
        on
            followed.person_key = signs.person_key
            and followed.seen_after < signs.seen_on
            and followed.seen_until >= signs.seen_on

),

ranked as (

    select
        person_key,
        sector,
        row_number() over (
            partition by person_key
            order by {{ month_start('seen_on') }} desc, preference, seen_on desc, sector
        ) as recency
    from seen
    where preference < 4 or best_preference > 1

)

select
    followed.person_key as unit_key,
    followed.seen_until as event_date,
    followed.strand,
    followed.sector,
    coalesce(ranked.sector, 'unknown') as category,
    followed.pcn_code,
    followed.sub_icb_code,
    followed.icb_code,
    followed.region_code
from followed
left join ranked on followed.person_key = ranked.person_key and ranked.recency = 1
