"""What happened to people in the five strands: enrolments and their events, before anybody reported anything."""

from __future__ import annotations

from orchestration.synthetic.calendar import CUT_OFF
from orchestration.synthetic.characteristics import GAP_BAND, GAP_WITHDRAWAL, USUAL_WITHDRAWAL
from orchestration.synthetic.world import World

PRESCRIBING_PLACES = {2021: 327, 2022: 3000, 2023: 3000, 2024: 3000, 2025: 3000}
APPLICANTS_PER_PLACE = 1.25
PORTFOLIOS = 1_600
TECHNICIAN_PLACES = {2021: 300, 2022: 1200, 2023: 1300, 2024: 1300, 2025: 1200}
CLINICAL_PLACES = 10_000
CLINICAL_FILLED = 0.86

_MODULES = ["core", "dermatology", "cardiology", "paediatrics", "ent"]


def build_journeys(world: World) -> None:
    """Tables enrolment (one row per person, provider and strand) and event (dated up to the cut-off)."""
    world.run("""
        create table draft (enrolment_no bigint, person_id bigint, strand varchar, provider_id integer,
            course_id integer, entered_on date, reason varchar);
        create table happening (enrolment_no bigint, event_type varchar, event_date date, module varchar,
            attempt integer, reason varchar, supervisor_kind varchar, supervisor_person_id bigint);
    """)
    _prescribing(world)
    _portfolios(world)
    _technicians(world)
    _clinical(world)
    _supervision(world)
    _locate(world)


def _provider(kinds: list[str], person: str, salt: str) -> str:
    """SQL: a provider of the kinds, drawn for a person."""
    names = ", ".join(f"'{kind}'" for kind in kinds)
    source = f"(select list(provider_id order by provider_id) from provider where kind in ({names}))"
    return f"choose({source}, {person}, '{salt}')"


def _prescribing(world: World) -> None:
    """Applicants, ranked by application within board and year; starts stop at places and at supervisor capacity."""
    applicants = world.scaled(sum(PRESCRIBING_PLACES.values()) * APPLICANTS_PER_PLACE)
    total = sum(PRESCRIBING_PLACES.values())
    shares, arms = 0.0, ""
    for year, places in PRESCRIBING_PLACES.items():
        shares += places / total
        arms += f" when cohort_draw < {shares:.6f} then {year}"
    world.run(f"""
        create table applicant as
        with eligible as (
            select person.person_id, person.sector, home.practice_id, home.is_locum,
                u(person_id, 'ip.cohort') as cohort_draw, u(person_id, 'ip.intake') as intake_draw,
                row_number() over (order by u(person_id, 'ip.rank') / case sector when 'pcn' then 3.0
                    when 'general_practice' then 2.2 when 'community_pharmacy' then 1.0 else 0.15 end,
                    person_id) as turn
            from person inner join home using (person_id)
            where profession = 'pharmacist' and registered_on < date '2020-10-01' and removed_on is null
                and person_id not in (select person_id from early_prescriber)
                and person_id not in (select person_id from supervisor)
        ),
        dated as (
            select *, case{arms} else 2025 end as cohort
            from eligible where turn <= {applicants}
        ),
        intakes as (
            select *, case when cohort = 2021 and intake_draw < 0.6 then make_date(2021, 10, 1)
                when cohort = 2021 or intake_draw >= 0.60 then make_date(cohort + 1, 1, 1)
                when intake_draw < 0.10 then make_date(cohort, 4, 1)
                else make_date(cohort, 9, 1) end as intake
            from dated
        ),
        placed as (
            select intakes.*, area.icb_code,
                intake - whole(person_id, 'ip.applied', 60, 150) as applied_on
            from intakes
            inner join membership on intakes.practice_id = membership.practice_id
                and membership.valid_from <= date '2021-04-01'
                and coalesce(membership.valid_to, date '9999-12-31') >= date '2021-04-01'
            inner join pcn using (pcn_id)
            inner join area using (sub_icb_code)
        ),
        judged as (
            select *, u(person_id, 'ip.eligible') < 0.06 as is_ineligible from placed
        )
        select *, case when not is_ineligible then row_number() over (
            partition by icb_code, intake, is_ineligible order by applied_on, person_id) end as queue
        from judged order by person_id
    """)
    _prescribing_capacity(world)
    _prescribing_dates(world)
    _prescribing_events(world)


