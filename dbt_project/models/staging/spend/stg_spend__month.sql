with

source_rows as (

    select *
    from {{ source('spend', 'spend') }}

),

renamed as (

    select
        source_rows.strand,
        source_rows.period,
        source_rows.category,
        source_rows.planned_gbp,
        source_rows.outturn_gbp,
        source_rows.published_on as reported_at,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
