-- Who came into post as a prescriber and who went, from one month of the deployment return to the next: +1 where a
-- person is this month and was not in the last, -1 in the month after where they were and are no longer. Somebody who
-- moves between two places of one board is +1 and -1 there: nothing gained, nothing lost. A month whose month before
-- has no return has no moves. Unit: person and direction.
with

in_post as (

    select
        *,
        coalesce(pcn_code, '') || '|' || coalesce(sub_icb_code, '') || '|' || coalesce(icb_code, '') || '|'
        || coalesce(region_code, '') as place
    from {{ ref('int_measure_prescriber_post') }}
    where is_in_post

),

months as (

    select distinct month_start
    from {{ ref('int_network_reporting') }}
    where feed_id = 'deployment_return'

),

consecutive as (

    select
        months.month_start as last_month,
        {{ add_months('months.month_start', 1) }} as this_month
    from months
    inner join months as following on {{ add_months('months.month_start', 1) }} = following.month_start

),

joiners as (

    select
        in_post.*,
        consecutive.this_month as moved_in,
        'joined' as direction,
        1 as amount
    from in_post
    inner join consecutive on in_post.event_date = consecutive.this_month
    left join in_post as before
        on
            in_post.unit_key = before.unit_key
            and in_post.place = before.place
            and consecutive.last_month = before.event_date
    where before.unit_key is null

),

leavers as (

    select
        in_post.*,
        consecutive.this_month as moved_in,
        'left' as direction,
        -1 as amount
    from in_post
    inner join consecutive on in_post.event_date = consecutive.last_month
    left join in_post as after
        on
            in_post.unit_key = after.unit_key
            and in_post.place = after.place
            and consecutive.this_month = after.event_date
    where after.unit_key is null

),

moves as (

    select *
    from joiners

    union all

    select *
    from leavers

)

select
    unit_key,
    moved_in as event_date,
    strand,
    sector,
    direction as category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code,
    amount
from moves
