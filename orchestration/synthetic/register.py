"""Annotations as independent prescriber: by which route, since when, removed and restored."""

from __future__ import annotations

from orchestration.synthetic.calendar import CUT_OFF
from orchestration.synthetic.world import World


def build_register(world: World) -> None:
    """Tables annotation (one row per annotated person) and register (one row per registrant, at the cut-off)."""
    world.run(f"""
        create table annotation as
        with certificates as (
            select person_id, min(event_date) as certified_on
            from event where strand = 'independent_prescribing' and event_type = 'certificate_issued'
            group by person_id
        ),
        firsts as (
            select person_id, certified_on + whole(person_id, 'annotation.wait', 14, 90) as annotated_on,
                'programme_funded' as route
            from certificates where u(person_id, 'annotation.never') >= 0.05
            union all
            select person_id, annotated_on, 'self_funded' from early_prescriber
            union all
            select person_id, registered_on, 'at_registration' from person
            where profession = 'pharmacist' and registered_on >= date '2026-06-01'
        ),
        removals as (
            select *, case when u(person_id, 'annotation.removed') < 0.02 and route <> 'at_registration'
                then annotated_on + whole(person_id, 'annotation.removed_on', 150, 2200) end as removed_on
            from firsts where annotated_on <= date '{CUT_OFF}'
        )
        select person_id, annotated_on, route,
            case when removed_on <= date '{CUT_OFF}' then removed_on end as annotation_removed_on,
            case when u(person_id, 'annotation.restored') < 0.4
                and removed_on + whole(person_id, 'annotation.restored_on', 60, 300) <= date '{CUT_OFF}'
                then removed_on + whole(person_id, 'annotation.restored_on', 60, 300) end as annotation_restored_on
        from removals order by person_id
    """)
    world.run("""
        create table register as
        select person.person_id, gphc_number, surname, forename, date_of_birth, person.profession, registered_on,
            removed_on, restored_on, annotated_on, route as annotation_route, annotation_removed_on,
            annotation_restored_on, country, sex, ethnic_group, age_band
        from person inner join characteristic using (person_id) left join annotation using (person_id)
        where not person.is_trainee
        order by person_id
    """)
