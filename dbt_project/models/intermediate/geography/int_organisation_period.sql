-- The spine: every organisation that existed in each period, in both geographies.
with

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

months as (

    select series.month_start
    from build
    cross join lateral (
        {{ month_series("cast('" ~ var('programme')['start'] ~ "' as date)", month_start('build.vintage')) }}
    ) as series

),

spells as (

    select
        pcn_code,
        min(valid_from) as opened_on,
        max(coalesce(valid_to, cast('9999-12-31' as date))) as closed_on
    from {{ ref('int_practice_membership') }}
    group by pcn_code

),

-- without a membership file, a network exists while the workforce file or the practice map shows it
networks as (

    select
        pcn_code,
        opened_on,
        closed_on
    from spells

    union all

    select
        pcn_code,
        min(observed_on) as opened_on,
        cast('9999-12-31' as date) as closed_on
    from {{ ref('int_pcn_observation') }}
    where not exists (select 1 from spells)
    group by pcn_code

),

active as (

    select
        months.month_start,
        networks.pcn_code
    from months
    inner join networks
        on
            networks.opened_on < {{ add_months('months.month_start', 1) }}
            and networks.closed_on >= months.month_start

),

placed as (

    select
        active.month_start,
        'as_was' as geography,
        geography.pcn_code,
        geography.sub_icb_code,
        geography.icb_code,
        geography.region_code
    from active
    inner join {{ ref('int_pcn_geography') }} as geography
        on
            active.pcn_code = geography.pcn_code
            and active.month_start >= geography.valid_from
            and active.month_start <= geography.valid_to

    union all

    select
        active.month_start,
        'as_now' as geography,
        networks.current_pcn_code as pcn_code,
        networks.sub_icb_code,
        networks.icb_code,
        networks.region_code
    from active
    inner join {{ ref('int_pcn_current') }} as networks on active.pcn_code = networks.pcn_code

),

-- the last day something could have been seen decides which map a longer period is drawn on: that of each month
grains as (

    select 'month' as period_grain
    union all
    select 'quarter' as period_grain
    union all
    select 'year' as period_grain
    union all
    select 'all' as period_grain

),

periods as (

    select
        placed.geography,
        placed.pcn_code,
        placed.sub_icb_code,
        placed.icb_code,
        placed.region_code,
        grains.period_grain,
        {{ period_start('grains.period_grain', 'placed.month_start') }} as period_start
    from placed
    cross join grains

)

select distinct
    'pcn' as org_level,
    pcn_code as org_code,
    geography,
    period_grain,
    period_start
from periods
where pcn_code is not null

union all

select distinct
    'sub_icb' as org_level,
    sub_icb_code as org_code,
    geography,
    period_grain,
    period_start
from periods
where sub_icb_code is not null

union all

select distinct
    'icb' as org_level,
    icb_code as org_code,
    geography,
    period_grain,
    period_start
from periods
where icb_code is not null

union all

select distinct
    'region' as org_level,
    region_code as org_code,
    geography,
    period_grain,
    period_start
from periods
where region_code is not null

union all

select distinct
    'england' as org_level,
    'ENG' as org_code,
    geography,
    period_grain,
    period_start
from periods
