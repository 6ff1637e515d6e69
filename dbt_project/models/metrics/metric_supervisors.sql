-- Supervisors trained, by kind.
{%- set trained = ref('int_measure_supervisor_trained') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ flow_counts(metric, trained) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
