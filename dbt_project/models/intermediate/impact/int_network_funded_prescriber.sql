-- Every prescriber whom the programme trained, in each network, as it is now, that they were in post in.
select
    network.current_pcn_code as pcn_code,
    posts.unit_key as person_key,
    cast(min(posts.event_date) as date) as first_in_post
from {{ ref('int_measure_prescriber_post') }} as posts
inner join {{ ref('int_register_current') }} as register
    on
        posts.unit_key = register.person_key
        and register.annotation_route = 'programme_funded'
inner join {{ ref('int_pcn_current') }} as network
    on posts.pcn_code = network.pcn_code
where posts.is_in_post
group by network.current_pcn_code, posts.unit_key
