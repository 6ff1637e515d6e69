-- Actual spend on each strand by financial year, for years whose twelve months are all closed: a month is closed once
-- every line of it has an outturn.
with

months as (

    select
        strand,
        period,
        sum(outturn_gbp) as outturn_gbp
    from {{ ref('stg_spend__month') }}
    group by strand, period
    having count(*) = count(outturn_gbp)

)

select
    strand,
    {{ financial_year_start('period') }} as period_start,
    sum(outturn_gbp) as outturn_gbp
from months
group by strand, {{ financial_year_start('period') }}
having count(*) = 12
