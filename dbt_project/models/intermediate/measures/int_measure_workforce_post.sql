-- Pharmacy posts of the published workforce file. Unit: identifier within a census; contracted services have FTE
-- and no identifier, so their unit is the row.
select
    coalesce(person_identifier, source_file_sha256 || ':' || cast(source_line as varchar)) as unit_key,
    person_identifier,
    census_month as event_date,
    'all' as strand,
    'all' as sector,
    pharmacy_role as category,
    fte as amount,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code,
    source_file_sha256,
    source_line
from {{ ref('stg_pcn_workforce__role') }}
where pharmacy_role is not null
