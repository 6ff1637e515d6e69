{{ finished_figures(breakdown=false) }}

select
    bounded.metric_id,
    bounded.org_level,
    bounded.org_code,
    bounded.strand,
    bounded.sector,
    cast(bounded.period_start as date) as period_start,
    bounded.period_grain,
    bounded.geography,
    {{ figure_columns('bounded') }}
from bounded

union all

-- a metric whose input has not landed, or holds nothing it could count, says so instead of vanishing
select
    registry.metric_id,
    'england' as org_level,
    'ENG' as org_code,
    'all' as strand,
    'all' as sector,
    cast('{{ var('programme')['start'] }}' as date) as period_start,
    'all' as period_grain,
    geographies.geography,
    cast(null as double) as value,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    cast(null as double) as lower_95,
    cast(null as double) as upper_95,
    registry.unit,
    'input_missing' as status,
    registry.definition_version,
    cast(build.vintage as date) as vintage
from registry
cross join build
cross join ({{ geographies() }}) as geographies
where
    registry.missing_feeds > 0
    or registry.metric_id not in (select bounded.metric_id from bounded where bounded.org_level = 'england')
