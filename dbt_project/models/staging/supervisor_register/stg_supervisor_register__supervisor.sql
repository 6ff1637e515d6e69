with

source_rows as (

    select *
    from {{ source('supervisor_register', 'supervisor_register') }}

),

renamed as (

    select
        source_rows.person_key,
        source_rows.snapshot_date,
        source_rows.supervisor_kind,
        source_rows.trained_on,
        source_rows.available_from,
        source_rows.available_to,
        source_rows.capacity,
        source_rows.icb_code,
        source_rows.pcn_code
    from source_rows

)

select *
from renamed
