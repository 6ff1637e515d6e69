"""A landing folder with three made-up people, known by marker values that occur nowhere else."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import duckdb
import openpyxl

from orchestration.ingest import ingest_all
from orchestration.settings import Settings

ONE = ("2000001", "Marker-surname-one", "Marker-forename-one", "1981-01-11", "marker.one@provider.example")
TWO = ("2000002", "Marker-surname-two", "Marker-forename-two", "1982-02-12", "marker.two@provider.example")
THREE = (
    "2000003",
    "Marker-surname-three",
    "Marker-forename-three",
    "1983-03-13",
    "marker.three@provider.example",
)

REGISTER = (
    "Snapshot date,GPhC number,Surname,Forename,Date of birth,Profession,Registered on,Registration status,"
    "Removed on,Restored on,Prescriber annotated,Annotated on,Annotation route,Annotation removed on,"
    "Annotation restored on,Country"
)
EVENTS = (
    "Provider code,Return month,Return date,Learner ID,GPhC number,Surname,Forename,Date of birth,Email,"
    "Profession,Strand,Event,Event date,Course code,Module,Attempt,Sector,Practice code,PCN code,Reason,"
    "Supervisor GPhC number,Supervisor type"
)


def register(day: str, *people: tuple[str, ...]) -> str:
    """A snapshot of the register."""
    rows = [
        f"{day},{number},{surname},{forename},{born},Pharmacist,2015-01-01,Registered,,,No,,,,,England"
        for number, surname, forename, born, _ in people
    ]
    return "\n".join((REGISTER, *rows)) + "\n"


def event(
    person: tuple[str, ...],
    learner: str,
    *,
    number: str | None = None,
    date: str = "2025-10-01",
    event: str = "Enrolled",
    supervisor: str = "",
) -> str:
    """One line of a provider's return; ``number`` as written there, when it is not the person's own."""
    own, surname, forename, born, email = person
    return (
        f"HEI01,2025-11,2025-12-05,{learner},{own if number is None else number},{surname},{forename},{born},{email},"
        f"Pharmacist,Independent prescribing,{event},{date},,,,General practice,,,,{supervisor},"
        + ("Prescribing" if supervisor else "")
    )


def events(*rows: str) -> str:
    """A provider's return."""
    return "\n".join((EVENTS, *rows)) + "\n"


def workbook(text: str) -> bytes:
    """The same as an Excel workbook."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in text.splitlines():
        sheet.append(line.split(","))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def put(settings: Settings, name: str, content: str | bytes) -> Path:
    """A file below the landing folder."""
    path = settings.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def taken_in(home: Path) -> Settings:
    """A home that has taken in everything: the register, returns as CSV and workbook, one with a row set aside.

    Person one is on the register, in a return by number, in another without a number (linked by description), as the
    supervisor of person two, and in a quarantined row.
    """
    settings = Settings(home=home, landing=home / "landing", memory_limit="1GB", threads=1).prepare()
    put(settings, "gphc_register/2025-12-31.csv", register("2025-12-31", ONE, TWO, THREE))
    put(settings, "provider_return/a.csv", events(event(ONE, "L1"), event(TWO, "L2", supervisor=ONE[0])))
    put(settings, "provider_return/b.xlsx", workbook(events(event(ONE, "L9", number="", event="Passed"))))
    put(settings, "provider_return/c.csv", events(event(ONE, "L1", date="soon"), event(THREE, "L3")))
    put(settings, "provider_return/d.csv", events(event(TWO, "L2", date="2025-11-01", event="Passed")))
    ingest_all(settings)
    return settings


def raw(settings: Settings, feed: str, columns: str = "*") -> list[tuple[object, ...]]:
    """Rows of a feed's raw files."""
    files = settings.raw / feed / "*" / "*.parquet"
    return duckdb.sql(f"select {columns} from read_parquet('{files}') order by all").fetchall()


def links(settings: Settings) -> dict[str, str]:
    """Certain links between pseudonyms."""
    file = settings.raw / "_identity" / "person_link.parquet"
    return dict(
        duckdb.sql(
            f"select person_key, resolved_person_key from read_parquet('{file}') where certainty = 'certain'"
        ).fetchall()
    )


def everything_readable(folder: Path) -> dict[str, str]:
    """The text of every file below a folder: tables and databases as rows, archives unpacked, the rest as bytes."""
    return {
        path.relative_to(folder).as_posix(): _text(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".parquet":
        return str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall()) + content.decode("latin-1")
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        return str([[cell.value for cell in row] for sheet in book for row in sheet])
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            names = [
                name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()
            ]
            rows = [connection.execute(f"from {name}").fetchall() for name in names]
        return str(rows) + content.decode("latin-1")
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("latin-1")
