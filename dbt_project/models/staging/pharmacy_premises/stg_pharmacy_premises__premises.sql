with

source_rows as (

    select *
    from {{ source('pharmacy_premises', 'pharmacy_premises') }}

),

renamed as (

    select
        source_rows.snapshot_date,
        source_rows.premises_code,
        source_rows.premises_name,
        source_rows.icb_code,
        source_rows.pcn_code,
        source_rows.open_date,
        source_rows.close_date,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
