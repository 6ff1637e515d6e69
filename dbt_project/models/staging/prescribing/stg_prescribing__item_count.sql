with

source_rows as (

    select *
    from {{ source('prescribing', 'prescribing') }}

),

renamed as (

    select
        source_rows.person_key,
        source_rows.period,
        source_rows.return_date as reported_at,
        source_rows.place_code,
        source_rows.place_type,
        source_rows.items,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
