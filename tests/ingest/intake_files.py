"""Small files in the promised layouts. The people in them are numbers with dashes, not names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

NOW = datetime(2026, 6, 1, 9, 0, 0)
Land = Callable[[str, str | bytes], Path]  # puts a file below the landing folder

EVENT_HEADER = (
    "Provider code,Return month,Return date,Learner ID,GPhC number,Surname,Forename,Date of birth,Email,"
    "Profession,Strand,Event,Event date,Course code,Module,Attempt,Sector,Practice code,PCN code,Reason,"
    "Supervisor GPhC number,Supervisor type"
)
REGISTER_HEADER = (
    "Snapshot date,GPhC number,Surname,Forename,Date of birth,Profession,Registered on,Registration status,"
    "Removed on,Restored on,Prescriber annotated,Annotated on,Annotation route,Annotation removed on,"
    "Annotation restored on,Country"
)


def event_row(**cells: str) -> str:
    """One line of a provider return in which everything is right, but for the cells given."""
    usual = {
        "Provider code": "HEI01",
        "Return month": "2025-11",
        "Return date": "2025-12-05",
        "Learner ID": "L1",
        "GPhC number": "2000001",
        "Surname": "Surname-one",
        "Forename": "Forename-one",
        "Date of birth": "1990-01-01",
        "Email": "one@provider.example",
        "Profession": "Pharmacist",
        "Strand": "Independent prescribing",
        "Event": "Enrolled",
        "Event date": "2025-10-01",
        "Sector": "General practice",
    }
    unknown = set(cells) - set(EVENT_HEADER.split(","))
    assert not unknown, unknown
    return ",".join((usual | cells).get(name, "") for name in EVENT_HEADER.split(","))


def events(*rows: str) -> str:
    """A provider return of these lines."""
    return "\n".join((EVENT_HEADER, *rows)) + "\n"


def register(snapshot: str, *people: Sequence[str]) -> str:
    """A register snapshot of (number, surname, forename, date of birth)."""
    lines = [
        f"{snapshot},{number},{surname},{forename},{born},Pharmacist,2015-01-01,Registered,,,No,,,,,England"
        for number, surname, forename, born in people
    ]
    return "\n".join((REGISTER_HEADER, *lines)) + "\n"
