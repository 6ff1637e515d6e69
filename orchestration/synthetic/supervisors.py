"""Supervisors: those who existed before the programme and those it trained, with what each can take on a year."""

from __future__ import annotations

from orchestration.synthetic.calendar import CUT_OFF
from orchestration.synthetic.world import World

PLACES = 1_000
PLACES_TAKEN = 0.93
EXISTING_SHARE = 0.20  # of pharmacists annotated before the programme


def build_supervisors(world: World) -> None:
    """Tables early_prescriber (annotated without the programme) and supervisor (one row per person and kind)."""
    _early_prescribers(world)
    _trained(world)
    _available(world)


def _early_prescribers(world: World) -> None:
    world.run("""
        create table early_prescriber as
        select person_id,
            case when draw < 0.20 then greatest(registered_on + 730, date '2008-03-01')
                    + whole(person_id, 'early.on', 0, date_diff('day', greatest(registered_on + 730, date '2008-03-01'),
                        date '2021-03-25'))
                else date '2021-04-10' + whole(person_id, 'early.later', 0, 1880) end as annotated_on
        from (select *, u(person_id, 'annotation.route') as draw from person)
        where profession = 'pharmacist' and draw < 0.28 and registered_on < date '2018-01-01'
            and removed_on is null
            and date_diff('day', greatest(registered_on + 730, date '2008-03-01'), date '2021-03-25') > 0
        order by person_id
    """)


def _trained(world: World) -> None:
    """Half of the programme's places go to prescribing supervisors, half to educational and clinical ones."""
    world.run(f"""
        create table supervisor as
        with candidates as (
            select person.person_id, home.practice_id,
                early_prescriber.annotated_on < date '2021-04-01' as is_prescriber,
                u(person.person_id, 'supervisor.pool') as pool
            from person
            inner join home using (person_id)
            left join early_prescriber using (person_id)
            where person.profession = 'pharmacist' and person.registered_on < date '2017-01-01' and removed_on is null
                and not home.is_locum
        ),
        existing as (
            select person_id, practice_id, 'prescribing' as supervisor_kind, false as is_programme
            from candidates where is_prescriber and pool < {EXISTING_SHARE}
        ),
        trainees as (
            select person_id, practice_id, case when is_prescriber then 'prescribing'
                when u(person_id, 'supervisor.kind') < 0.5 then 'educational' else 'clinical' end as supervisor_kind,
                row_number() over (
                    partition by coalesce(is_prescriber, false) order by u(person_id, 'supervisor.rank'), person_id
                ) as turn
            from candidates where not (coalesce(is_prescriber, false) and pool < {EXISTING_SHARE})
        ),
        together as (
            select * from existing
            union all
            select person_id, practice_id, supervisor_kind, true from trainees
            where turn <= {world.scaled(PLACES * PLACES_TAKEN / 2, 6)}
        )
        select together.*,
            person_id * 10 + case supervisor_kind when 'prescribing' then 1 when 'clinical' then 2 else 3 end
                as supervisor_id,
            case when is_programme then date '2021-10-04' + whole(person_id, 'supervisor.enrolled', 0, 1610) end
                as enrolled_on,
            case when is_programme then date '2021-10-04' + whole(person_id, 'supervisor.enrolled', 0, 1610)
                    + whole(person_id, 'supervisor.takes', 20, 120)
                else date '2016-01-01' + whole(person_id, 'supervisor.before', 0, 1800) end as trained_on,
            whole(person_id, 'supervisor.capacity', 1, 3) as capacity,
            u(person_id, 'supervisor.drop') as drop_draw, u(person_id, 'supervisor.leaves') as leave_draw
        from together
    """)


def _available(world: World) -> None:
    """From when until when each can take learners, and the board they work in (as in April 2021)."""
    world.run("""
        create or replace table supervisor as
        select supervisor.* exclude (drop_draw, leave_draw),
            is_programme and drop_draw < 0.06 as is_withdrawn,
            trained_on + whole(person_id, 'supervisor.ready', 5, 60) as available_from,
            case when leave_draw < 0.10 then greatest(date '2022-01-01', trained_on)
                + whole(person_id, 'supervisor.left', 120, 1200) end as available_to,
            pcn.pcn_id, pcn.pcn_code, base_area.icb_code
        from supervisor
        left join membership on supervisor.practice_id = membership.practice_id
            and membership.valid_from <= date '2021-04-01'
            and coalesce(membership.valid_to, date '9999-12-31') >= date '2021-04-01'
        left join pcn using (pcn_id)
        left join area as base_area using (sub_icb_code)
        order by supervisor_id
    """)
    world.run(f"update supervisor set available_to = null where available_to > date '{CUT_OFF}'")
