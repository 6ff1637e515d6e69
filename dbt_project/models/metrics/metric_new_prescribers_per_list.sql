-- New independent prescribers per registered patient.
{%- set annotations = ref('int_measure_annotation') -%}
{%- set lists = ref('int_list_size_period') -%}
{%- set spine = ref('int_organisation_period') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ count_per_list(metric, annotations) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
