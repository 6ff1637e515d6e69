"""Feeds supplied under agreement, other than provider returns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from orchestration.synthetic.calendar import (
    DEPLOYMENT_PERIODS,
    FINANCIAL_YEARS,
    PRESCRIBING_PERIODS,
    REGISTER_SNAPSHOTS,
    SMALL_SNAPSHOTS,
)
from orchestration.synthetic.world import World
from orchestration.synthetic.write_public import copy_csv
from orchestration.synthetic.write_returns import STRAND_LABELS, labels

SUBMITTER = "NWRS01"
RESTATED_YEARS = ("2022/23", "2024/25")  # places of these years were published twice
SPEND_YEARS = FINANCIAL_YEARS[:4]

_ROLE_LABELS = {
    "pharmacist": "Pharmacist",
    "advanced_pharmacist_practitioner": "Advanced pharmacist practitioner",
    "pharmacy_technician": "Pharmacy technician",
    "trainee_pharmacy_technician": "Trainee pharmacy technician",
    "nil_return": "Nil return",
}
_SEX_LABELS = {"female": "Female", "male": "Male", "other": "Other", "not_stated": "Not stated"}
_ETHNIC_LABELS = {
    "asian": "Asian",
    "black": "Black",
    "mixed": "Mixed",
    "white": "White",
    "other": "Other",
    "not_stated": "Not stated",
}
_AGE_LABELS = {
    "under_30": "Under 30",
    "30_39": "30 to 39",
    "40_49": "40 to 49",
    "50_59": "50 to 59",
    "60_and_over": "60 and over",
}


def write_restricted(world: World, landing: Path) -> None:
    """gphc_register, deployment_return, prescribing, commissioned_places, spend, supervisor_register,
    accredited_courses.
    """
    for day in REGISTER_SNAPSHOTS:
        _register(world, landing / "gphc_register", day)
    for period in DEPLOYMENT_PERIODS:
        _deployment(world, landing / "deployment_return", period)
    for period in PRESCRIBING_PERIODS:
        _prescribing(world, landing / "prescribing", period)
    _places(world, landing / "commissioned_places")
    _spend(world, landing / "spend")
    for day in SMALL_SNAPSHOTS:
        _supervisors(world, landing / "supervisor_register", day)
        _courses(world, landing / "accredited_courses", day)


def _known(column: str, day: date) -> str:
    return f"case when {column} <= date '{day}' then {column} end"


def _register(world: World, folder: Path, day: date) -> None:
    copy_csv(
        world,
        f"""
        select date '{day}' as "Snapshot date", gphc_number as "GPhC number", surname as "Surname",
            forename as "Forename", date_of_birth as "Date of birth",
            case profession when 'pharmacist' then 'Pharmacist' else 'Pharmacy technician' end as "Profession",
            registered_on as "Registered on",
            case when removed_on <= date '{day}' and coalesce(restored_on > date '{day}', true)
                then 'Removed' else 'Registered' end as "Registration status",
            {_known("removed_on", day)} as "Removed on", {_known("restored_on", day)} as "Restored on",
            case when annotated_on <= date '{day}' and (annotation_removed_on is null
                or annotation_removed_on > date '{day}' or annotation_restored_on <= date '{day}')
                then 'true' else 'false' end as "Prescriber annotated",
            {_known("annotated_on", day)} as "Annotated on",
            case when annotated_on <= date '{day}' then case annotation_route when 'programme_funded'
                then 'Programme funded' when 'self_funded' then 'Self funded' else 'At registration' end end
                as "Annotation route",
            {_known("annotation_removed_on", day)} as "Annotation removed on",
            {_known("annotation_restored_on", day)} as "Annotation restored on", country as "Country",
            {labels(_SEX_LABELS, "sex", "")} as "Sex", {labels(_ETHNIC_LABELS, "ethnic_group", "")} as "Ethnic group",
            {labels(_AGE_LABELS, "age_band", "")} as "Age band"
        from register where registered_on <= date '{day}' order by person_id
    """,
        folder / f"gphc_register_{day}.csv",
    )


def build_deployment_rows(world: World) -> None:
    """Table deployment_row: rows as returned, nil returns of reporting networks with nobody in post included."""
    world.run(f"""
        create table deployment_row as
        select period, holder_id, pcn_code, 'R' || lpad(holder_id::varchar, 9, '0') as staff_record_id, person_id,
            role, fte, started_on, ended_on, prescribing_role, null::varchar as dirt
        from deployment where period >= date '{DEPLOYMENT_PERIODS[0]}'
        union all
        select reporting.period, null, pcn_code, 'NIL-' || pcn_code, null, 'nil_return', 0, null, null, null, null
        from reporting inner join pcn using (pcn_id)
        where reporting.period >= date '{DEPLOYMENT_PERIODS[0]}'
            and not exists (select 1 from deployment where deployment.period = reporting.period
                and deployment.pcn_id = reporting.pcn_id)
        order by period, pcn_code, staff_record_id
    """)


def deployment_name(period: date) -> str:
    """File name of the national return of a month."""
    return f"deployment_return_{period:%Y-%m}.csv"


def _deployment(world: World, folder: Path, period: date) -> None:
    late = f"whole({period.year * 12 + period.month}, 'deployment.late', 21, 29)"
    copy_csv(
        world,
        f"""
        select strftime(period, '%Y-%m') as "Period", last_day(period) + {late} as "Return date",
            '{SUBMITTER}' as "Submitter code", pcn_code as "PCN code", staff_record_id as "Staff record ID",
            gphc_number as "GPhC number", surname as "Surname", forename as "Forename",
            date_of_birth as "Date of birth", {labels(_ROLE_LABELS, "role", "")} as "Role", fte as "FTE",
            started_on as "Started on", ended_on as "Ended on", prescribing_role as "Prescribing role"
        from deployment_row left join person using (person_id)
        where period = date '{period}' order by pcn_code, staff_record_id, fte
    """,
        folder / deployment_name(period),
    )


def _prescribing(world: World, folder: Path, period: date) -> None:
    late = f"whole({period.year * 12 + period.month}, 'prescribing.late', 40, 58)"
    copy_csv(
        world,
        f"""
        select strftime(period, '%Y-%m') as "Period", last_day(period) + {late} as "Return date",
            gphc_number as "GPhC number", place_code as "Place code",
            upper(place_type[1]) || place_type[2:] as "Place type", items as "Items"
        from prescribing_row inner join person using (person_id)
        where period = date '{period}' order by gphc_number, place_code, items
    """,
        folder / f"prescribing_{period:%Y-%m}.csv",
    )


def _places(world: World, folder: Path) -> None:
    """One file a financial year; two years were published first with a tenth of the boards' places still wrong."""
    select = f"""
        select financial_year as "Financial year", date '{{day}}' as "Published on",
            {labels(STRAND_LABELS, "strand", "")} as "Strand", strftime(period, '%Y-%m') as "Period",
            icb_code as "ICB code", {{places}} as "Places"
        from place where financial_year = '{{year}}' order by strand, period, icb_code
    """
    for year in FINANCIAL_YEARS:
        first, stem = int(year[:4]), year.replace("/", "-")
        if year in RESTATED_YEARS:
            wrong = "places + case when hash(hash(icb_code, period, strand)) % 10 = 0 then 2 else 0 end"
            early = select.format(day=date(first, 6, 15), year=year, places=wrong)
            copy_csv(world, early, folder / f"commissioned_places_{stem}_provisional.csv")
        final = select.format(day=date(first, 10, 20), year=year, places="places")
        copy_csv(world, final, folder / f"commissioned_places_{stem}.csv")


