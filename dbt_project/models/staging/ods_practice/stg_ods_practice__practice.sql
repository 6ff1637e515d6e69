with

source_rows as (

    select *
    from {{ source('ods_practice', 'ods_practice') }}

),

newest as (

    select max(vintage_date) as vintage_date
    from source_rows

),

renamed as (

    select
        source_rows.practice_code,
        source_rows.practice_name,
        source_rows.region_code,
        source_rows.icb_code,
        source_rows.postcode,
        source_rows.open_date,
        source_rows.close_date,
        source_rows.status,
        source_rows.commissioner_code,
        source_rows.prescribing_setting,
        source_rows.vintage_date
    from source_rows
    inner join newest on source_rows.vintage_date = newest.vintage_date

)

select *
from renamed
