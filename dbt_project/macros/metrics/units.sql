{#- Units of every metric of the registry that has them, one row per unit, part and geography. A cohort's units count
    once they are followed long enough, like in its figures. Spend and lists have no units to show. -#}
{% macro units() %}
    {%- do [ref('int_pcn_current'), ref('int_icb_current'), ref('int_measure_workforce_post')] -%}
    {%- set measures = {} -%}
    {%- for names in themes().values() -%}
        {%- for name in names if name.startswith('int_measure_') -%}
            {%- do measures.update({name: ref(name)}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set queries = [] -%}
    {%- for metric in registry_metrics() -%}
        {%- for part in ['numerator', 'denominator'] if metric.get(part) -%}
            {%- set query = units_of_part(metric, part, measures) | trim -%}
            {%- if query -%}{%- do queries.append(query) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if queries -%}
        {{ queries | join('\n\nunion all\n\n') }}
    {%- else -%}
        select
            cast(null as varchar) as metric_id, cast(null as varchar) as part, cast(null as varchar) as unit_key,
            cast(null as date) as event_date, cast(null as varchar) as strand, cast(null as varchar) as sector,
            cast(null as varchar) as category, cast(null as double) as amount, cast(null as varchar) as geography,
            cast(null as varchar) as pcn_code, cast(null as varchar) as sub_icb_code,
            cast(null as varchar) as icb_code, cast(null as varchar) as region_code,
            cast(null as double) as duration_days, cast(null as integer) as outcome
        where false
    {%- endif -%}
{% endmacro %}

{% macro units_of_part(metric, part, measures) %}
    {%- set counted = metric[part] -%}
    {%- set conditions = [] -%}
    {%- if metric.method == 'census' -%}
        {%- set measure = ref('int_measure_workforce_post') -%}
        {%- do conditions.append("category = '" ~ counted.get('where', '') ~ "'") -%}
        {%- if counted.agg == 'count_distinct' -%}{%- do conditions.append('person_identifier is not null') -%}{%- endif -%}
        {%- set amount = 'amount' if counted.agg == 'sum' else '1' -%}
    {%- else -%}
        {%- set measure = measures.get(counted.model) -%}
        {%- if counted.get('where') -%}{%- do conditions.append('(' ~ counted.where ~ ')') -%}{%- endif -%}
        {%- if metric.method == 'funnel' -%}{%- do conditions.append('stage_number = 1') -%}{%- endif -%}
        {%- if metric.kind == 'cohort' and metric.method not in ['estimate', 'unit_cost', 'spend_share'] -%}{%- do conditions.append('is_mature') -%}{%- endif -%}
        {%- set amount = counted.expr if counted.agg in ('sum', 'median') else '1' -%}
    {%- endif -%}
    {%- if measure and not (metric.method == 'census' and part == 'denominator') %}
        select
            '{{ metric.id }}' as metric_id,
            '{{ part }}' as part,
            cast({{ counted.expr if counted.agg == 'count_distinct' and metric.method != 'census' else 'unit_key' }} as varchar) as unit_key,
            cast(event_date as date) as event_date,
            strand,
            sector,
            category,
            cast({{ amount }} as double) as amount,
            geography,
            at_pcn_code as pcn_code,
            at_sub_icb_code as sub_icb_code,
            at_icb_code as icb_code,
            at_region_code as region_code,
            {{ 'cast(duration_days as double)' if metric.get('event') else 'cast(null as double)' }} as duration_days,
            {{ outcome_code(metric) if metric.get('event') else 'cast(null as integer)' }} as outcome
        from ({{ both_geographies(measure) }}) as units
        where {{ conditions | join(' and ') if conditions else 'true' }}
    {%- endif -%}
{% endmacro %}
