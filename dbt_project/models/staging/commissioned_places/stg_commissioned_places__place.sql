with

source_rows as (

    select *
    from {{ source('commissioned_places', 'commissioned_places') }}

),

renamed as (

    select
        source_rows.strand,
        source_rows.period,
        source_rows.icb_code,
        source_rows.places,
        source_rows.published_on as reported_at,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
