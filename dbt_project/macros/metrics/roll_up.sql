{#- Units of a measure, each twice: where its network lay then (as_was) and where it lies now (as_now). -#}
{% macro both_geographies(measure) %}
    select
        measures.*,
        'as_was' as geography,
        measures.pcn_code as at_pcn_code,
        measures.sub_icb_code as at_sub_icb_code,
        measures.icb_code as at_icb_code,
        measures.region_code as at_region_code
    from {{ measure }} as measures

    union all

    select
        measures.*,
        'as_now' as geography,
        coalesce(networks.current_pcn_code, measures.pcn_code) as at_pcn_code,
        coalesce(networks.sub_icb_code, measures.sub_icb_code) as at_sub_icb_code,
        coalesce(networks.icb_code, boards.current_icb_code, measures.icb_code) as at_icb_code,
        coalesce(networks.region_code, boards.region_code, measures.region_code) as at_region_code
    from {{ measure }} as measures
    left join {{ ref('int_pcn_current') }} as networks on measures.pcn_code = networks.pcn_code
    left join {{ ref('int_icb_current') }} as boards on measures.icb_code = boards.icb_code
{% endmacro %}

{#- The start of a period of each grain that holds a day. -#}
{% macro period_start(grain, day) -%}
    case {{ grain }}
        when 'month' then {{ month_start(day) }}
        when 'quarter' then {{ quarter_start(day) }}
        when 'year' then {{ financial_year_start(day) }}
        else cast('{{ var('programme')['start'] }}' as date)
    end
{%- endmacro %}

{#- The last day of a period; the open-ended one ends at the data cut-off. -#}
{% macro period_end(grain, start, vintage) -%}
    case {{ grain }}
        when 'month' then {{ add_days(add_months(start, 1), -1) }}
        when 'quarter' then {{ add_days(add_months(start, 3), -1) }}
        when 'year' then {{ add_days(add_months(start, 12), -1) }}
        else {{ vintage }}
    end
{%- endmacro %}

{% macro aggregate(part) -%}
    {%- set kept = ('(' ~ part.where ~ ')') if part.get('where') else 'true' -%}
    {%- if part.agg == 'count_distinct' -%}
        count(distinct case when {{ kept }} then {{ part.expr }} end)
    {%- elif part.agg == 'sum' -%}
        sum(case when {{ kept }} then {{ part.expr }} end)
    {%- elif part.agg == 'count' -%}
        count(case when {{ kept }} then {{ part.expr }} end)
    {%- elif part.agg == 'median' -%}
        {{ median_of('case when ' ~ kept ~ ' then ' ~ part.expr ~ ' end') }}
    {%- endif -%}
{%- endmacro %}

{#- One measure rolled up to every level, grain and cut its metric allows, as one set of grouping sets.
    parts: output column -> {agg, expr, where}. Row filters that make a row exist at all go in `where`. -#}
{% macro roll_up(metric, measure, parts, by_category=false, where=none) %}
    {%- set level_columns = {
        'england': none, 'region': 'at_region_code', 'icb': 'at_icb_code',
        'sub_icb': 'at_sub_icb_code', 'pcn': 'at_pcn_code'
    } -%}
    {%- set cuts = [[]] -%}
    {%- if by_category -%}{%- set cuts = [['strand', 'category'] if metric.get('strands') else ['category']] -%}
    {%- else -%}
        {%- if metric.get('strands') -%}{%- set cuts = cuts + [['strand']] -%}{%- endif -%}
        {%- if metric.get('by_sector') -%}
            {%- set cuts = cuts + [['sector']] -%}
            {%- if metric.get('strands') -%}{%- set cuts = cuts + [['strand', 'sector']] -%}{%- endif -%}
        {%- endif -%}
    {%- endif -%}
    {%- set levels = metric.get('levels', ['england']) -%}
    {%- set cut_columns = cuts | sum(start=[]) -%}
    select
        '{{ metric.id }}' as metric_id,
        case
            {%- for level in ['pcn', 'sub_icb', 'icb', 'region'] if level in levels %}
            when grouping({{ level_columns[level] }}) = 0 then '{{ level }}'
            {%- endfor %}
            when true then 'england'
        end as org_level,
        case
            {%- for level in ['pcn', 'sub_icb', 'icb', 'region'] if level in levels %}
            when grouping({{ level_columns[level] }}) = 0 then {{ level_columns[level] }}
            {%- endfor %}
            when true then 'ENG'
        end as org_code,
        {{ "case when grouping(strand) = 0 then strand else 'all' end" if 'strand' in cut_columns else "'all'" }} as strand,
        {{ "case when grouping(sector) = 0 then sector else 'all' end" if 'sector' in cut_columns else "'all'" }} as sector,
        {{ 'category' if by_category else 'cast(null as varchar)' }} as category,
        period_start,
        period_grain,
        geography
        {%- for name, part in parts.items() %},
        cast({{ aggregate(part) }} as double) as {{ name }}
        {%- endfor %}
    from (
        select
            units.*,
            grains.period_grain,
            {{ period_start('grains.period_grain', 'units.event_date') }} as period_start
        from (
            {{ both_geographies(measure) }}
        ) as units
        cross join (
            {%- for grain in metric.get('grains', ['month']) %}
            select '{{ grain }}' as period_grain {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as grains
        where
            units.event_date >= cast('{{ var('programme')['start'] }}' as date)
            and units.event_date <= (select vintage from {{ source('build', 'build_info') }})
            {%- if where %}
            and {{ where }}
            {%- endif %}
    ) as periods
    group by grouping sets (
        {%- set sets = [] -%}
        {%- for level in levels -%}
            {#- sectors of one network are one or two people: that cut stops at boards -#}
            {%- for cut in cuts if not ('sector' in cut and level in ['sub_icb', 'pcn']) -%}
                {%- set place = [level_columns[level]] if level_columns[level] else [] -%}
                {%- do sets.append('(' ~ (['period_start', 'period_grain', 'geography'] + place + cut) | join(', ') ~ ')') -%}
            {%- endfor -%}
        {%- endfor %}
        {{ sets | join(',\n        ') }}
    )
{% endmacro %}
