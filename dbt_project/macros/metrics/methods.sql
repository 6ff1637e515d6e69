{#- The ways of counting. Each ends in the columns of figure_parts(); finish.sql makes figures of them all alike. -#}

{#- Counts of things that happened in a period. A network, board or region that was there in the period and saw
    none gets a true zero; an organisation that was not there gets no row. -#}
{% macro flow_counts(metric, measure) %}
    with

    counted as (
        {{ roll_up(metric, measure, {'numerator': metric.numerator}) }}
    ),

    places as (

        select *
        from {{ ref('int_organisation_period') }}
        where
            org_level in ({% for level in metric.levels %}'{{ level }}'{{ ', ' if not loop.last }}{% endfor %})
            and period_grain in ({% for grain in metric.grains %}'{{ grain }}'{{ ', ' if not loop.last }}{% endfor %})

    ),

    strands as (

        select 'all' as strand
        {%- for strand in metric.get('strands', []) %}
        union all
        select '{{ strand }}' as strand
        {%- endfor %}

    ),

    spine as (

        select
            places.org_level,
            places.org_code,
            places.period_start,
            places.period_grain,
            places.geography,
            strands.strand,
            'all' as sector
        from places
        cross join strands
        where strands.strand = 'all' or places.org_level <> 'pcn'

    )

    select
        '{{ metric.id }}' as metric_id,
        coalesce(spine.org_level, counted.org_level) as org_level,
        coalesce(spine.org_code, counted.org_code) as org_code,
        coalesce(spine.strand, counted.strand) as strand,
        coalesce(spine.sector, counted.sector) as sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        coalesce(spine.period_start, counted.period_start) as period_start,
        coalesce(spine.period_grain, counted.period_grain) as period_grain,
        coalesce(spine.geography, counted.geography) as geography,
        coalesce(counted.numerator, 0) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from spine
    -- cuts by sector, and organisations outside the spine, exist only where something happened
    full join (select * from counted where org_code is not null) as counted
        on
            spine.org_level = counted.org_level
            and spine.org_code = counted.org_code
            and spine.strand = counted.strand
            and spine.sector = counted.sector
            and spine.period_start = counted.period_start
            and spine.period_grain = counted.period_grain
            and spine.geography = counted.geography
    {%- if metric.get('breakdowns') %}

    union all

    select
        counted.metric_id,
        counted.org_level,
        counted.org_code,
        counted.strand,
        'all' as sector,
        '{{ metric.breakdowns[0] }}' as dimension,
        counted.category,
        counted.period_start,
        counted.period_grain,
        counted.geography,
        counted.numerator,
        cast(null as double) as denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from (
        {{ roll_up(metric, measure, {'numerator': metric.numerator}, by_category=true) }}
    ) as counted
    where counted.org_code is not null and counted.category is not null
    {%- endif %}
{% endmacro %}

{#- Counts of people by where they came from and where they went. One breakdown for each sector of origin, named
    `from_` and the sector; its categories are the sectors of destination. Every pair has a row: one that was left out
    because nobody took it would say so. -#}
{% macro paths(metric, measure) %}
    select {{ figure_parts() }}
    from ({{ flow_counts(dict(metric, breakdowns=[]), measure) }}) as wholes
    {%- for breakdown in metric.breakdowns %}

    union all

    select
        '{{ metric.id }}' as metric_id,
        places.org_level,
        places.org_code,
        'all' as strand,
        'all' as sector,
        '{{ breakdown }}' as dimension,
        destinations.sector as category,
        places.period_start,
        places.period_grain,
        places.geography,
        coalesce(counted.numerator, 0) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from {{ ref('int_organisation_period') }} as places
    cross join (
        {%- for sector in var('programme')['sectors'] %}
        select '{{ sector }}' as sector {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as destinations
    left join (
        {{ roll_up(metric, measure, {'numerator': metric.numerator}, by_category=true,
                   where="units.sector = '" ~ breakdown[5:] ~ "'") }}
    ) as counted
        on
            places.org_level = counted.org_level
            and places.org_code = counted.org_code
            and places.period_start = counted.period_start
            and places.period_grain = counted.period_grain
            and places.geography = counted.geography
            and destinations.sector = counted.category
    where
        places.org_level in ({% for level in metric.levels %}'{{ level }}'{{ ', ' if not loop.last }}{% endfor %})
        and places.period_grain in ({% for grain in metric.grains %}'{{ grain }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- endfor %}
{% endmacro %}

{#- Shares within one measure: the denominator counts its units, the numerator those that reached something.
    With `is_mature` in the measure only units past the horizon count, and rule R6 sees how many are. -#}
{% macro shares(metric, measure, mature=false, where=none, breakdown=none) %}
    {%- set unit = metric.denominator.expr -%}
    {%- set ripe = 'is_mature' if mature else 'true' -%}
    {%- set parts = {
        'numerator': {'agg': metric.numerator.agg, 'expr': metric.numerator.expr,
                      'where': (metric.numerator.where or 'true') ~ ' and ' ~ ripe},
        'denominator': {'agg': metric.denominator.agg, 'expr': unit,
                        'where': (metric.denominator.where or 'true') ~ ' and ' ~ ripe},
        'cohort_size': {'agg': metric.denominator.agg, 'expr': unit, 'where': metric.denominator.where},
    } -%}
    select
        counted.metric_id,
        counted.org_level,
        counted.org_code,
        counted.strand,
        counted.sector,
        {{ "'" ~ breakdown ~ "'" if breakdown else 'cast(null as varchar)' }} as dimension,
        counted.category,
        counted.period_start,
        counted.period_grain,
        counted.geography,
        counted.numerator,
        counted.denominator,
        {{ 'counted.cohort_size' if mature else 'cast(null as double)' }} as cohort_size,
        {{ 'counted.denominator' if mature else 'cast(null as double)' }} as mature_size
    from ({{ roll_up(metric, measure, parts, by_category=(breakdown is not none), where=where) }}) as counted
    where counted.org_code is not null and counted.cohort_size > 0
{% endmacro %}

{#- A count over a count of another measure, e.g. starters over commissioned places: the denominator leads. -#}
{% macro count_over_count(metric, numerator_measure, denominator_measure) %}
    select
        lower_part.metric_id,
        lower_part.org_level,
        lower_part.org_code,
        lower_part.strand,
        lower_part.sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        lower_part.period_start,
        lower_part.period_grain,
        lower_part.geography,
        coalesce(upper_part.numerator, 0) as numerator,
        lower_part.denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from ({{ roll_up(metric, denominator_measure, {'denominator': metric.denominator}) }}) as lower_part
    left join ({{ roll_up(metric, numerator_measure, {'numerator': metric.numerator}) }}) as upper_part
        on
            lower_part.org_level = upper_part.org_level
            and lower_part.org_code = upper_part.org_code
            and lower_part.strand = upper_part.strand
            and lower_part.sector = upper_part.sector
            and lower_part.period_start = upper_part.period_start
            and lower_part.period_grain = upper_part.period_grain
            and lower_part.geography = upper_part.geography
    where lower_part.org_code is not null and lower_part.denominator > 0
{% endmacro %}

{#- A count per patient of a list: the list at mid-period is the newest extract up to that day, else the first. -#}
{% macro count_per_list(metric, measure, lists_model) %}
    select
        counts.metric_id,
        counts.org_level,
        counts.org_code,
        counts.strand,
        counts.sector,
        counts.dimension,
        counts.category,
        counts.period_start,
        counts.period_grain,
        counts.geography,
        counts.numerator,
        lists.patients as denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from ({{ flow_counts(metric, measure) }}) as counts
    inner join {{ lists_model }} as lists
        on
            counts.org_level = lists.org_level
            and counts.org_code = lists.org_code
            and counts.geography = lists.geography
            and counts.period_start = lists.period_start
            and counts.period_grain = lists.period_grain
    where lists.patients > 0
{% endmacro %}

{#- How far those who entered a strand got: from the first stage to the last, and stage by stage as a breakdown:
    of those who reached a stage, those who went on to the next. -#}
{% macro funnel(metric, measure) %}
    select {{ figure_parts() }}
    from ({{ shares(metric, measure, mature=true, where='units.stage_number = 1') }}) as whole

    union all

    select {{ figure_parts() }}
    from (
        {{ shares(dict(metric, numerator=dict(metric.numerator, where='is_reached')), measure, mature=true,
                  breakdown=metric.breakdowns[0]) }}
    ) as stages
{% endmacro %}

{#- Published workforce at each census, FTE or headcount. Headcount counts each identifier once at the level shown,
    so levels do not add up; contracted rows carry FTE and nobody to count. The measure is rolled up already. -#}
{% macro census(metric, measure) %}
    select
        '{{ metric.id }}' as metric_id,
        org_level,
        org_code,
        'all' as strand,
        'all' as sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        census_month as period_start,
        'month' as period_grain,
        geography,
        {% if metric.numerator.agg == 'sum' %}fte{% else %}headcount{% endif %} as numerator,
        {% if metric.get('denominator') %}patients{% else %}cast(null as double){% endif %} as denominator,
        cast(null as double) as cohort_size,
        case when is_reporting then null else 0e0 end as mature_size
    from {{ measure }}
    where
        pharmacy_role = '{{ metric.numerator.where }}'
        {% if metric.get('denominator') %}and patients > 0{% endif %}
{% endmacro %}
