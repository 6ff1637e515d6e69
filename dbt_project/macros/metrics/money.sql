{#- Ways of counting that start from the money. Each ends in the columns of figure_parts(). -#}

{#- Outturn to date over the programme's ceiling: cumulative at the end of every month that is closed. Money has no
    place, so both geographies are the same. -#}
{% macro spend_to_date(metric, measure) %}
    with

    closed_months as (

        select
            strand,
            period,
            sum(outturn_gbp) as outturn_gbp
        from {{ measure }}
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

    every_month as (

        select
            strands.strand,
            months.period
        from (select distinct strand from cuts) as strands
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

    grains as (

        select
            strand,
            period as period_start,
            'month' as period_grain,
            outturn_gbp
        from cumulative

        union all

        select
            strand,
            cast('{{ var('programme')['start'] }}' as date) as period_start,
            'all' as period_grain,
            outturn_gbp
        from cumulative
        where period = (select max(period) from cumulative)

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
    cross join ({{ geographies() }}) as geographies
{% endmacro %}

{#- Money of each financial year set against those who started in it and what became of them (`reached`). A year is
    there once all its twelve months are closed (int_outturn_year); `all` puts together the years that are mature by rule R6 as well, or,
    while there is none, every closed year, so that it says too early. -#}
{% macro spend_by_start_year(outturn, money, starters, reached, horizon_days) %}
    with

    closed as (

        select
            period_start,
            cast(sum({{ money.expr }}) as double) as amount
        from {{ outturn }}
        where {{ money.where }}
        group by period_start

    ),

    started as (

        select
            {{ financial_year_start('starters.event_date') }} as period_start,
            cast(count(*) as double) as started,
            cast(count(case when {{ reached }} then 1 end) as double) as reached,
            cast(
                count(
                    case when {{ add_days('starters.event_date', horizon_days) }} <= build.vintage then 1 end
                ) as double
            ) as mature
        from {{ starters }} as starters
        cross join {{ source('build', 'build_info') }} as build
        where
            starters.event_date >= cast('{{ var('programme')['start'] }}' as date)
            and starters.event_date <= build.vintage
        group by {{ financial_year_start('starters.event_date') }}

    ),

    years as (

        select
            closed.period_start,
            closed.amount,
            started.started,
            started.reached,
            started.mature,
            closed.amount * {{ ratio('started.reached', 'started.started') }} as amount_reached,
            {{ ratio('started.mature', 'started.started') }} >= {{ var('programme')['mature_share'] }} as is_ripe
        from closed
        inner join started on closed.period_start = started.period_start

    ),

    pooled as (

        select
            *,
            max(case when is_ripe then 1 else 0 end) over () as any_ripe
        from years

    )

    select
        period_start,
        'year' as period_grain,
        amount,
        started,
        reached,
        mature,
        amount_reached
    from years

    union all

    select
        cast('{{ var('programme')['start'] }}' as date) as period_start,
        'all' as period_grain,
        sum(amount) as amount,
        sum(started) as started,
        sum(reached) as reached,
        sum(mature) as mature,
        sum(amount_reached) as amount_reached
    from pooled
    where is_ripe or any_ripe = 0
    having count(*) > 0
{% endmacro %}

{#- What one person who got there cost: the year's outturn over the starters of the year who did. Interval: the Wilson
    limits of the share who did, turned into limits of the cost; the outturn itself is known. -#}
{% macro unit_cost(metric, outturn, starters) %}
    select
        {{ spend_figure(metric) }},
        years.amount as numerator,
        years.reached as denominator,
        years.started as cohort_size,
        years.mature as mature_size,
        cast(null as double) as estimate,
        {{ ratio('years.amount', 'years.started * ' ~ wilson_upper('years.reached', 'years.started')) }}
            as estimate_lower,
        {{ ratio('years.amount', 'years.started * ' ~ wilson_lower('years.reached', 'years.started')) }}
            as estimate_upper
    from (
        {{ spend_by_start_year(outturn, metric.numerator, starters, metric.denominator.where, metric.horizon_days) }}
    ) as years
    cross join ({{ geographies() }}) as geographies
{% endmacro %}

{#- The share of the money that went on starters of whom something became: every start of a year costs the same, so a
    year's outturn is shared out by heads, and years are added up in pounds. -#}
{% macro spend_share(metric, outturn, starters) %}
    select
        {{ spend_figure(metric) }},
        years.amount_reached as numerator,
        years.amount as denominator,
        years.started as cohort_size,
        years.mature as mature_size
    from (
        {{ spend_by_start_year(outturn, metric.denominator, starters, metric.numerator.where, metric.horizon_days) }}
    ) as years
    cross join ({{ geographies() }}) as geographies
{% endmacro %}

{#- Keys of a figure about money: England, because spend has no place below it, and the same in both geographies. -#}
{% macro spend_figure(metric) -%}
'{{ metric.id }}' as metric_id,
        'england' as org_level,
        'ENG' as org_code,
        'all' as strand,
        'all' as sector,
        cast(null as varchar) as dimension,
        cast(null as varchar) as category,
        years.period_start,
        years.period_grain,
        geographies.geography
{%- endmacro %}
