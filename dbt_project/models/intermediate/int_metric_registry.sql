-- The registry as a table, so that every figure is finished by one query. Entries: config.meta.metrics of the
-- models in models/metrics.
with

entries as (

    {% for metric in registry_metrics() -%}
        select
            '{{ metric.id }}' as metric_id,
            '{{ metric.unit }}' as unit,
            cast({{ metric.get('per', 1) }} as double) as per,
            '{{ metric.kind }}' as kind,
            '{{ metric.method }}' as method,
            '{{ metric.get('interval', 'none') }}' as interval_kind,
            cast({{ metric.get('minimum_denominator', 0) }} as double) as minimum_denominator,
            cast({{ metric.get('unreliable_below', 0) }} as double) as unreliable_below,
            cast({{ metric.get('horizon_days') or 0 }} as integer) as horizon_days,
            cast({{ metric.version }} as integer) as definition_version,
            {{ 'true' if metric.get('denominator') else 'false' }} as has_denominator,
            {{ 'true' if metric.numerator.agg == 'median' else 'false' }} as is_median
        {{ 'union all' if not loop.last }}
    {% else %}
        select
            cast(null as varchar) as metric_id, cast(null as varchar) as unit, cast(null as double) as per,
            cast(null as varchar) as kind, cast(null as varchar) as method, cast(null as varchar) as interval_kind,
            cast(null as double) as minimum_denominator, cast(null as double) as unreliable_below,
            cast(null as integer) as horizon_days, cast(null as integer) as definition_version,
            cast(null as boolean) as has_denominator, cast(null as boolean) as is_median
        where false
    {% endfor %}

),

inputs as (

    {% for metric in registry_metrics() -%}
        {%- set outer = loop -%}
        {%- for feed in metric.feeds %}
            select '{{ metric.id }}' as metric_id, '{{ feed }}' as feed_id
            {{ 'union all' if not (outer.last and loop.last) }}
        {%- endfor -%}
    {% else %}
        select cast(null as varchar) as metric_id, cast(null as varchar) as feed_id where false
    {% endfor %}

),

readiness as (

    select
        inputs.metric_id,
        sum(case when coalesce(presence.row_count, 0) = 0 then 1 else 0 end) as missing_feeds,
        {{ joined_text('case when coalesce(presence.row_count, 0) = 0 then inputs.feed_id end') }} as missing_inputs,
        max(coalesce(presence.grace_days, 0)) as grace_days,
        max(case when presence.is_in_parts then presence.grace_days else 0 end) as parts_grace_days
    from inputs
    left join {{ source('build', 'feed_presence') }} as presence on inputs.feed_id = presence.feed_id
    group by inputs.metric_id

)

select
    entries.metric_id,
    entries.unit,
    entries.per,
    entries.kind,
    entries.method,
    entries.interval_kind,
    entries.minimum_denominator,
    entries.unreliable_below,
    entries.horizon_days,
    entries.definition_version,
    entries.has_denominator,
    entries.is_median,
    cast(readiness.missing_feeds as integer) as missing_feeds,
    readiness.missing_inputs,
    -- a stock is final once all senders of its month have had their time; what is published whole is final at once
    cast(
        case entries.kind
            when 'cumulative' then 0
            when 'stock' then readiness.parts_grace_days
            else readiness.grace_days
        end as integer
    ) as grace_days
from entries
inner join readiness on entries.metric_id = readiness.metric_id
