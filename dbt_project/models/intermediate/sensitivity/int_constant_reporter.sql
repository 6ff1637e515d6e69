-- Networks, as they are now, that told us of their staff in every month of the window: the months of a return up to
-- its newest (vars.programme.constant_reporters_months), or all of them where there are fewer.
with

reporting as (

    select *
    from {{ ref('int_network_reporting') }}
    where geography = 'as_now' and is_reporting

),

newest as (

    select
        feed_id,
        max(month_start) as last_month
    from reporting
    group by feed_id

),

in_window as (

    select
        reporting.feed_id,
        reporting.month_start,
        reporting.pcn_code
    from reporting
    inner join newest
        on
            reporting.feed_id = newest.feed_id
            and reporting.month_start
            > {{ add_months('newest.last_month', -var('programme')['constant_reporters_months']) }}

),

months as (

    select
        feed_id,
        min(month_start) as first_month,
        count(distinct month_start) as months
    from in_window
    group by feed_id

),

counted as (

    select
        feed_id,
        pcn_code,
        count(*) as months
    from in_window
    group by feed_id, pcn_code

)

select
    counted.feed_id,
    counted.pcn_code,
    networks.icb_code,
    networks.region_code,
    months.first_month
from counted
inner join months on counted.feed_id = months.feed_id and counted.months = months.months
left join {{ ref('int_pcn_current') }} as networks on counted.pcn_code = networks.pcn_code
