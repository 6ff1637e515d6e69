-- Portfolios recognised, of those decided.
{%- set portfolios = ref('int_measure_portfolio') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ shares(metric, portfolios) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
