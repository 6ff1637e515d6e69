-- Items prescribed by month and place, each row under the person it was resolved to.
select
    coalesce(links.resolved_person_key, items.person_key) as person_key,
    items.period,
    items.reported_at,
    items.place_code,
    items.place_type,
    items.items,
    items.source_file_sha256,
    items.source_line
from {{ ref('stg_prescribing__item_count') }} as items
left join {{ ref('int_person_link') }} as links on items.person_key = links.person_key
where items.items > 0
