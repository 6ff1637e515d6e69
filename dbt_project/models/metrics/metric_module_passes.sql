-- Clinical examination modules passed.
{%- set passes = ref('int_measure_module_pass') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ flow_counts(metric, passes) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
