-- Passed within the horizon, of starters past it.
{%- set completions = ref('int_measure_completion') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ shares(metric, completions, mature=true) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
