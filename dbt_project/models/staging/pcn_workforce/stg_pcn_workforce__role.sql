with

source_rows as (

    select *
    from {{ source('pcn_workforce', 'pcn_workforce') }}

),

renamed as (

    select
        {{ make_month('source_rows.census_year', 'source_rows.census_month') }} as census_month,
        source_rows.data_source,
        source_rows.pcn_code,
        source_rows.pcn_name,
        source_rows.sub_icb_code,
        source_rows.sub_icb_name,
        source_rows.icb_code,
        source_rows.icb_name,
        source_rows.region_code,
        source_rows.region_name,
        source_rows.staff_group,
        source_rows.staff_role,
        source_rows.detailed_staff_role,
        case lower(trim(source_rows.detailed_staff_role))
            when 'pharmacist' then 'pharmacists'
            when 'pharmacists' then 'pharmacists'
            when 'advanced pharmacist practitioner' then 'advanced_pharmacists'
            when 'advanced pharmacist practitioners' then 'advanced_pharmacists'
            when 'pharmacy technician' then 'pharmacy_technicians'
            when 'pharmacy technicians' then 'pharmacy_technicians'
            when 'trainee pharmacy technician' then 'trainee_technicians'
            when 'trainee pharmacy technicians' then 'trainee_technicians'
        end as pharmacy_role,
        source_rows.fte,
        source_rows.person_identifier,
        source_rows.source_file_sha256,
        source_rows.source_line
    from source_rows

)

select *
from renamed
