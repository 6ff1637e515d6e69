-- How far a month's count of new independent prescribers in England moved between the first vintage that has it and
-- the first one a year or more later. Unit: month.
with

vintages as (

    select
        period_start,
        vintage,
        value
    from {{ source('build', 'vintage_value') }}
    where
        metric_id = 'new_independent_prescribers'
        and org_level = 'england'
        and strand = 'all'
        and sector = 'all'
        and period_grain = 'month'
        and geography = 'as_was'
        and value is not null

    union all

    select
        figures.period_start,
        build.vintage,
        figures.numerator as value
    from {{ ref('metric_prescribers') }} as figures
    cross join {{ source('build', 'build_info') }} as build
    where
        figures.metric_id = 'new_independent_prescribers'
        and figures.org_level = 'england'
        and figures.strand = 'all'
        and figures.sector = 'all'
        and figures.period_grain = 'month'
        and figures.geography = 'as_was'
        and figures.dimension is null

),

-- a month that was not over yet when a vintage was taken had not had its first value
complete as (

    select *
    from vintages
    where {{ add_months('period_start', 1) }} <= vintage

),

firsts as (

    select
        period_start,
        min(vintage) as first_vintage
    from complete
    group by period_start

),

laters as (

    select
        complete.period_start,
        min(complete.vintage) as later_vintage
    from complete
    inner join firsts on complete.period_start = firsts.period_start
    where complete.vintage >= {{ add_months('firsts.first_vintage', 12) }}
    group by complete.period_start

)

select
    cast(firsts.period_start as varchar) as unit_key,
    firsts.period_start as event_date,
    'all' as strand,
    'all' as sector,
    cast(null as varchar) as category,
    cast(null as varchar) as pcn_code,
    cast(null as varchar) as sub_icb_code,
    cast(null as varchar) as icb_code,
    cast(null as varchar) as region_code,
    first_values.value as first_value,
    later_values.value as later_value,
    100 * {{ ratio('abs(later_values.value - first_values.value)', 'first_values.value') }} as revision_percent
from firsts
inner join laters on firsts.period_start = laters.period_start
inner join complete as first_values
    on firsts.period_start = first_values.period_start and firsts.first_vintage = first_values.vintage
inner join complete as later_values
    on laters.period_start = later_values.period_start and laters.later_vintage = later_values.vintage
where first_values.value > 0
