-- Provider returns that were due: every month from a provider's first to the last whose due day has come, and whether
-- a return for it was dated in time. A return that was replaced later still came when it came. Unit: provider and
-- month.
with

returns as (

    select
        submitter as provider_code,
        period,
        min(reported_at) as first_returned_on
    from {{ source('build', 'return_receipt') }}
    where feed_id = 'provider_return'
    group by submitter, period

),

contract as (

    select
        build.vintage,
        presence.grace_days
    from {{ source('build', 'build_info') }} as build
    cross join {{ source('build', 'feed_presence') }} as presence
    where presence.feed_id = 'provider_return'

),

firsts as (

    select
        provider_code,
        min(period) as first_period
    from returns
    group by provider_code

),

due as (

    select
        firsts.provider_code,
        series.month_start as period,
        {{ add_days(add_days(add_months('series.month_start', 1), -1), 'contract.grace_days') }} as due_on,
        contract.vintage
    from firsts
    cross join contract
    cross join lateral ({{ month_series('firsts.first_period', 'contract.vintage') }}) as series

)

select
    due.provider_code || '|' || cast(due.period as varchar) as unit_key,
    due.period as event_date,
    'all' as strand,
    'all' as sector,
    due.provider_code as category,
    cast(null as varchar) as pcn_code,
    cast(null as varchar) as sub_icb_code,
    cast(null as varchar) as icb_code,
    cast(null as varchar) as region_code,
    coalesce(returns.first_returned_on <= due.due_on, false) as is_reached
from due
left join returns on due.provider_code = returns.provider_code and due.period = returns.period
where due.due_on <= due.vintage
