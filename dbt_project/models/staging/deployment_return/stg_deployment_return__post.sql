with

source_rows as (

    select *
    from {{ source('deployment_return', 'deployment_return') }}

),

renamed as (

    select
        source_rows.person_key,
        source_rows.period,
        source_rows.return_date as reported_at,
        source_rows.submitter_code,
        source_rows.pcn_code,
        source_rows.role,
        source_rows.fte,
        source_rows.started_on,
        source_rows.ended_on,
        source_rows.prescribing_role,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
