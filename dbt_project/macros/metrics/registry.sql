{#- The registry as dbt sees it: entries under config.meta.metrics of the models that compute them. Empty while
    dbt parses; models call these only for text that is needed when they run. -#}
{% macro registry_metrics() %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- for metric in node.config.meta.get('metrics', []) -%}
            {%- do found.append(metric) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{% macro registry_metric(metric_id) %}
    {%- for metric in registry_metrics() if metric.id == metric_id -%}
        {{ return(metric) }}
    {%- endfor -%}
    {%- if execute -%}
        {{ exceptions.raise_compiler_error("no metric " ~ metric_id ~ " in the registry") }}
    {%- endif -%}
    {{ return({}) }}
{% endmacro %}

{% macro metric_horizon_days(metric_id) %}{{ return((registry_metric(metric_id) or {}).get('horizon_days', 0)) }}{% endmacro %}

{#- A text of the registry as an SQL literal. -#}
{% macro quoted(text) -%}
{%- if text is none -%}cast(null as varchar){%- else -%}'{{ text | replace("'", "''") }}'{%- endif -%}
{%- endmacro %}

{#- Whether a provider's words for a reason, in lower case, are on one of the lists of vars.programme. -#}
{% macro is_reason(text, list_name) -%}
{{ text }} in ({% for reason in var('programme')[list_name] %}{{ quoted(reason) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
