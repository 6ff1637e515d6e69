-- Outturn to date over the programme's ceiling: cumulative at the end of every month that is closed.
{%- set spend = ref('stg_spend__month') -%}
{% for metric in family_metrics() %}
select {{ family_columns() }}
from (
    with

    closed_months as (

        select
            strand,
            period,
            sum(outturn_gbp) as outturn_gbp
        from {{ spend }}
        where outturn_gbp is not null
        group by strand, period

    ),

    cuts as (

        select
            strand,
            period,
            outturn_gbp
        from closed_months

        union all

        select
            'all' as strand,
            period,
            sum(outturn_gbp) as outturn_gbp
        from closed_months
        group by period

    ),

    strands as (

        select distinct strand
        from cuts

    ),

    every_month as (

        select
            strands.strand,
            months.period
        from strands
        cross join (select distinct period from closed_months) as months

    ),

    cumulative as (

        select
            every_month.strand,
            every_month.period,
            sum(coalesce(cuts.outturn_gbp, 0)) over (
                partition by every_month.strand
                order by every_month.period
                rows between unbounded preceding and current row
            ) as outturn_gbp
        from every_month
        left join cuts on every_month.strand = cuts.strand and every_month.period = cuts.period

    ),

    newest as (

        select max(period) as period
        from cumulative

    ),

    grains as (

        select
            strand,
            period as period_start,
            'month' as period_grain,
            outturn_gbp
        from cumulative

        union all

        select
            cumulative.strand,
            cast('{{ var('programme')['start'] }}' as date) as period_start,
            'all' as period_grain,
            cumulative.outturn_gbp
        from cumulative
        inner join newest on cumulative.period = newest.period

    )

    select
        '{{ metric.id }}' as metric_id,
        'england' as org_level,
        'ENG' as org_code,
        grains.strand,
        'all' as sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        grains.period_start,
        grains.period_grain,
        geographies.geography,
        cast(grains.outturn_gbp as double) as numerator,
        cast({{ var('programme')['ceiling_gbp'] }} as double) as denominator,
        cast(null as double) as cohort_size,
        cast(null as double) as mature_size
    from grains
    cross join (
        select 'as_was' as geography
        union all
        select 'as_now' as geography
    ) as geographies
) as figures
{{ 'union all' if not loop.last }}
{% else %}
{{ empty_family() }}
{% endfor %}
