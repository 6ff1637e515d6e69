-- Practices as the newest map shows them, with their newest list.
with

practices as (

    select *
    from {{ ref('int_practice_map') }}

),

newest_map as (

    select max(extract_date) as extract_date
    from practices

),

lists as (

    select
        practice_code,
        patients,
        row_number() over (partition by practice_code order by extract_date desc) as recency
    from {{ ref('stg_registered_patients__list_size') }}

)

select
    practices.practice_code,
    practices.practice_name,
    practices.postcode,
    practices.pcn_code,
    practices.sub_icb_code,
    practices.icb_code,
    practices.region_code,
    cast(lists.patients as bigint) as patients
from practices
inner join newest_map on practices.extract_date = newest_map.extract_date
left join lists on practices.practice_code = lists.practice_code and lists.recency = 1
