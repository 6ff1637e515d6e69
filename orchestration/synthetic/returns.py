"""What providers say, and when: the statements of every return, before they take the shape of a file."""

from __future__ import annotations

from orchestration.synthetic.world import World


def build_statements(world: World) -> None:
    """Tables reported (first return of each event) and statement (one row per return and stated event).

    Long layouts state an event once, in the first return whose period has reached it (a slip moves it later);
    the wide layout is cumulative and states it again in every return after that.
    """
    world.run("""
        create table reported as
        with due as (
            select event.event_no, enrolment.provider_id, coalesce(slip.returns_late, 0) as returns_late,
                min(periods.return_number) as due_number
            from event
            inner join enrolment using (enrolment_no)
            left join slip using (event_no)
            inner join provider_return_period as periods on enrolment.provider_id = periods.provider_id
                and periods.return_period >= date_trunc('month', event.event_date)
            group by all
        )
        select due.event_no, due.provider_id, due.returns_late, periods.return_number,
            periods.return_date as reported_on
        from due inner join provider_return_period as periods on due.provider_id = periods.provider_id
            and due.due_number + due.returns_late = periods.return_number
    """)
    world.run("""
        create table statement as
        with wide_supervisor as (
            select enrolment_no, provider_id, person.gphc_number
            from prescribing
            inner join provider using (provider_id)
            inner join person on prescribing.supervisor_person_id = person.person_id
            where provider.layout = 'university_wide' and started_on is not null
        ),
        stated as (
            select reported.event_no, reported.provider_id, periods.return_number, periods.return_period,
                periods.return_date, periods.layout, reported.returns_late
            from reported inner join provider_return_period as periods on reported.provider_id = periods.provider_id
                and case when periods.layout = 'university_wide' then periods.return_number >= reported.return_number
                    else periods.return_number = reported.return_number end
        )
        select stated.layout, stated.provider_id, enrolment.provider_code, stated.return_number, stated.return_period,
            stated.return_date, 1 as version, event.event_no, event.enrolment_no, enrolment.learner_id,
            person.person_id, person.gphc_number, person.surname, person.forename,
            person.date_of_birth, person.email, person.profession, event.strand, event.event_type,
            strftime(event.event_date, '%Y-%m-%d') as event_date, enrolment.course_code, event.module, event.attempt,
            enrolment.sector, enrolment.practice_code, enrolment.pcn_code,
            event.reason,
            coalesce(supervisor.gphc_number, wide.gphc_number) as supervisor_gphc_number, event.supervisor_kind,
            case when stated.returns_late > 0 then 'backdated' end as dirt
        from stated
        inner join event using (event_no)
        inner join enrolment using (enrolment_no)
        inner join person on event.person_id = person.person_id
        left join person as supervisor on event.supervisor_person_id = supervisor.person_id
        left join wide_supervisor as wide on event.enrolment_no = wide.enrolment_no
            and stated.provider_id = wide.provider_id
    """)
