-- People who passed and were not annotated before: whether they still are not, at the data cut-off. Unit: person.
select
    waits.unit_key,
    waits.event_date,
    waits.strand,
    waits.sector,
    waits.category,
    waits.pcn_code,
    waits.sub_icb_code,
    waits.icb_code,
    waits.region_code,
    {{ add_days('waits.event_date', metric_horizon_days('stuck_after_passing')) }} <= build.vintage as is_mature,
    waits.outcome = 'censored' as is_reached
from {{ ref('int_measure_annotation_wait') }} as waits
cross join {{ source('build', 'build_info') }} as build
