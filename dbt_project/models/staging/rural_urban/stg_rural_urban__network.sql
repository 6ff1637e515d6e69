with

source_rows as (

    select *
    from {{ source('rural_urban', 'rural_urban') }}

),

newest as (

    select max(vintage_date) as vintage_date
    from source_rows

),

renamed as (

    select
        source_rows.pcn_code,
        source_rows.classification,
        source_rows.published_on,
        source_rows.vintage_date
    from source_rows
    inner join newest on source_rows.vintage_date = newest.vintage_date

)

select *
from renamed
