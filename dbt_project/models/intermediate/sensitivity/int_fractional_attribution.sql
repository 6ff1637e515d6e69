-- Head counts of network staff with each person split over the networks where they work, by share of FTE, added up
-- from networks to England: unlike the figures themselves, these levels do add up.
with

metrics as (

    {{ staff_metrics() }}

),

placed as (

    {{ both_geographies(ref('int_person_share')) }}

),

rolled as (

    select
        feed_id,
        category,
        event_date,
        geography,
        {{ grouped_place({
            'pcn': 'at_pcn_code', 'sub_icb': 'at_sub_icb_code', 'icb': 'at_icb_code', 'region': 'at_region_code'
        }) }},
        -- added up as decimals: a sum of doubles depends on the order of its rows
        cast(sum(cast(share as decimal(18, 15))) as double) as people
    from placed
    group by grouping sets ( -- noqa: PRS
        (feed_id, category, event_date, geography),
        (feed_id, category, event_date, geography, at_region_code),
        (feed_id, category, event_date, geography, at_icb_code),
        (feed_id, category, event_date, geography, at_sub_icb_code),
        (feed_id, category, event_date, geography, at_pcn_code)
    )

)

select
    metrics.metric_id,
    rolled.org_level,
    rolled.org_code,
    rolled.event_date as period_start,
    rolled.geography,
    rolled.people as value
from rolled
inner join metrics
    on rolled.feed_id = metrics.feed_id and rolled.category = metrics.category and metrics.counts = 'people'
where rolled.org_code is not null
