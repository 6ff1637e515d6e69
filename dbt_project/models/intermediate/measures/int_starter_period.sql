-- Starters of independent prescribing in each period and geography they belong to, with what groups are told by.
select
    starters.unit_key,
    starters.geography,
    grains.period_grain,
    {{ period_start('grains.period_grain', 'starters.event_date') }} as period_start,
    starters.sector,
    starters.at_region_code as region_code,
    starters.start_year,
    starters.is_mature,
    starters.is_reached,
    starters.sex,
    starters.ethnic_group,
    starters.age_band
from ({{ both_geographies(ref('int_measure_background')) }}) as starters
cross join (
    select 'year' as period_grain
    union all
    select 'all' as period_grain
) as grains
where
    starters.event_date >= cast('{{ var('programme')['start'] }}' as date)
    and starters.event_date <= (select build.vintage from {{ source('build', 'build_info') }} as build)
