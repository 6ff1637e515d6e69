{#- Metrics that count the staff of networks, as rows: metric, its return, and what it counts of whom. Figures that
    are asked again under another assumption (fct_metric_sensitivity) are these. -#}
{% macro staff_metrics() %}
    {%- set found = [] -%}
    {%- for metric in registry_metrics() if metric.unit in ('people', 'fte', 'count') -%}
        {%- if metric.method == 'census' -%}
            {%- do found.append({
                'metric_id': metric.id, 'feed_id': 'pcn_workforce', 'category': metric.numerator.where,
                'counts': 'people' if metric.numerator.agg == 'count_distinct' else 'fte'
            }) -%}
        {%- elif metric.method == 'stock_of_reporters' -%}
            {%- do found.append({
                'metric_id': metric.id, 'feed_id': 'deployment_return', 'category': 'in_post', 'counts': 'people'
            }) -%}
        {%- elif metric.method == 'net_change' -%}
            {%- do found.append({
                'metric_id': metric.id, 'feed_id': 'deployment_return', 'category': 'moved', 'counts': 'change'
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for entry in found %}
        select
            '{{ entry.metric_id }}' as metric_id,
            '{{ entry.feed_id }}' as feed_id,
            '{{ entry.category }}' as category,
            '{{ entry.counts }}' as counts
        {{ 'union all' if not loop.last }}
    {%- else %}
        select
            cast(null as varchar) as metric_id, cast(null as varchar) as feed_id,
            cast(null as varchar) as category, cast(null as varchar) as counts
        where false
    {%- endfor %}
{% endmacro %}

{#- Level and code of a row of grouping sets over the place columns given (level -> column), England where none is. -#}
{% macro grouped_place(columns) %}
        case
            {%- for level, column in columns.items() %}
            when grouping({{ column }}) = 0 then '{{ level }}'
            {%- endfor %}
            else 'england'
        end as org_level,
        case
            {%- for level, column in columns.items() %}
            when grouping({{ column }}) = 0 then {{ column }}
            {%- endfor %}
            else 'ENG'
        end as org_code
{% endmacro %}
