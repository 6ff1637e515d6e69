-- Which networks told us of their staff and which stayed silent, by return and month, in both geographies. A network
-- is expected while any practice is its member on the last day of the month; as it is now, it reported when any of the
-- networks it was made of did.
with

reported as (

    select distinct
        'pcn_workforce' as feed_id,
        census_month as month_start,
        pcn_code
    from {{ ref('stg_pcn_workforce__role') }}

    union all

    select distinct
        'deployment_return' as feed_id,
        period as month_start,
        pcn_code
    from {{ ref('stg_deployment_return__post') }}

),

months as (

    select distinct
        feed_id,
        month_start
    from reported

),

known as (

    select
        feed_id,
        month_start,
        pcn_code,
        1 as has_reported
    from reported

    union all

    select
        months.feed_id,
        months.month_start,
        spells.pcn_code,
        0 as has_reported
    from months
    inner join {{ ref('int_practice_membership') }} as spells
        on
            spells.valid_from < {{ add_months('months.month_start', 1) }}
            and coalesce(spells.valid_to, cast('9999-12-31' as date))
            >= {{ add_days(add_months('months.month_start', 1), -1) }}

),

placed as (

    select
        feed_id,
        month_start,
        'as_was' as geography,
        pcn_code,
        has_reported
    from known

    union all

    select
        known.feed_id,
        known.month_start,
        'as_now' as geography,
        coalesce(networks.current_pcn_code, case when known.has_reported = 1 then known.pcn_code end) as pcn_code,
        known.has_reported
    from known
    left join {{ ref('int_pcn_current') }} as networks on known.pcn_code = networks.pcn_code

)

select
    feed_id,
    month_start,
    geography,
    pcn_code,
    max(has_reported) = 1 as is_reporting
from placed
where pcn_code is not null
group by feed_id, month_start, geography, pcn_code
