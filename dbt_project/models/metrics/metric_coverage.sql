-- Reporting networks with an independent prescriber in post.
{%- set coverage = ref('int_measure_coverage') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ shares(metric, coverage) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
