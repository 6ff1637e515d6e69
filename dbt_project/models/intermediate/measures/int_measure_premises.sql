-- Community pharmacy premises open on the last day of a month, and whether an annotated pharmacist (on that day)
-- prescribed there in the three months that end with it. Whether premises are open is what the newest list says of
-- them; where they lie is what the newest list up to that day says, else the first that holds them. Unit: premises.
with

listed as (

    select
        premises_code,
        icb_code,
        pcn_code,
        open_date,
        close_date,
        snapshot_date,
        row_number() over (partition by premises_code order by snapshot_date desc) as recency,
        row_number() over (partition by premises_code order by snapshot_date) as occurrence,
        lead(snapshot_date) over (partition by premises_code order by snapshot_date) as next_snapshot_date
    from {{ ref('stg_pharmacy_premises__premises') }}

),

places as (

    select
        premises_code,
        icb_code,
        pcn_code,
        case when occurrence = 1 then cast('1900-01-01' as date) else snapshot_date end as valid_from,
        coalesce({{ add_days('next_snapshot_date', -1) }}, cast('9999-12-31' as date)) as valid_to
    from listed

),

months as (

    select distinct
        month_start,
        {{ add_days(add_months('month_start', 1), -1) }} as last_day
    from {{ ref('int_person_prescribing_window') }}

),

active as (

    select distinct
        prescribed.place_code,
        prescribed.month_start
    from {{ ref('int_person_prescribing_window') }} as prescribed
    inner join {{ ref('int_register_current') }} as register
        on
            prescribed.person_key = register.person_key
            and {{ annotated_on_last_day('register', 'prescribed.month_start') }}
    where prescribed.place_type = 'premises'

)

select
    listed.premises_code as unit_key,
    months.month_start as event_date,
    'independent_prescribing' as strand,
    'all' as sector,
    cast(null as varchar) as category,
    places.pcn_code,
    cast(null as varchar) as sub_icb_code,
    places.icb_code,
    regions.region_code,
    active.place_code is not null as is_reached
from listed
inner join months
    on
        coalesce(listed.open_date, months.last_day) <= months.last_day
        and coalesce(listed.close_date, months.last_day) >= months.last_day
inner join places
    on
        listed.premises_code = places.premises_code
        and months.last_day >= places.valid_from
        and months.last_day <= places.valid_to
left join {{ ref('int_icb_region') }} as regions on places.icb_code = regions.icb_code
left join active on listed.premises_code = active.place_code and months.month_start = active.month_start
where listed.recency = 1
