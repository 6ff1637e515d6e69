-- People trained in clinical examination: core and at least one specialist module.
{%- set trained = ref('int_measure_clinical_examination') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ flow_counts(metric, trained) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
