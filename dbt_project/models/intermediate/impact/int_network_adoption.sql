-- When each network, as it is now, first had a prescriber whom the programme trained: the first month in which a
-- pharmacist annotated by the funded route is in post there. Networks that never had one are not listed.
select
    network.current_pcn_code as pcn_code,
    cast(min(posts.event_date) as date) as first_funded_prescriber,
    count(distinct posts.unit_key) as funded_prescribers
from {{ ref('int_measure_prescriber_post') }} as posts
inner join {{ ref('int_register_current') }} as register
    on
        posts.unit_key = register.person_key
        and register.annotation_route = 'programme_funded'
inner join {{ ref('int_pcn_current') }} as network
    on posts.pcn_code = network.pcn_code
where posts.is_in_post
group by network.current_pcn_code