def _prescribing_capacity(world: World) -> None:
    """Places of a board and intake, and one numbered slot for each learner a prescribing supervisor there can take."""
    world.run("""
        create table supervisor_slot as
        with slots as (
            select supervisor.icb_code, intakes.intake, intakes.cohort, supervisor.person_id,
                unnest(range(1, supervisor.capacity + 1)) as slot
            from supervisor
            inner join (select distinct intake, cohort from place_intake) as intakes
                on supervisor.available_from <= make_date(intakes.cohort, 10, 1)
                and coalesce(supervisor.available_to, date '9999-12-31') >= make_date(intakes.cohort + 1, 1, 31)
            where supervisor.supervisor_kind = 'prescribing' and not is_withdrawn
        ),
        -- a slot serves one intake a year: places decide how many slots an intake gets
        one_intake as (
            select distinct on (icb_code, cohort, person_id, slot) icb_code, cohort, person_id, slot from slots
        ),
        numbered as (
            select *, row_number() over (
                partition by icb_code, cohort order by slot, u(person_id, 'slot.order'), person_id) as slot_number
            from one_intake
        ),
        spans as (
            select icb_code, cohort, intake, places,
                coalesce(sum(places) over (partition by icb_code, cohort order by intake
                    rows between unbounded preceding and 1 preceding), 0) as before_this
            from place_intake
        )
        select numbered.icb_code, spans.intake, numbered.person_id as supervisor_person_id,
            slot_number - before_this as queue_place
        from numbered inner join spans
            on numbered.icb_code = spans.icb_code and numbered.cohort = spans.cohort
            and slot_number > before_this and slot_number <= before_this + places
        order by all
    """)


def _prescribing_dates(world: World) -> None:
    world.run(f"""
        create table prescribing as
        with offers as (
            select applicant.*, slot.supervisor_person_id, place_intake.places,
                applicant.person_id * 10 + 2 as enrolment_no,
                case when u(person_id, 'ip.where') < 0.55 then {_provider(["university"], "person_id", "ip.university")}
                    else {_provider(["prescribing"], "person_id", "ip.trainer")} end as provider_id,
                case when is_ineligible then 'not eligible' when slot.supervisor_person_id is null then
                    case when queue > place_intake.places then 'no place left' else 'no prescribing supervisor' end
                    end as refused_for,
                u(person_id, 'ip.offer') as offer_draw, u(person_id, 'ip.fate') as fate_draw,
                u(person_id, 'ip.defers') as defer_draw, u(person_id, 'ip.exam') as exam_draw,
                u(person_id, 'ip.resit') as resit_draw,
                case characteristic.age_band when '{GAP_BAND}' then {GAP_WITHDRAWAL} else {USUAL_WITHDRAWAL} end
                    as withdraws_below
            from applicant inner join characteristic using (person_id)
            left join place_intake using (icb_code, intake)
            left join supervisor_slot as slot on applicant.icb_code = slot.icb_code
                and applicant.intake = slot.intake and applicant.queue = slot.queue_place
        ),
        entry as (
            select *, least(applied_on + whole(person_id, 'ip.decided', 14, 40), intake - 15) as decided_on,
                case when refused_for is null and offer_draw >= 0.05
                    then intake - whole(person_id, 'ip.enrolled', 1, 12) end as enrolled_on,
                case when refused_for is null and offer_draw >= 0.08
                    then intake + whole(person_id, 'ip.started', 0, 24) end as started_on
            from offers
        ),
        breaks as (
            select *,
                case when fate_draw < withdraws_below then started_on + whole(person_id, 'ip.withdrawn', 20, 150) end
                    as withdrawn_on,
                case when fate_draw >= withdraws_below and defer_draw < 0.09
                    then started_on + whole(person_id, 'ip.deferred', 30, 110) end as deferred_on
            from entry
        ),
        returns as (
            select *, case when defer_draw < 0.08
                then deferred_on + whole(person_id, 'ip.away', 90, 270) end as resumed_on,
                case when deferred_on is null then 0 when defer_draw < 0.08
                    then whole(person_id, 'ip.away', 90, 270) end as away_days
            from breaks
        ),
        hours as (
            select *, case when fate_draw >= withdraws_below and (deferred_on is null or resumed_on is not null)
                then started_on + away_days + whole(person_id, 'ip.hours', 115, 210) end as hours_on
            from returns
        ),
        sits as (
            select *, hours_on + whole(person_id, 'ip.exam_on', 7, 70) as sat_on from hours
        )
        select *,
            case when exam_draw < 0.82 then sat_on end as passed_on,
            case when exam_draw >= 0.82 and exam_draw < 0.97 then sat_on end as referred_on,
            case when exam_draw >= 0.97 then sat_on end as failed_on,
            case when exam_draw >= 0.82 and exam_draw < 0.97 and resit_draw < 0.95
                then sat_on + whole(person_id, 'ip.resit_on', 45, 120) end as resat_on,
            resit_draw < 0.80 as resit_passes
        from sits order by enrolment_no
    """)


