-- How many of those who could train are in each group: pharmacists registered in England in the newest snapshot.
with

newest as (

    select max(snapshot_date) as snapshot_date
    from {{ ref('int_register_current') }}

),

eligible as (

    select register.*
    from {{ ref('int_register_current') }} as register
    inner join newest on register.snapshot_date = newest.snapshot_date
    where
        register.profession = 'pharmacist'
        and register.country = 'England'
        and register.registration_status = 'registered'

)

select
    'sex' as dimension,
    sex as category,
    count(*) as people
from eligible
where sex <> 'not_stated'
group by sex

union all

select
    'ethnic_group' as dimension,
    ethnic_group as category,
    count(*) as people
from eligible
where ethnic_group <> 'not_stated'
group by ethnic_group

union all

select
    'age_band' as dimension,
    age_band as category,
    count(*) as people
from eligible
where age_band is not null
group by age_band
