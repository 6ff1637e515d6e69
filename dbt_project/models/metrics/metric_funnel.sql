-- How far those who entered a strand got: from the first stage to the last, and stage by stage as a breakdown.
{%- set funnel = ref('int_measure_funnel') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    {{ shares(metric, funnel, mature=true, where='units.stage_number = 1') }}
) as figures

union all

-- a stage's conversion: of those who reached it, those who went on to the next
select {{ family_columns() }}
from (
    {{ shares(dict(metric, numerator=dict(metric.numerator, where='is_reached')), funnel, mature=true,
              breakdown=metric.breakdown) }}
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