def _prescribing_events(world: World) -> None:
    columns = {
        "applied": "applied_on",
        "offered": "case when refused_for is null then decided_on end",
        "refused": "case when refused_for is not null then decided_on end",
        "enrolled": "enrolled_on",
        "supervisor_confirmed": "case when started_on is not null then enrolled_on end",
        "started": "started_on",
        "practice_hours_completed": "hours_on",
        "passed": "passed_on",
        "referred": "referred_on",
        "failed": "failed_on",
        "withdrawn": "withdrawn_on",
        "deferred": "deferred_on",
        "resumed": "resumed_on",
        "certificate_issued": "passed_on + whole(person_id, 'ip.certificate', 10, 40)",
    }
    second = {
        "passed": "case when resit_passes then resat_on end",
        "failed": "case when not resit_passes then resat_on end",
        "certificate_issued": "case when resit_passes then resat_on + whole(person_id, 'ip.certificate', 10, 40) end",
    }
    world.run("""
        insert into draft
        select enrolment_no, person_id, 'independent_prescribing', provider_id,
            (select min(course_id) from course where course.provider_id = prescribing.provider_id), applied_on,
            case when withdrawn_on is not null then choose(['workload', 'personal', 'left employment',
                'lack of supervision'], person_id, 'ip.reason') else refused_for end
        from prescribing
    """)
    for attempt, stages in ((1, columns), (2, second)):
        for event, day in stages.items():
            reason = "reason" if event == "withdrawn" else "refused_for" if event == "refused" else "null"
            supervisor = "supervisor_person_id" if event == "supervisor_confirmed" else "null"
            kind = "'prescribing'" if event == "supervisor_confirmed" else "null"
            world.run(f"""
                insert into happening
                select enrolment_no, '{event}', day, null, {attempt}, {reason}, {kind}, {supervisor}
                from (select *, {day} as day from prescribing
                    inner join (select enrolment_no, reason from draft) as reasons using (enrolment_no))
                where day <= date '{CUT_OFF}'
            """)


def _portfolios(world: World) -> None:
    world.run(f"""
        create table portfolio as
        with eligible as (
            select person_id, row_number() over (order by u(person_id, 's1.rank'), person_id) as turn
            from person inner join home using (person_id)
            where profession = 'pharmacist' and sector in ('pcn', 'general_practice', 'community_pharmacy')
                and registered_on < date '2016-01-01' and removed_on is null
        )
        select person_id, person_id * 10 + 1 as enrolment_no, {_provider(["portfolio"], "person_id", "s1.provider")}
                as provider_id,
            date '2021-11-01' + whole(person_id, 's1.opened', 0, 1640) as opened_on,
            whole(person_id, 's1.submitted', 30, 150) as to_submit,
            whole(person_id, 's1.assessed', 20, 80) as to_assess,
            whole(person_id, 's1.decided', 5, 40) as to_decide, u(person_id, 's1.submits') < 0.9 as submits,
            u(person_id, 's1.outcome') as outcome
        from eligible where turn <= {world.scaled(PORTFOLIOS, 6)} order by person_id
    """)
    decided = "opened_on + to_submit + to_assess + to_decide"
    _insert(
        world,
        "portfolio",
        "portfolio_recognition",
        "opened_on",
        {
            "portfolio_opened": "opened_on",
            "portfolio_submitted": "case when submits then opened_on + to_submit end",
            "portfolio_assessed": "case when submits then opened_on + to_submit + to_assess end",
            "portfolio_recognised_full": f"case when submits and outcome < 0.6 then {decided} end",
            "portfolio_recognised_part": f"case when submits and outcome >= 0.6 and outcome < 0.84 then {decided} end",
            "portfolio_refused": f"case when submits and outcome >= 0.84 then {decided} end",
        },
    )


def _insert(
    world: World,
    table: str,
    strand: str,
    entered: str,
    stages: dict[str, str],
    *,
    course: str = "null",
    module: str = "null",
    attempt: str = "1",
    kind: str = "null",
) -> None:
    """Put a strand's people into draft, and each stage that has a day up to the cut-off into happening."""
    world.run(f"""
        insert into draft
        select enrolment_no, any_value(person_id), '{strand}', any_value(provider_id), any_value({course}),
            min({entered}), null
        from {table} where {entered} <= date '{CUT_OFF}' group by enrolment_no order by enrolment_no
    """)
    for event, day in stages.items():
        world.run(f"""
            insert into happening
            select enrolment_no, '{event}', {day}, {module}, {attempt},
                {"'personal'" if event == "withdrawn" else "null"}, {kind}, null
            from {table} where {day} <= date '{CUT_OFF}'
        """)


