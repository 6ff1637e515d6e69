{#- From numerators and denominators to figures: value, 95 % interval and status, the same way for every metric.
    Rules R6 (mature cohorts), R7 (small denominators) and R8 (vintage, definition version on every value). -#}
{% macro finished_figures(breakdown) %}
with

figures as (

    {% for theme in themes() -%}
        select
            {{ figure_parts() }},
            estimate, estimate_lower, estimate_upper
        from {{ ref(theme) }}
        where dimension is {{ 'not null' if breakdown else 'null' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

registry as (

    select *
    from {{ ref('int_metric_registry') }}

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

joined as (

    select
        figures.*,
        registry.unit,
        registry.method,
        registry.per,
        registry.interval_kind,
        registry.minimum_denominator,
        registry.definition_version,
        registry.has_denominator,
        registry.is_median,
        build.vintage,
        case
            when figures.mature_size = 0 and figures.cohort_size is null then 'not_reported'
            when figures.cohort_size > 0
                and {{ ratio('figures.mature_size', 'figures.cohort_size') }} < {{ var('programme')['mature_share'] }}
                then 'too_early'
            when figures.denominator < registry.unreliable_below then 'unreliable'
            when registry.method = 'estimate' and figures.estimate is null
                then case registry.unit when 'days' then 'not_reached' else 'unreliable' end
            when {{ add_days(
                period_end('figures.period_grain', 'figures.period_start', 'build.vintage'),
                'registry.horizon_days + registry.grace_days'
            ) }} > build.vintage then 'provisional'
            else 'final'
        end as status
    from figures
    inner join registry on figures.metric_id = registry.metric_id
    cross join build
    where registry.missing_feeds = 0

),

valued as (

    select
        joined.*,
        case
            when joined.status = 'too_early' then null
            when joined.denominator < joined.minimum_denominator then null
            when joined.method = 'estimate' then joined.estimate
            when joined.is_median then joined.numerator
            when joined.unit = 'percent' then 100 * {{ ratio('joined.numerator', 'joined.denominator') }}
            when joined.unit = 'rate' then joined.per * {{ ratio('joined.numerator', 'joined.denominator') }}
            when joined.unit = 'ratio' or (joined.unit = 'gbp' and joined.has_denominator)
                then {{ ratio('joined.numerator', 'joined.denominator') }}
            else joined.numerator
        end as value
    from joined

),

bounded as (

    select
        valued.*,
        case
            when valued.value is null then null
            when valued.interval_kind = 'estimator' then valued.estimate_lower
            when valued.denominator is null or valued.denominator = 0 then null
            when valued.interval_kind = 'wilson'
                then 100 * {{ wilson_lower('valued.numerator', 'valued.denominator') }}
            when valued.interval_kind = 'byar'
                then valued.per * coalesce(exact.lower, {{ byar_lower('nullif(valued.numerator, 0)') }}) / valued.denominator
        end as lower_95,
        case
            when valued.value is null then null
            when valued.interval_kind = 'estimator' then valued.estimate_upper
            when valued.denominator is null or valued.denominator = 0 then null
            when valued.interval_kind = 'wilson'
                then 100 * {{ wilson_upper('valued.numerator', 'valued.denominator') }}
            when valued.interval_kind = 'byar'
                then valued.per * coalesce(exact.upper, {{ byar_upper('valued.numerator') }}) / valued.denominator
        end as upper_95
    from valued
    left join {{ ref('poisson_exact_limits_95') }} as exact
        on valued.interval_kind = 'byar' and valued.numerator = exact.events

)
{% endmacro %}

{#- Columns of a finished figure, typed. -#}
{% macro figure_columns(alias) %}
    cast({{ alias }}.value as double) as value,
    cast({{ alias }}.numerator as double) as numerator,
    cast({{ alias }}.denominator as double) as denominator,
    cast({{ alias }}.lower_95 as double) as lower_95,
    cast({{ alias }}.upper_95 as double) as upper_95,
    {{ alias }}.unit,
    {{ alias }}.status,
    {{ alias }}.definition_version,
    cast({{ alias }}.vintage as date) as vintage
{% endmacro %}
