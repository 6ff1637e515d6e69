-- Everyone any feed speaks of, by pseudonym; the register says what it can, other feeds fill the profession.
with

mentions as (

    select
        person_key,
        profession
    from {{ ref('int_event') }}

    union all

    select
        person_key,
        case
            when role in ('pharmacist', 'advanced_pharmacist_practitioner') then 'pharmacist'
            else 'pharmacy_technician'
        end as profession
    from {{ ref('int_person_post') }}

    union all

    select
        person_key,
        profession
    from {{ ref('int_register_current') }}

),

people as (

    select
        person_key,
        min(profession) as profession
    from mentions
    where person_key is not null
    group by person_key

)

select
    people.person_key,
    coalesce(register.profession, people.profession) as profession,
    register.person_key is not null as is_on_register,
    register.registration_status,
    cast(register.registered_on as date) as registered_on,
    cast(register.annotated_on as date) as annotated_on,
    register.annotation_route,
    register.country,
    register.sex,
    register.ethnic_group,
    register.age_band
from people
left join {{ ref('int_register_current') }} as register on people.person_key = register.person_key