def _spend(world: World, folder: Path) -> None:
    """Each year is published in December with the months to November, and again in June with all of it."""
    for year in SPEND_YEARS:
        first, stem = int(year[:4]), year.replace("/", "-")
        for day in (date(first, 12, 15), date(first + 1, 6, 15)):
            copy_csv(
                world,
                f"""
                select financial_year as "Financial year", date '{day}' as "Published on",
                    {labels(STRAND_LABELS, "strand", "")} as "Strand", strftime(period, '%Y-%m') as "Period",
                    upper(category[1]) || category[2:] as "Category", planned_gbp as "Planned GBP",
                    case when last_day(period) < date '{day}' then outturn_gbp end as "Outturn GBP"
                from spend where financial_year = '{year}' order by period, spend.strand, category
            """,
                folder / f"spend_{stem}_published_{day}.csv",
            )


def _supervisors(world: World, folder: Path, day: date) -> None:
    copy_csv(
        world,
        f"""
        select date '{day}' as "Snapshot date", gphc_number as "GPhC number", surname as "Surname",
            forename as "Forename", date_of_birth as "Date of birth",
            upper(supervisor_kind[1]) || supervisor_kind[2:] as "Supervisor kind", trained_on as "Trained on",
            {_known("available_from", day)} as "Available from", {_known("available_to", day)} as "Available to",
            capacity as "Capacity", pcn_place.icb_code as "ICB code", supervisor.pcn_code as "PCN code"
        from supervisor inner join person using (person_id)
        left join pcn_place on supervisor.pcn_id = pcn_place.pcn_id
            and date '{day}' between pcn_place.valid_from and pcn_place.valid_to
        where trained_on <= date '{day}' and not is_withdrawn order by supervisor_id
    """,
        folder / f"supervisor_register_{day}.csv",
    )


def _courses(world: World, folder: Path, day: date) -> None:
    copy_csv(
        world,
        f"""
        select date '{day}' as "Snapshot date", course_code as "Course code", course_title as "Course title",
            provider_code as "Provider code", coalesce(new_icb_code, icb_code) as "ICB code",
            {labels(STRAND_LABELS, "strand", "")} as "Strand", submitted_on as "Submitted on",
            {_known("decided_on", day)} as "Decided on",
            case when decided_on <= date '{day}' then upper(decision[1]) || decision[2:] else 'Pending' end
                as "Decision",
            case when decided_on <= date '{day}' then valid_to end as "Valid to"
        from course left join board_heir on course.icb_code = board_heir.old_icb_code
            and date '{day}' >= board_heir.changed_on
        where submitted_on <= date '{day}' order by course_code
    """,
        folder / f"accredited_courses_{day}.csv",
    )
