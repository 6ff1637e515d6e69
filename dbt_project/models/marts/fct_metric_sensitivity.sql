-- Figures asked again under another assumption, beside those of fct_metric_value.
with

answers as (

    select
        'fractional_attribution' as variant,
        metric_id,
        org_level,
        org_code,
        period_start,
        geography,
        value
    from {{ ref('int_fractional_attribution') }}

    union all

    select
        'constant_reporters' as variant,
        metric_id,
        org_level,
        org_code,
        period_start,
        geography,
        value
    from {{ ref('int_constant_reporters') }}

)

select
    answers.metric_id,
    answers.org_level,
    answers.org_code,
    'all' as strand,
    'all' as sector,
    cast(answers.period_start as date) as period_start,
    'month' as period_grain,
    answers.geography,
    answers.variant,
    cast(answers.value as double) as value,
    cast(answers.value as double) as numerator,
    cast(null as double) as denominator,
    cast(build.vintage as date) as vintage
from answers
cross join {{ source('build', 'build_info') }} as build
