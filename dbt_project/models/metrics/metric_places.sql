-- Starters over commissioned places.
{%- set starts = ref('int_measure_start') -%}
{%- set places = ref('int_measure_place') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ count_over_count(metric, starts, places) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