def _technicians(world: World) -> None:
    total = world.scaled(sum(TECHNICIAN_PLACES.values()) * 0.88, 8)
    shares, arms = 0.0, ""
    for year, places in TECHNICIAN_PLACES.items():
        shares += places / sum(TECHNICIAN_PLACES.values())
        arms += f" when u(person_id, 's3.cohort') < {shares:.6f} then {year}"
    world.run(f"""
        create table technician as
        with eligible as (
            select person_id, row_number() over (order by u(person_id, 's3.rank') / case sector when 'pcn' then 4.0
                when 'general_practice' then 2.0 else 1.0 end, person_id) as turn
            from person inner join home using (person_id)
            where profession = 'pharmacy_technician' and not is_trainee and registered_on < date '2021-01-01'
                and removed_on is null
        ),
        chosen as (
            select person_id, person_id * 10 + 3 as enrolment_no,
                make_date(case{arms} else 2025 end, 4, 1)
                    + whole(person_id, 's3.start', case when u(person_id, 's3.cohort') < {300 / 5300:.6f} then 183
                        else 0 end, 355) as started_on,
                {_provider(["technician"], "person_id", "s3.provider")} as provider_id
            from eligible where turn <= {total}
        ),
        -- most join a course that is accredited; a few a course that never was
        choices as (
            select chosen.*, course.course_id, course.length_months, row_number() over (
                partition by person_id order by case when course.decision = 'accredited'
                    and course.decided_on <= started_on then 0 else 1 end
                    + case when u(person_id * 100 + course.course_id, 's3.anyway') < 0.06 then -2 else 0 end,
                    u(person_id * 100 + course.course_id, 's3.course')) as preference
            from chosen inner join course on chosen.provider_id = course.provider_id
        ),
        dated as (
            select *, u(person_id, 's3.fate') as fate, u(person_id, 's3.defers') < 0.05 as defers,
                whole(person_id, 's3.away', 60, 200) as away,
                started_on + 30 * length_months + whole(person_id, 's3.end', 0, 60) as ends_on
            from choices where preference = 1
        )
        select *, case when fate >= 0.09 and defers then started_on + whole(person_id, 's3.deferred', 30, 80) end
                as deferred_on,
            ends_on + case when defers then away else 0 end as sat_on
        from dated order by person_id
    """)
    passed = "case when fate >= 0.16 then sat_on end"
    _insert(
        world,
        "technician",
        "technician_accreditation",
        "started_on - whole(person_id, 's3.enrolled', 3, 40)",
        {
            "enrolled": "started_on - whole(person_id, 's3.enrolled', 3, 40)",
            "started": "started_on",
            "deferred": "deferred_on",
            "resumed": "deferred_on + away",
            "withdrawn": "case when fate < 0.09 then started_on + whole(person_id, 's3.withdrawn', 15, 110) end",
            "failed": "case when fate >= 0.09 and fate < 0.16 then sat_on end",
            "passed": passed,
            "certificate_issued": f"{passed} + whole(person_id, 's3.certificate', 7, 40)",
        },
        course="course_id",
    )
    world.run(f"""
        insert into happening
        select enrolment_no, 'passed', sat_on + whole(person_id, 's3.resit', 40, 90), null, 2, null, null, null
        from technician where fate >= 0.13 and fate < 0.16 and sat_on + 90 <= date '{CUT_OFF}'
    """)


