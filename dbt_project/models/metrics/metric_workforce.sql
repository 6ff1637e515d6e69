-- Pharmacy workforce of networks at each census, FTE and headcount. Headcount counts each identifier once at the
-- level shown, so levels do not add up; contracted rows carry FTE and nobody to count.
{%- set census = ref('int_workforce_census') -%}
{% for metric in family_metrics() %}
select
    '{{ metric.id }}' as metric_id,
    org_level,
    org_code,
    'all' as strand,
    'all' as sector,
    cast(null as varchar) as dimension,
    cast(null as varchar) as category,
    census_month as period_start,
    'month' as period_grain,
    geography,
    {% if metric.numerator.agg == 'sum' %}fte{% else %}headcount{% endif %} as numerator,
    {% if metric.get('denominator') %}patients{% else %}cast(null as double){% endif %} as denominator,
    cast(null as double) as cohort_size,
    case when is_reporting then null else 0e0 end as mature_size
from {{ census }}
where
    pharmacy_role = '{{ metric.numerator.where }}'
    {% if metric.get('denominator') %}and patients > 0{% endif %}
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
