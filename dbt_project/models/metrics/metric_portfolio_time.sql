-- Median days from submission to decision; the denominator is the number of decisions with both days known.
{%- set portfolios = ref('int_measure_portfolio') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ shares(metric, portfolios) }}
) as figures
where denominator > 0
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
