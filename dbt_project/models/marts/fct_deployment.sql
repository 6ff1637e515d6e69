select
    posts.person_key,
    posts.pcn_code,
    cast(posts.period as date) as period,
    posts.role,
    cast(posts.fte as decimal(18, 4)) as fte,
    cast(posts.started_on as date) as started_on,
    posts.is_primary_pcn,
    posts.prescribing_role,
    cast(posts.reported_at as date) as reported_at,
    geography.sub_icb_code,
    geography.icb_code,
    geography.region_code,
    posts.source_file_sha256,
    cast(posts.source_line as bigint) as source_line
from {{ ref('int_person_post') }} as posts
left join {{ ref('int_pcn_geography') }} as geography
    on
        posts.pcn_code = geography.pcn_code
        and posts.period >= geography.valid_from
        and posts.period <= geography.valid_to
