select
    practice_code,
    pcn_code,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to
from {{ ref('int_practice_membership') }}
