-- Spells of where a network lies. The first spell reaches back without limit, the last forward without limit. On a day
-- on which boards changed, every network is looked at anew: where its newest file up to that day put it, read as it is
-- then; or, where no file is older, where the first one put it, read on that day and on the day before.
with

observations as (

    select *
    from {{ ref('int_pcn_observation') }}

),

changes as (

    select *
    from {{ ref('int_icb_change') }}

),

change_days as (

    select distinct effective_on
    from changes

),

around as (

    select
        change_days.effective_on,
        observations.pcn_code,
        max(case when observations.observed_on <= change_days.effective_on then observations.observed_on end)
            as newest_before,
        min(observations.observed_on) as first_of_all
    from change_days
    cross join observations
    group by change_days.effective_on, observations.pcn_code

),

looks as (

    select
        pcn_code,
        observed_on as seen_on,
        observed_on
    from observations

    union

    select
        pcn_code,
        coalesce(newest_before, first_of_all) as seen_on,
        effective_on as observed_on
    from around

    union

    select
        pcn_code,
        first_of_all as seen_on,
        {{ add_days('effective_on', -1) }} as observed_on
    from around
    where first_of_all >= effective_on

),

placed as (

    select
        looks.observed_on,
        observations.pcn_code,
        coalesce(part.sub_icb_code, whole.sub_icb_code, observations.sub_icb_code) as sub_icb_code,
        coalesce(part.icb_code, whole.icb_code, observations.icb_code) as icb_code,
        coalesce(part.region_code, whole.region_code, observations.region_code) as region_code
    from looks
    inner join observations on looks.pcn_code = observations.pcn_code and looks.seen_on = observations.observed_on
    left join changes as part
        on
            observations.sub_icb_code = part.shown_sub_icb_code
            and observations.icb_code = part.shown_icb_code
            and observations.pcn_code = part.part_code
            and looks.observed_on >= part.valid_from
            and looks.observed_on <= part.valid_to
    left join changes as whole
        on
            observations.sub_icb_code = whole.shown_sub_icb_code
            and observations.icb_code = whole.shown_icb_code
            and whole.part_code is null
            and looks.observed_on >= whole.valid_from
            and looks.observed_on <= whole.valid_to

),

compared as (

    select
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        coalesce(sub_icb_code, '') || '|' || coalesce(icb_code, '') || '|' || coalesce(region_code, '') as place,
        lag(coalesce(sub_icb_code, '') || '|' || coalesce(icb_code, '') || '|' || coalesce(region_code, ''))
            over (partition by pcn_code order by observed_on) as previous_place
    from placed

),

turns as (

    select
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (partition by pcn_code order by observed_on) as spell_number,
        lead(observed_on) over (partition by pcn_code order by observed_on) as next_observed_on
    from compared
    where previous_place is null or previous_place <> place

)

select
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code,
    case when spell_number = 1 then cast('1900-01-01' as date) else observed_on end as valid_from,
    coalesce({{ add_days('next_observed_on', -1) }}, cast('9999-12-31' as date)) as valid_to
from turns
