{#- Ways of counting that start from who sent the deployment return. Each ends in the columns of figure_parts(). -#}

{#- Places a month's deployment return speaks of: every level that holds a network that reported, and networks that
    were expected and stayed silent (is_reporting false). `reporting` is int_network_reporting, `reporters` the
    measure with one row per network that reported. -#}
{% macro reporting_places(metric, reporters, reporting) %}
    select
        org_level,
        org_code,
        period_start,
        geography,
        true as is_reporting
    from (
        {{ roll_up(metric, reporters, {'networks': {'agg': 'count', 'expr': 'unit_key'}}) }}
    ) as places
    where org_code is not null

    union all

    select
        'pcn' as org_level,
        pcn_code as org_code,
        month_start as period_start,
        geography,
        false as is_reporting
    from {{ reporting }}
    where
        feed_id = 'deployment_return'
        and not is_reporting
        and month_start >= cast('{{ var('programme')['start'] }}' as date)
        and month_start <= (select vintage from {{ source('build', 'build_info') }})
{% endmacro %}

{#- People in post by month where networks reported: a place that reported and has nobody gets a true zero, a network
    that did not report stands with none under the status not_reported, like in the published census. -#}
{% macro stock_of_reporters(metric, measure, reporters, reporting) %}
    select
        '{{ metric.id }}' as metric_id,
        places.org_level,
        places.org_code,
        'all' as strand,
        'all' as sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        places.period_start,
        'month' as period_grain,
        places.geography,
        coalesce(counted.numerator, 0) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as cohort_size,
        case when places.is_reporting then null else 0e0 end as mature_size
    from ({{ reporting_places(metric, reporters, reporting) }}) as places
    left join ({{ roll_up(metric, measure, {'numerator': metric.numerator}) }}) as counted
        on
            places.org_level = counted.org_level
            and places.org_code = counted.org_code
            and places.period_start = counted.period_start
            and places.geography = counted.geography
{% endmacro %}

{#- Joiners less leavers since the month before. The first month has none; neither has a place of which no network
    reported in one of the two months, because who joined or left it cannot be told. -#}
{% macro net_change(metric, measure, reporters, reporting) %}
    with

    places as (
        {{ reporting_places(metric, reporters, reporting) }}
    ),

    comparable as (

        select
            places.org_level,
            places.org_code,
            places.period_start,
            places.geography
        from places
        inner join (select distinct period_start from places) as months
            on places.period_start = {{ add_months('months.period_start', 1) }}
        inner join places as before
            on
                places.org_level = before.org_level
                and places.org_code = before.org_code
                and places.geography = before.geography
                and months.period_start = before.period_start
                and before.is_reporting
        where places.is_reporting

    )

    select
        '{{ metric.id }}' as metric_id,
        comparable.org_level,
        comparable.org_code,
        'all' as strand,
        'all' as sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        comparable.period_start,
        'month' as period_grain,
        comparable.geography,
        coalesce(moved.numerator, 0) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from comparable
    left join ({{ roll_up(metric, measure, {'numerator': metric.numerator}) }}) as moved
        on
            comparable.org_level = moved.org_level
            and comparable.org_code = moved.org_code
            and comparable.period_start = moved.period_start
            and comparable.geography = moved.geography
{% endmacro %}
