with

source_rows as (

    select *
    from {{ source('weighted_patients', 'weighted_patients') }}

),

renamed as (

    select
        source_rows.extract_date,
        source_rows.practice_code,
        source_rows.weighted_patients
    from source_rows

)

select *
from renamed
