-- A network with no practice left at the data cut-off passed to the network that took most of its last practices
-- (ties: lowest code). Chains of mergers are followed three steps.
with

spells as (

    select
        practice_code,
        pcn_code,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('int_practice_membership') }}

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

closed as (

    select
        spells.pcn_code,
        max(spells.valid_to) as closed_on
    from spells
    group by spells.pcn_code
    having max(spells.valid_to) < (select build.vintage from build)

),

moves as (

    select
        spells.practice_code,
        spells.pcn_code,
        lead(spells.pcn_code) over (partition by spells.practice_code order by spells.valid_from) as next_pcn_code,
        spells.valid_to
    from spells

),

takers as (

    select
        moves.pcn_code,
        moves.next_pcn_code,
        count(*) as practices
    from moves
    inner join closed on moves.pcn_code = closed.pcn_code
    where
        moves.next_pcn_code is not null
        and moves.next_pcn_code <> moves.pcn_code
        and {{ days_between('moves.valid_to', 'closed.closed_on') }} <= 92
    group by moves.pcn_code, moves.next_pcn_code

),

ranked as (

    select
        pcn_code,
        next_pcn_code,
        row_number() over (partition by pcn_code order by practices desc, next_pcn_code) as preference
    from takers

),

first_step as (

    select
        pcn_code,
        next_pcn_code
    from ranked
    where preference = 1

)

select
    first_step.pcn_code,
    coalesce(third_step.next_pcn_code, second_step.next_pcn_code, first_step.next_pcn_code) as successor_code
from first_step
left join first_step as second_step on first_step.next_pcn_code = second_step.pcn_code
left join first_step as third_step on second_step.next_pcn_code = third_step.pcn_code
