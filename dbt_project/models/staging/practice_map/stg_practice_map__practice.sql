with

source_rows as (

    select *
    from {{ source('practice_map', 'practice_map') }}

),

renamed as (

    select
        source_rows.extract_date,
        source_rows.practice_code,
        source_rows.practice_name,
        source_rows.postcode,
        source_rows.pcn_code,
        source_rows.pcn_name,
        source_rows.sub_icb_code,
        source_rows.sub_icb_name,
        source_rows.icb_code,
        source_rows.icb_name,
        source_rows.region_code,
        source_rows.region_name
    from source_rows

)

select *
from renamed
