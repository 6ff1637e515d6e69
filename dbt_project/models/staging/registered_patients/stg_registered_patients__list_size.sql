with

source_rows as (

    select *
    from {{ source('registered_patients', 'registered_patients') }}

),

renamed as (

    select
        source_rows.extract_date,
        source_rows.practice_code,
        source_rows.sub_icb_code,
        source_rows.patients
    from source_rows
    where source_rows.sex = 'ALL' and source_rows.age = 'ALL'

)

select *
from renamed
