{#- Patients of every organisation at every extract, in both geographies, from lists by practice (extract_date,
    practice_code, sub_icb_code or null, patients). A practice lies where the newest map up to the extract puts it,
    else where the first map does; one that no map knows lies in its sub-ICB location. As it is now, it lies where the
    newest map puts it, and its network is the one that network is now. -#}
{% macro patients_by_place(lists) %}
    with

    lists as (

        {{ lists }}

    ),

    extracts as (

        select distinct extract_date
        from lists

    ),

    map_dates as (

        select distinct extract_date as map_date
        from {{ ref('int_practice_map') }}

    ),

    chosen_map as (

        select
            extracts.extract_date,
            coalesce(
                max(case when map_dates.map_date <= extracts.extract_date then map_dates.map_date end),
                min(map_dates.map_date)
            ) as map_date
        from extracts
        left join map_dates on true
        group by extracts.extract_date

    ),

    newest_map as (

        select max(map_date) as map_date
        from map_dates

    ),

    practices_now as (

        select
            practices.practice_code,
            practices.sub_icb_code,
            practices.icb_code,
            practices.region_code
        from {{ ref('int_practice_map') }} as practices
        inner join newest_map on practices.extract_date = newest_map.map_date

    ),

    placed as (

        select
            lists.extract_date,
            lists.practice_code,
            lists.patients,
            coalesce(practices.pcn_code, memberships.pcn_code) as pcn_code,
            coalesce(practices.sub_icb_code, lists.sub_icb_code) as sub_icb_code,
            coalesce(
                practices.icb_code,
                case when lists.extract_date < parents.changed_on then parents.former_icb_code end,
                parents.icb_code
            ) as icb_code,
            coalesce(practices.region_code, parents.region_code) as region_code
        from lists
        inner join chosen_map on lists.extract_date = chosen_map.extract_date
        left join {{ ref('int_practice_map') }} as practices
            on lists.practice_code = practices.practice_code and chosen_map.map_date = practices.extract_date
        left join {{ ref('int_practice_membership') }} as memberships
            on
                lists.practice_code = memberships.practice_code
                and practices.practice_code is null
                and lists.extract_date >= memberships.valid_from
                and lists.extract_date <= coalesce(memberships.valid_to, cast('9999-12-31' as date))
        left join {{ ref('int_sub_icb_parent') }} as parents on lists.sub_icb_code = parents.sub_icb_code

    ),

    both_geographies as (

        select
            extract_date,
            patients,
            'as_was' as geography,
            pcn_code,
            sub_icb_code,
            icb_code,
            region_code
        from placed

        union all

        select
            placed.extract_date,
            placed.patients,
            'as_now' as geography,
            networks.current_pcn_code as pcn_code,
            coalesce(
                practices_now.sub_icb_code, divided.sub_icb_code, parents.current_sub_icb_code, placed.sub_icb_code
            ) as sub_icb_code,
            coalesce(
                practices_now.icb_code, divided.icb_code, parents.icb_code, boards.current_icb_code, placed.icb_code
            ) as icb_code,
            coalesce(
                practices_now.region_code, divided.region_code, parents.region_code, boards.region_code, placed.region_code
            ) as region_code
        from placed
        left join {{ ref('int_pcn_current') }} as networks on placed.pcn_code = networks.pcn_code
        left join practices_now on placed.practice_code = practices_now.practice_code
        left join {{ ref('int_sub_icb_parent') }} as parents on placed.sub_icb_code = parents.sub_icb_code
        left join {{ ref('int_icb_current') }} as boards on placed.icb_code = boards.icb_code
        -- a practice that is gone, of a location that was divided, lies where its network went
        left join {{ ref('int_pcn_current') }} as divided
            on placed.pcn_code = divided.pcn_code and parents.current_sub_icb_code <> parents.sub_icb_code

    ),

    rolled as (

        select
            extract_date,
            geography,
            case
                when grouping(pcn_code) = 0 then 'pcn'
                when grouping(sub_icb_code) = 0 then 'sub_icb'
                when grouping(icb_code) = 0 then 'icb'
                when grouping(region_code) = 0 then 'region'
                else 'england'
            end as org_level,
            case
                when grouping(pcn_code) = 0 then pcn_code
                when grouping(sub_icb_code) = 0 then sub_icb_code
                when grouping(icb_code) = 0 then icb_code
                when grouping(region_code) = 0 then region_code
                else 'ENG'
            end as org_code,
            cast(sum(patients) as double) as patients
        from both_geographies
        group by grouping sets ( -- noqa: PRS
            (extract_date, geography),
            (extract_date, geography, region_code),
            (extract_date, geography, icb_code),
            (extract_date, geography, sub_icb_code),
            (extract_date, geography, pcn_code)
        )

    )

    select
        extract_date,
        geography,
        org_level,
        org_code,
        patients
    from rolled
    where org_code is not null
{% endmacro %}

{#- For each period the list that stands for it: the newest extract up to a day of the period, else the first extract
    there is. `periods` is a query with the columns `keys` and the day; `lists` one row per extract and organisation. -#}
{% macro list_of_each(periods, keys, day, lists) %}
    select
        {% for key in keys %}chosen.{{ key }},
        {% endfor -%}
        lists.geography,
        lists.org_level,
        lists.org_code,
        lists.patients
    from (
        select
            {% for key in keys %}periods.{{ key }},
            {% endfor -%}
            coalesce(
                max(case when extracts.extract_date <= periods.{{ day }} then extracts.extract_date end),
                min(extracts.extract_date)
            ) as extract_date
        from ({{ periods }}) as periods
        left join (select distinct extract_date from {{ lists }}) as extracts on true
        group by {% for key in keys %}periods.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
    ) as chosen
    inner join {{ lists }} as lists on chosen.extract_date = lists.extract_date
{% endmacro %}

{#- The list at the middle day of every period of every grain. -#}
{% macro list_at_mid_period(lists) %}
    {%- set middle_days -%}
        select
            bounds.period_grain,
            bounds.period_start,
            {{ add_days(
                'bounds.period_start', 'floor(' ~ days_between('bounds.period_start', 'bounds.last_day') ~ ' / 2.0)'
            ) }} as middle_day
        from (
            select
                periods.period_grain,
                periods.period_start,
                least(
                    {{ period_end('periods.period_grain', 'periods.period_start', 'build.vintage') }}, build.vintage
                ) as last_day
            from (select distinct period_grain, period_start from {{ ref('int_organisation_period') }}) as periods
            cross join {{ source('build', 'build_info') }} as build
        ) as bounds
    {%- endset -%}
    {{ list_of_each(middle_days, ['period_grain', 'period_start'], 'middle_day', lists) }}
{% endmacro %}
