-- Figures about network staff over the networks alone that reported every time in the window, as they are now: what of
-- a trend is staff and not better reporting.
with

metrics as (

    {{ staff_metrics() }}

),

reporters as (

    select *
    from {{ ref('int_constant_reporter') }}

),

units as (

    select
        'pcn_workforce' as feed_id,
        category,
        event_date,
        pcn_code,
        person_identifier as person,
        cast(amount as double) as fte,
        0 as change
    from {{ ref('int_measure_workforce_post') }}

    union all

    select
        'deployment_return' as feed_id,
        'in_post' as category,
        event_date,
        pcn_code,
        unit_key as person,
        cast(fte as double) as fte,
        0 as change
    from {{ ref('int_measure_prescriber_post') }}
    where is_in_post

    union all

    select
        'deployment_return' as feed_id,
        'moved' as category,
        event_date,
        pcn_code,
        unit_key as person,
        cast(null as double) as fte,
        amount as change
    from {{ ref('int_measure_prescriber_move') }}

),

kept as (

    select
        units.feed_id,
        units.category,
        units.event_date,
        units.person,
        units.fte,
        units.change,
        reporters.icb_code,
        reporters.region_code
    from units
    left join {{ ref('int_pcn_current') }} as networks on units.pcn_code = networks.pcn_code
    inner join reporters
        on
            units.feed_id = reporters.feed_id
            and coalesce(networks.current_pcn_code, units.pcn_code) = reporters.pcn_code
    -- who joined or left is known from the second month of the window on
    where
        units.event_date > reporters.first_month
        or (units.event_date = reporters.first_month and units.category <> 'moved')

),

rolled as (

    select
        feed_id,
        category,
        event_date,
        {{ grouped_place({'icb': 'icb_code', 'region': 'region_code'}) }},
        cast(sum(cast(fte as decimal(18, 6))) as double) as fte,
        cast(count(distinct person) as double) as people,
        cast(sum(cast(change as decimal(18, 6))) as double) as change
    from kept
    group by grouping sets ( -- noqa: PRS
        (feed_id, category, event_date),
        (feed_id, category, event_date, region_code),
        (feed_id, category, event_date, icb_code)
    )

),

places as (

    select
        feed_id,
        first_month,
        {{ grouped_place({'icb': 'icb_code', 'region': 'region_code'}) }}
    from reporters
    group by grouping sets ( -- noqa: PRS
        (feed_id, first_month),
        (feed_id, first_month, region_code),
        (feed_id, first_month, icb_code)
    )

),

returned as (

    select distinct
        feed_id,
        month_start
    from {{ ref('int_network_reporting') }}

),

months as (

    select
        returned.feed_id,
        returned.month_start,
        before.month_start is not null as follows_another
    from returned
    left join returned as before
        on
            returned.feed_id = before.feed_id
            and returned.month_start = {{ add_months('before.month_start', 1) }}

)

select
    metrics.metric_id,
    places.org_level,
    places.org_code,
    months.month_start as period_start,
    'as_now' as geography,
    coalesce(case metrics.counts when 'fte' then rolled.fte when 'people' then rolled.people else rolled.change end, 0)
        as value
from metrics
inner join {{ ref('int_metric_registry') }} as registry
    on metrics.metric_id = registry.metric_id and registry.missing_feeds = 0
inner join places on metrics.feed_id = places.feed_id
inner join months
    on
        metrics.feed_id = months.feed_id
        and (
            months.month_start > places.first_month
            or (months.month_start = places.first_month and metrics.counts <> 'change')
        )
        and (months.follows_another or metrics.counts <> 'change')
left join rolled
    on
        metrics.feed_id = rolled.feed_id
        and metrics.category = rolled.category
        and places.org_level = rolled.org_level
        and places.org_code = rolled.org_code
        and months.month_start = rolled.event_date
where places.org_code is not null
