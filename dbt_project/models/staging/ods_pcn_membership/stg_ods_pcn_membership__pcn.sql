with

source_rows as (

    select *
    from {{ source('ods_pcn_membership', 'ods_pcn') }}

),

newest as (

    select max(vintage_date) as vintage_date
    from source_rows

),

renamed as (

    select
        source_rows.pcn_code,
        source_rows.pcn_name,
        source_rows.sub_icb_code,
        source_rows.sub_icb_name,
        source_rows.open_date,
        source_rows.close_date,
        source_rows.postcode,
        source_rows.vintage_date
    from source_rows
    inner join newest on source_rows.vintage_date = newest.vintage_date

)

select *
from renamed
