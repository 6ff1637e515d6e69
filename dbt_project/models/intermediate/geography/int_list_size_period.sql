-- The list that stands for a period: the newest extract up to its middle day, else the first extract there is.
with

periods as (

    select distinct
        period_grain,
        period_start
    from {{ ref('int_organisation_period') }}

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

bounds as (

    select
        periods.period_grain,
        periods.period_start,
        least({{ period_end('periods.period_grain', 'periods.period_start', 'build.vintage') }}, build.vintage)
            as last_day
    from periods
    cross join build

),

middles as (

    select
        period_grain,
        period_start,
        {{ add_days('period_start', 'floor(' ~ days_between('period_start', 'last_day') ~ ' / 2.0)') }} as middle_day
    from bounds

),

extracts as (

    select distinct extract_date
    from {{ ref('int_list_size') }}

),

chosen as (

    select
        middles.period_grain,
        middles.period_start,
        coalesce(
            max(case when extracts.extract_date <= middles.middle_day then extracts.extract_date end),
            min(extracts.extract_date)
        ) as extract_date
    from middles
    left join extracts on true
    group by middles.period_grain, middles.period_start

)

select
    chosen.period_grain,
    chosen.period_start,
    lists.geography,
    lists.org_level,
    lists.org_code,
    lists.patients
from chosen
inner join {{ ref('int_list_size') }} as lists on chosen.extract_date = lists.extract_date
