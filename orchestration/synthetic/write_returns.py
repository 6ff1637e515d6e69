"""Provider returns in their three layouts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from orchestration.synthetic.files import Cell, write_text, write_workbook
from orchestration.synthetic.world import World

STRAND_LABELS = {
    "portfolio_recognition": "Portfolio recognition",
    "independent_prescribing": "Independent prescribing",
    "technician_accreditation": "Technician accreditation",
    "clinical_examination": "Clinical examination skills",
    "supervisors": "Supervisors",
}
_SECTOR_LABELS = {
    "community_pharmacy": "Community pharmacy",
    "general_practice": "General practice",
    "pcn": "PCN",
    "hospital": "Hospital",
    "other": "Other",
    "unknown": "Unknown",
}
_SETTINGS = {
    "community_pharmacy": "Community",
    "general_practice": "GP",
    "pcn": "PCN",
    "hospital": "Hospital",
}
_OUTCOMES = {
    "enrolled": "Registered",
    "started": "Commenced",
    "passed": "Achieved",
    "failed": "Not achieved",
    "withdrawn": "Withdrawn",
    "deferred": "Deferred",
    "resumed": "Resumed",
    "certificate_issued": "Certificated",
}
EVENT_COLUMNS = {
    "Provider code": "provider_code",
    "Return month": "strftime(return_period, '%Y-%m')",
    "Return date": "strftime(return_date, '%Y-%m-%d')",
    "Learner ID": "learner_id",
    "GPhC number": "gphc_number",
    "Surname": "surname",
    "Forename": "forename",
    "Date of birth": "strftime(date_of_birth, '%Y-%m-%d')",
    "Email": "email",
    "Profession": "case profession when 'pharmacist' then 'Pharmacist' else 'Pharmacy technician' end",
    "Strand": "strand_label",
    "Event": "case event_type when 'portfolio_recognised_full' then 'Portfolio recognised in full'"
    " when 'portfolio_recognised_part' then 'Portfolio recognised in part'"
    " else upper(event_type[1]) || replace(event_type[2:], '_', ' ') end",
    "Event date": "event_date",
    "Course code": "course_code",
    "Module": "case module when 'ent' then 'ENT' else upper(module[1]) || module[2:] end",
    "Attempt": "attempt::varchar",
    "Sector": "sector_label",
    "Practice code": "practice_code",
    "PCN code": "pcn_code",
    "Reason": "reason",
    "Supervisor GPhC number": "supervisor_gphc_number",
    "Supervisor type": "upper(supervisor_kind[1]) || supervisor_kind[2:]",
}
_ENGLISH_DAY = "coalesce(strftime(try_cast(event_date as date), '%d/%m/%Y'), event_date)"
RESULT_COLUMNS = {
    "Centre": "provider_code",
    "Claim month": "strftime(return_period, '%Y%m')",
    "Submission date": "strftime(return_date, '%d/%m/%Y')",
    "Candidate no": "learner_id",
    "Reg no": "gphc_number",
    "Last name": "surname",
    "First name": "forename",
    "Date of birth": "strftime(date_of_birth, '%d/%m/%Y')",
    "Contact email": "email",
    "Role": "case profession when 'pharmacist' then 'Pharmacist' else 'Pharmacy Technician' end",
    "Programme": "case strand when 'technician_accreditation' then 'Technician pathway'"
    " else 'Clinical examination' end",
    "Course ref": "course_code",
    "Unit": "case module when 'ent' then 'ENT' else upper(module[1]) || module[2:] end",
    "Sitting": "attempt::varchar",
    "Outcome": "outcome_label",
    "Outcome date": _ENGLISH_DAY,
    "Workplace type": "setting_label",
    "ODS code": "practice_code",
    "Network code": "pcn_code",
}
_WIDE_FACTS = [
    "HEI code",
    "Reporting period",
    "Date of return",
    "Student ref",
    "GPhC reg no",
    "Family name",
    "Given name",
    "DOB",
    "Email address",
    "Course",
    "Setting",
    "Surgery code",
    "PCN",
    "DPP GPhC no",
    "Attempt",
    "Refusal or withdrawal reason",
]
WIDE_DATES = {
    "Application date": "applied",
    "Offer date": "offered",
    "Rejection date": "refused",
    "Enrolment date": "enrolled",
    "DPP confirmed": "supervisor_confirmed",
    "Start date": "started",
    "90 hours completed": "practice_hours_completed",
    "Pass date": "passed",
    "Referral date": "referred",
    "Fail date": "failed",
    "Withdrawal date": "withdrawn",
    "Deferral date": "deferred",
    "Return from deferral": "resumed",
    "Certificate date": "certificate_issued",
}
TEXT_DATE_PROVIDERS = 3  # every third university types its dates instead of entering dates


def quoted(expression: str, delimiter: str) -> str:
    """SQL: a field of a delimited line, quoted only where it must be."""
    text = f"coalesce({expression}, '')"
    return (
        f"case when contains({text}, '{delimiter}') or contains({text}, '\"') "
        f"then '\"' || replace({text}, '\"', '\"\"') || '\"' else {text} end"
    )


def labels(mapping: dict[str, str], column: str, other: str) -> str:
    """SQL: the label of each value."""
    return (
        f"case {column} "
        + " ".join(f"when '{k}' then '{v}'" for k, v in mapping.items())
        + f" else '{other}' end"
    )


def write_returns(world: World, landing: Path) -> None:
    """Write every return under `landing`; table return_file says which file holds which return."""
    folder = landing / "provider_return"
    world.run("""
        create table return_file as
        select distinct provider_id, return_number, version, layout, provider_code, return_period,
            provider_code || case layout
                when 'university_wide' then '_students_' || strftime(return_period, '%b-%Y')
                when 'provider_events' then '_return_' || strftime(return_period, '%Y-%m')
                else '_claim_' || strftime(return_period, '%Y%m') end
            || case when version > 1 then '_resubmitted' else '' end
            || case when layout = 'university_wide' then '.xlsx' else '.csv' end as file_name
        from statement order by file_name
    """)
    world.run(f"""
        create view labelled as
        select statement.*, return_file.file_name, {labels(STRAND_LABELS, "strand", "")} as strand_label,
            {labels(_SECTOR_LABELS, "sector", "Unknown")} as sector_label,
            {labels(_SETTINGS, "sector", "Other")} as setting_label,
            {labels(_OUTCOMES, "event_type", "")} as outcome_label
        from statement inner join return_file using (provider_id, return_number, version)
    """)
    for provider_id, layout in world.rows("select distinct provider_id, layout from return_file order by 1"):
        if layout == "university_wide":
            _write_students(world, folder, int(str(provider_id)))
        elif layout == "provider_events":
            _write_lines(world, folder, int(str(provider_id)), EVENT_COLUMNS, ",")
        else:
            _write_lines(world, folder, int(str(provider_id)), RESULT_COLUMNS, ";")


def _write_lines(
    world: World, folder: Path, provider_id: int, columns: dict[str, str], delimiter: str
) -> None:
    line = f" || '{delimiter}' || ".join(quoted(expression, delimiter) for expression in columns.values())
    files = world.rows(f"""
        select file_name, string_agg({line}, chr(10)
            order by enrolment_no, event_no, coalesce(dirt, ''), event_date) as body
        from labelled where provider_id = {provider_id} group by file_name order by file_name
    """)
    for name, body in files:
        write_text(folder / str(name), delimiter.join(columns), str(body))


def _write_students(world: World, folder: Path, provider_id: int) -> None:
    days = ", ".join(
        f"max(try_cast(event_date as date)) filter (event_type = '{event}') as \"{title}\""
        for title, event in WIDE_DATES.items()
    )
    rows = world.con.execute(f"""
        select file_name, provider_code, strftime(return_period, '%b-%Y'), return_date, learner_id,
            max(gphc_number), max(surname), max(forename), max(date_of_birth), max(email), max(course_code),
            max(setting_label), max(practice_code), max(pcn_code), max(supervisor_gphc_number), attempt,
            max(reason), {days}
        from labelled where provider_id = {provider_id}
        group by file_name, provider_code, return_period, return_date, learner_id, attempt
        order by file_name, learner_id, attempt
    """)
    header = [*_WIDE_FACTS, *WIDE_DATES]
    typed = provider_id % TEXT_DATE_PROVIDERS == 0
    for name, group in groupby(_stream(rows), key=lambda row: str(row[0])):
        written = ([_typed(value) for value in row[1:]] if typed else row[1:] for row in group)
        write_workbook(folder / name, [("Students", header, written)])


def _stream(cursor: Any) -> Iterator[tuple[Cell, ...]]:
    """Rows in batches: the result of one provider is never all in Python at once."""
    while batch := cursor.fetchmany(20_000):
        yield from batch


def _typed(value: Cell) -> Cell:
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else value
