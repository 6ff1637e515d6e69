-- Who supervises whom: each time a provider confirmed a supervisor for a learner, both as the people they were
-- resolved to.
select
    events.event_id,
    events.person_key,
    coalesce(links.resolved_person_key, events.supervisor_key) as supervisor_key,
    events.strand,
    events.event_date
from {{ ref('int_event') }} as events
left join {{ ref('int_person_link') }} as links on events.supervisor_key = links.person_key
where events.event_type = 'supervisor_confirmed' and events.supervisor_key is not null
