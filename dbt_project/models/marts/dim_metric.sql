-- The registry as evaluators query it: what each metric means, and which inputs it still waits for.
with

entries as (

    {% for metric in registry_metrics() -%}
        select
            '{{ metric.id }}' as metric_id,
            {{ metric.catalogue }} as catalogue_number,
            {{ quoted(metric.label) }} as label,
            {{ quoted(metric.description) }} as definition,
            {{ quoted(metric.question) }} as question,
            {{ quoted(metric.why) }} as why_it_matters,
            {{ quoted(metric.numerator.description) }} as numerator,
            {{ quoted(metric.denominator.description if metric.get('denominator') else none) }} as denominator,
            {{ quoted(metric.population) }} as population,
            {{ quoted(metric.time_attribution) }} as time_attribution,
            '{{ metric.direction }}' as direction,
            '{{ metric.disclosure_class }}' as disclosure_class,
            '{{ metric.theory_of_change }}' as theory_of_change,
            {{ quoted(metric.owner) }} as owner,
            cast('{{ metric.review_date }}' as date) as review_date
        {{ 'union all' if not loop.last }}
    {% else %}
        select
            cast(null as varchar) as metric_id, cast(null as integer) as catalogue_number,
            cast(null as varchar) as label, cast(null as varchar) as definition, cast(null as varchar) as question,
            cast(null as varchar) as why_it_matters, cast(null as varchar) as numerator,
            cast(null as varchar) as denominator, cast(null as varchar) as population,
            cast(null as varchar) as time_attribution, cast(null as varchar) as direction,
            cast(null as varchar) as disclosure_class, cast(null as varchar) as theory_of_change,
            cast(null as varchar) as owner, cast(null as date) as review_date
        where false
    {% endfor %}

)

select
    entries.metric_id,
    entries.catalogue_number,
    entries.label,
    entries.definition,
    entries.question,
    entries.why_it_matters,
    registry.unit,
    cast(registry.per as integer) as per,
    registry.kind,
    registry.method,
    entries.numerator,
    entries.denominator,
    entries.population,
    entries.time_attribution,
    entries.direction,
    entries.disclosure_class,
    entries.theory_of_change,
    entries.owner,
    entries.review_date,
    registry.definition_version,
    registry.missing_inputs
from entries
inner join {{ ref('int_metric_registry') }} as registry on entries.metric_id = registry.metric_id