def _clinical(world: World) -> None:
    """Person x module: the core module first, then none to three specialist modules."""
    total = world.scaled(CLINICAL_PLACES * CLINICAL_FILLED, 12)
    modules = ", ".join(f"({number}, '{name}')" for number, name in enumerate(_MODULES))
    world.run(f"""
        create table clinical as
        with eligible as (
            select person_id, row_number() over (order by u(person_id, 's4.rank'), person_id) as turn
            from person inner join home using (person_id)
            where profession = 'pharmacist' and sector = 'community_pharmacy' and registered_on < date '2021-06-01'
                and removed_on is null
        ),
        chosen as (
            select person_id, person_id * 10 + 4 as enrolment_no, {_provider(["clinical"], "person_id", "s4.provider")}
                    as provider_id,
                date '2022-02-01' + whole(person_id, 's4.start', 0, 1500) as first_on
            from eligible where turn <= {total}
        ),
        taken as (
            select chosen.*, modules.n, modules.module, person_id * 10 + modules.n as module_id
            from chosen cross join (values {modules}) as modules(n, module)
            where modules.n = 0 or u(person_id * 10 + modules.n, 's4.takes') < 0.32
        )
        select taken.*, course.course_id,
            first_on + (75 * (row_number() over (partition by person_id order by n) - 1))::integer
                + whole(module_id, 's4.module', 0, 25) as started_on,
            whole(module_id, 's4.length', 25, 65) as length_days, u(module_id, 's4.fate') as fate,
            u(module_id, 's4.resit') < 0.7 as resits
        from taken inner join course using (provider_id) order by module_id
    """)
    enrolled = "started_on - whole(module_id, 's4.enrolled', 2, 20)"
    _insert(
        world,
        "clinical",
        "clinical_examination",
        enrolled,
        {
            "enrolled": enrolled,
            "started": "started_on",
            "withdrawn": "case when fate < 0.05 then started_on + 12 end",
            "failed": "case when fate >= 0.05 and fate < 0.15 then started_on + length_days end",
            "passed": "case when fate >= 0.15 then started_on + length_days end",
            "certificate_issued": "case when fate >= 0.17"
            " then started_on + length_days + whole(module_id, 's4.paper', 5, 30) end",
        },
        course="course_id",
        module="module",
    )
    world.run(f"""
        insert into happening
        select enrolment_no, 'passed', started_on + length_days + 35, module, 2, null, null, null
        from clinical
        where fate >= 0.05 and fate < 0.15 and resits and started_on + length_days + 35 <= date '{CUT_OFF}'
    """)


def _supervision(world: World) -> None:
    world.run(f"""
        create table trainee_supervisor as
        select *, person_id * 10 + 5 as enrolment_no,
            {_provider(["supervision"], "person_id", "s5.provider")} as provider_id,
            u(person_id, 's5.linked') as link_draw
        from supervisor where is_programme
    """)
    first_learner = "available_from + whole(person_id, 's5.link', 10, 150)"
    linked = f"case when not is_withdrawn and link_draw < 0.8 then {first_learner} end"
    _insert(
        world,
        "trainee_supervisor",
        "supervisors",
        "enrolled_on",
        {
            "enrolled": "enrolled_on",
            "trained": "case when not is_withdrawn then trained_on end",
            "withdrawn": "case when is_withdrawn then enrolled_on + 25 end",
            "available": "case when not is_withdrawn then available_from end",
            "linked": linked,
            "active": f"case when link_draw < 0.72 then {linked} + whole(person_id, 's5.active', 5, 60) end",
        },
        kind="supervisor_kind",
    )


def _locate(world: World) -> None:
    """Enrolments with what the provider knows of the workplace: practice and network, one of them, or neither."""
    world.run("""
        create table enrolment as
        with dated as (
            select draft.*, person.sector, home.practice_id, home.is_locum, membership.pcn_id,
                u(draft.enrolment_no, 'place.known') as known
            from draft
            inner join person using (person_id)
            inner join home using (person_id)
            left join membership on home.practice_id = membership.practice_id
                and draft.entered_on >= membership.valid_from
                and draft.entered_on <= coalesce(membership.valid_to, date '9999-12-31')
        )
        select enrolment_no, person_id, dated.strand, provider_id, provider.provider_code,
            'L' || lpad(enrolment_no::varchar, 8, '0') as learner_id,
            dated.course_id, course.course_code, entered_on, dated.reason,
            case when u(enrolment_no, 'sector.known') < 0.02 then 'unknown' else sector end as sector,
            case when not is_locum and (known < 0.35 or known >= 0.7) then practice.practice_code end as practice_code,
            case when not is_locum and known < 0.7 then pcn.pcn_code end as pcn_code,
            case when not is_locum then practice_id end as practice_id
        from dated
        inner join provider using (provider_id)
        left join course using (course_id)
        left join practice using (practice_id)
        left join pcn using (pcn_id)
        order by enrolment_no
    """)
    # a stated network holds for the whole enrolment; a practice alone is looked up on the day of each event
    world.run("""
        create table event as
        select row_number() over (order by enrolment_no, event_date, event_type, module, attempt) as event_no,
            happening.*, enrolment.person_id, enrolment.strand,
            coalesce(enrolment.pcn_code, pcn.pcn_code) as pcn_code
        from happening
        inner join enrolment using (enrolment_no)
        left join membership
            on case when enrolment.pcn_code is null then enrolment.practice_id end = membership.practice_id
            and event_date >= membership.valid_from
            and event_date <= coalesce(membership.valid_to, date '9999-12-31')
        left join pcn on membership.pcn_id = pcn.pcn_id
        order by event_no
    """)
