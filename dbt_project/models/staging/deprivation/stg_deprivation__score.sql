with

source_rows as (

    select *
    from {{ source('deprivation', 'deprivation') }}

),

renamed as (

    select
        source_rows.org_type,
        source_rows.org_code,
        source_rows.imd_year,
        source_rows.imd_score,
        source_rows.imd_decile,
        source_rows.vintage_date
    from source_rows

)

select *
from renamed
