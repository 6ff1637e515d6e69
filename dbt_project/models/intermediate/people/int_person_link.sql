-- Links decided in the identity store; a key without a link stands for itself.
select
    person_key,
    resolved_person_key
from {{ source('build', 'person_link') }}
