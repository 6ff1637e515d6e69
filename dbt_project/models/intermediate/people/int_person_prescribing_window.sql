-- Who prescribed at which place in the months (vars.programme.active_prescribing_months) that end with a month. Only
-- months for which the return of every one of them has come: with one missing, nobody could be told inactive.
with

offsets as (

    {% for months in range(var('programme')['active_prescribing_months']) -%}
        select
            person_key,
            place_type,
            place_code,
            {{ add_months('period', months) }} as month_start,
            {{ months }} as months_ago
        from {{ ref('int_person_prescribing') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

complete as (

    select month_start
    from offsets
    group by month_start
    having count(distinct months_ago) = {{ var('programme')['active_prescribing_months'] }}

)

select distinct
    offsets.month_start,
    offsets.person_key,
    offsets.place_type,
    offsets.place_code
from offsets
inner join complete on offsets.month_start = complete.month_start
