-- Each identified person of a month split over the networks where they work, by share of their FTE that month; somebody
-- without any FTE counts for each of them alike. The shares of a person add up to one, their FTE to all they hold.
-- Two kinds of people: those of a role at a census of the workforce file, and prescribers in post.
with

census as (

    select
        'pcn_workforce' as feed_id,
        category,
        event_date,
        person_identifier as unit_key,
        pcn_code,
        max(sub_icb_code) as sub_icb_code,
        max(icb_code) as icb_code,
        max(region_code) as region_code,
        cast(sum(amount) as double) as fte
    from {{ ref('int_measure_workforce_post') }}
    where person_identifier is not null
    group by category, event_date, person_identifier, pcn_code

),

prescribers as (

    select
        'deployment_return' as feed_id,
        'in_post' as category,
        event_date,
        unit_key,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        cast(fte as double) as fte,
        max(case when is_in_post then 1 else 0 end) over (partition by unit_key, event_date) as is_counted
    from {{ ref('int_measure_prescriber_post') }}

),

people as (

    select *
    from census

    union all

    select
        feed_id,
        category,
        event_date,
        unit_key,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        fte
    from prescribers
    where is_counted = 1

),

totals as (

    select
        *,
        sum(fte) over (partition by feed_id, category, event_date, unit_key) as total_fte,
        count(*) over (partition by feed_id, category, event_date, unit_key) as networks
    from people

)

select
    feed_id,
    category,
    event_date,
    unit_key,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code,
    fte,
    coalesce({{ ratio('fte', 'total_fte') }}, {{ ratio('1', 'networks') }}) as share
from totals
