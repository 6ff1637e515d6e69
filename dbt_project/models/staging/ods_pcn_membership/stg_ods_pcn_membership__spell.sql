with

source_rows as (

    select *
    from {{ source('ods_pcn_membership', 'ods_pcn_membership') }}

),

newest as (

    select max(vintage_date) as vintage_date
    from source_rows

),

renamed as (

    select
        source_rows.practice_code,
        source_rows.practice_name,
        source_rows.practice_sub_icb_code,
        source_rows.pcn_code,
        source_rows.pcn_name,
        source_rows.pcn_sub_icb_code,
        source_rows.valid_from,
        source_rows.valid_to,
        source_rows.vintage_date
    from source_rows
    inner join newest on source_rows.vintage_date = newest.vintage_date

)

select *
from renamed
