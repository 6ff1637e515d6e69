-- New independent prescribers: first annotations by the route that counts.
{%- set annotations = ref('int_measure_annotation') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ flow_counts(metric, annotations) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
