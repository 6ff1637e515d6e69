"""Files in the promised layouts, filled with people who are recognisable: none of their values may ever be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dirt_kind import Place

SURNAME = "Quillmarker"
FORENAME = "Zedmarker"
BORN = "1971-03-19"
EMAIL = "pm.marker@secret-marker.example"
GPHC = "2719833"
SUPERVISOR = "2719844"
LEARNER = "LMK77"
STAFF = "SRM88"

MARKERS = (
    "quillmarker",
    "zedmarker",
    "secret-marker",
    "1971-03-19",
    "19/03/1971",
    "03/19/1971",
    "19.03.1971",
    "19710319",
    GPHC,
    SUPERVISOR,
    "lmk77",
    "srm88",
)
"""What is grepped for, in lower case, in everything that is written about a file."""

EVENT_COLUMNS = (
    "Provider code",
    "Return month",
    "Return date",
    "Learner ID",
    "GPhC number",
    "Surname",
    "Forename",
    "Date of birth",
    "Email",
    "Profession",
    "Strand",
    "Event",
    "Event date",
    "Course code",
    "Module",
    "Attempt",
    "Sector",
    "Practice code",
    "PCN code",
    "Reason",
    "Supervisor GPhC number",
    "Supervisor type",
)
DEPLOYMENT_COLUMNS = (
    "Period",
    "Return date",
    "Submitter code",
    "PCN code",
    "Staff record ID",
    "GPhC number",
    "Surname",
    "Forename",
    "Date of birth",
    "Role",
    "FTE",
    "Started on",
    "Ended on",
    "Prescribing role",
)
REGISTER_COLUMNS = (
    "Snapshot date",
    "GPhC number",
    "Surname",
    "Forename",
    "Date of birth",
    "Profession",
    "Registered on",
    "Registration status",
    "Prescriber annotated",
    "Annotated on",
    "Country",
)
SPEND_COLUMNS = (
    "Financial year",
    "Published on",
    "Strand",
    "Period",
    "Category",
    "Planned GBP",
    "Outturn GBP",
)

Cells = Mapping[str, str]


def event(place: Place, number: int, cells: Cells | None = None) -> dict[str, str]:
    """One event of a learner, right but for the cells given."""
    usual = {
        "Provider code": place.code,
        "Return month": "2025-11",
        "Return date": "2025-12-05",
        "Learner ID": f"{LEARNER}{number:03d}X",
        "GPhC number": GPHC,
        "Surname": SURNAME,
        "Forename": FORENAME,
        "Date of birth": BORN,
        "Email": EMAIL,
        "Profession": "Pharmacist",
        "Strand": "Independent prescribing",
        "Event": "Enrolled",
        "Event date": "2025-10-01",
        "Sector": "General practice",
        "Supervisor GPhC number": SUPERVISOR,
    }
    return _with(EVENT_COLUMNS, usual, cells)


def post(place: Place, number: int, cells: Cells | None = None) -> dict[str, str]:
    """One post in a network."""
    usual = {
        "Period": "2025-11",
        "Return date": "2025-12-05",
        "Submitter code": place.code,
        "PCN code": "U12345",
        "Staff record ID": f"{STAFF}{number:03d}Y",
        "GPhC number": GPHC,
        "Surname": SURNAME,
        "Forename": FORENAME,
        "Date of birth": BORN,
        "Role": "Pharmacist",
        "FTE": "0.5",
        "Started on": "2024-01-15",
        "Prescribing role": "No",
    }
    return _with(DEPLOYMENT_COLUMNS, usual, cells)


def registrant(place: Place, number: int, cells: Cells | None = None) -> dict[str, str]:
    """One entry of the register; each number is another person's, the first is the marked one's."""
    usual = {
        "Snapshot date": "2025-09-30",
        "GPhC number": GPHC if number == 0 else f"28{number:05d}",
        "Surname": SURNAME,
        "Forename": FORENAME,
        "Date of birth": BORN,
        "Profession": "Pharmacist",
        "Registered on": "1996-08-01",
        "Registration status": "Registered",
        "Prescriber annotated": "No",
        "Country": "England",
    }
    return _with(REGISTER_COLUMNS, usual, cells)


def money(place: Place, number: int, cells: Cells | None = None) -> dict[str, str]:
    """One month of spend. No person is in it."""
    usual = {
        "Financial year": "2024/25",
        "Published on": f"2025-05-{1 + int(place.code[1:]) % 28:02d}",
        "Strand": "Independent prescribing",
        "Period": f"2024-{4 + number:02d}",
        "Category": "Tuition",
        "Planned GBP": "1000.00",
        "Outturn GBP": f"{int(place.code[1:])}.50",
    }
    return _with(SPEND_COLUMNS, usual, cells)


def _with(columns: Sequence[str], usual: Cells, cells: Cells | None) -> dict[str, str]:
    given = dict(cells or {})
    unknown = set(given) - set(columns)
    if unknown:
        raise ValueError(f"no such columns: {unknown}")
    return {column: given.get(column, usual.get(column, "")) for column in columns}


def lines(rows: Sequence[Cells], delimiter: str = ",") -> list[str]:
    """Header and rows as lines, nothing quoted."""
    return [delimiter.join(rows[0]), *(delimiter.join(row.values()) for row in rows)]


def events(place: Place, *cells: Cells, delimiter: str = ",", end: str = "\n") -> str:
    """A provider return with one row per set of deviating cells."""
    rows = [event(place, number, each) for number, each in enumerate(cells)]
    return end.join(lines(rows, delimiter)) + end


def posts(place: Place, *cells: Cells) -> str:
    """A deployment return."""
    return "\n".join(lines([post(place, number, each) for number, each in enumerate(cells)])) + "\n"


def spend(place: Place, *cells: Cells) -> str:
    """A finance return."""
    return "\n".join(lines([money(place, number, each) for number, each in enumerate(cells)])) + "\n"


def register(place: Place, *cells: Cells) -> str:
    """A snapshot of the register."""
    return "\n".join(lines([registrant(place, number, each) for number, each in enumerate(cells)])) + "\n"
