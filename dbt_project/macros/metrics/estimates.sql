{#- Units of the metrics of theme metric_times in their cells: what roll_up counts, here kept apart for an estimator. -#}
{% macro estimate_units() %}
    {%- do [ref('int_pcn_current'), ref('int_icb_current'), source('build', 'build_info')] -%}
    {%- set measures = {} -%}
    {%- for name in themes()['metric_times'] if name.startswith('int_measure_') -%}
        {%- do measures.update({name: ref(name)}) -%}
    {%- endfor -%}
    {%- set metrics = [] -%}
    {%- for metric in registry_metrics() if metric.method == 'estimate' and metric.numerator.model in measures -%}
        {%- do metrics.append(metric) -%}
    {%- endfor -%}
    {%- for metric in metrics %}
        {{ units_in_cells(metric, measure_of(metric, metric.numerator, measures)) }}
        {{ 'union all' if not loop.last }}
    {%- else %}
        select
            cast(null as varchar) as metric_id, cast(null as varchar) as org_level,
            cast(null as varchar) as org_code, cast(null as varchar) as strand, cast(null as varchar) as sector,
            cast(null as date) as period_start, cast(null as varchar) as period_grain,
            cast(null as varchar) as geography, cast(null as double) as duration_days,
            cast(null as integer) as outcome, cast(null as boolean) as is_counted,
            cast(null as boolean) as is_mature
        where false
    {%- endfor %}
{% endmacro %}

{% macro units_in_cells(metric, measure) %}
    select
        '{{ metric.id }}' as metric_id,
        levels.org_level,
        case levels.org_level
            when 'region' then units.at_region_code
            when 'icb' then units.at_icb_code
            else 'ENG'
        end as org_code,
        case when cuts.by_strand then units.strand else 'all' end as strand,
        case when cuts.by_sector then units.sector else 'all' end as sector,
        {{ period_start('grains.period_grain', 'units.event_date') }} as period_start,
        grains.period_grain,
        units.geography,
        cast(units.duration_days as double) as duration_days,
        {{ outcome_code(metric) }} as outcome,
        {{ metric.numerator.where }} as is_counted,
        units.is_mature
    from (
        {{ both_geographies(measure) }}
    ) as units
    cross join (
        {%- for grain in metric.grains %}
        select '{{ grain }}' as period_grain {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as grains
    cross join (
        {%- for level in metric.levels %}
        select '{{ level }}' as org_level {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as levels
    cross join (
        select false as by_strand, false as by_sector
        {%- if metric.get('strands') %}
        union all
        select true as by_strand, false as by_sector
        {%- endif %}
        {%- if metric.get('by_sector') %}
        union all
        select false as by_strand, true as by_sector
        {%- if metric.get('strands') %}
        union all
        select true as by_strand, true as by_sector
        {%- endif %}
        {%- endif %}
    ) as cuts
    where
        units.event_date >= cast('{{ var('programme')['start'] }}' as date)
        and ({{ metric.denominator.get('where', 'true') }})
        and (levels.org_level <> 'region' or units.at_region_code is not null)
        and (levels.org_level <> 'icb' or units.at_icb_code is not null)
{% endmacro %}

{#- The outcomes of a measure as an estimator takes them; the entry's `event` says which of them is asked for. -#}
{% macro outcome_code(metric) -%}
    cast(case when outcome = 'censored' then 0 when {{ metric.event }} then 1 else 2 end as integer)
{%- endmacro %}
