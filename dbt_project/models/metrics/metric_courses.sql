-- Courses accredited.
{%- set courses = ref('int_measure_course') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ flow_counts(metric, courses) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
