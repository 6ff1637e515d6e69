-- Spells of where a network lies. The first spell reaches back without limit, the last forward without limit.
with

observations as (

    select
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        coalesce(sub_icb_code, '') || '|' || coalesce(icb_code, '') || '|' || coalesce(region_code, '') as place
    from {{ ref('int_pcn_observation') }}

),

compared as (

    select
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        place,
        lag(place) over (partition by pcn_code order by observed_on) as previous_place
    from observations

),

changes as (

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
from changes
