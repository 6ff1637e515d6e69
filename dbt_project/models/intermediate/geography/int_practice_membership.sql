-- One network per practice per day: where spells overlap, the later start wins from its first day on.
with

spells as (

    select
        practice_code,
        pcn_code,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('stg_ods_pcn_membership__spell') }}
    where valid_to is null or valid_to >= valid_from

),

ordered as (

    select
        practice_code,
        pcn_code,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by practice_code
            order by valid_from, valid_to, pcn_code
        ) as next_from
    from spells

),

trimmed as (

    select
        practice_code,
        pcn_code,
        valid_from,
        least(valid_to, coalesce({{ add_days('next_from', -1) }}, valid_to)) as valid_to
    from ordered

)

select
    practice_code,
    pcn_code,
    valid_from,
    case when valid_to < cast('9999-12-31' as date) then valid_to end as valid_to
from trimmed
where valid_to >= valid_from
