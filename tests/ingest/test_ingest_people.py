"""Keys of people across feeds: missing, padded, mistyped and swapped registration numbers."""

from __future__ import annotations

import duckdb
import pytest
from intake_files import Land, event_row, events, register

from orchestration.identity import open_store
from orchestration.identity.keys import gphc_person_key
from orchestration.ingest import ingest_all, ingest_feed
from orchestration.settings import Settings

ONE = ("2000001", "Surname-one", "Forename-one", "1990-01-01")
TWO = ("2000002", "Surname-two", "Forename-two", "1985-05-05")


def resolved(settings: Settings) -> dict[int, str]:
    """Resolved person key by line of the only return."""
    links = settings.raw / "_identity" / "person_link.parquet"
    rows = duckdb.sql(
        "select r.source_line, coalesce(l.resolved_person_key, r.person_key) from "
        f"read_parquet('{settings.raw}/provider_return/*/*.parquet') as r "
        f"left join read_parquet('{links}') as l on r.person_key = l.person_key and l.certainty = 'certain'"
    ).fetchall()
    return dict(rows)


def key(settings: Settings, number: str) -> str:
    return gphc_person_key(settings.identity_key(), number)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2000001", "right"),
        ("200 0001", "spaces"),
        ("02000001", "a zero in front"),
        ("2000001.0", "a spreadsheet's fraction"),
        ("", "missing"),
        ("200001", "a digit short"),
        ("2000010", "swapped digits, nobody's number"),
        ("2000002", "somebody else's number"),
    ],
)
def test_however_the_number_is_written_the_person_is_found(
    settings: Settings, land: Land, written: str, why: str
) -> None:
    land("gphc_register/2025-12-31.csv", register("2025-12-31", ONE, TWO))
    land("provider_return/a.csv", events(event_row(**{"GPhC number": written})))
    ingest_all(settings)
    assert resolved(settings) == {2: key(settings, "2000001")}, why


def test_a_new_surname_does_not_dispute_a_number(settings: Settings, land: Land) -> None:
    land("gphc_register/2025-12-31.csv", register("2025-12-31", ONE, TWO))
    land(
        "provider_return/a.csv",
        events(event_row(Surname="Other"), event_row(Event="Passed", **{"Date of birth": "1991-01-01"})),
    )
    (report,) = ingest_all(settings).feed("provider_return").files
    assert set(resolved(settings).values()) == {key(settings, "2000001")}
    assert report.notes == ()


def test_somebody_elses_number_is_remarked_on(settings: Settings, land: Land) -> None:
    land("gphc_register/2025-12-31.csv", register("2025-12-31", ONE, TWO))
    land("provider_return/a.csv", events(event_row(**{"GPhC number": "2000002"})))
    (report,) = ingest_all(settings).feed("provider_return").files
    assert report.notes[0].startswith("1 row carries the registration number of somebody else")


def test_two_who_fit_are_not_linked(settings: Settings, land: Land) -> None:
    twin = ("2000003", "Surname-one", "Forename-one", "1990-01-01")
    land("gphc_register/2025-12-31.csv", register("2025-12-31", ONE, twin))
    land("provider_return/a.csv", events(event_row(**{"GPhC number": ""})))
    ingest_all(settings)
    assert not {key(settings, "2000001"), key(settings, "2000003")} & set(resolved(settings).values())
    with open_store(settings) as store:
        assert store.resolve("gphc_register").waiting == 1


def test_a_register_that_lands_later_links_what_came_before(settings: Settings, land: Land) -> None:
    land("provider_return/a.csv", events(event_row(**{"GPhC number": ""})))
    ingest_all(settings)
    assert resolved(settings) != {2: key(settings, "2000001")}
    land("gphc_register/2025-12-31.csv", register("2025-12-31", ONE))
    ingest_feed(settings, "gphc_register")
    assert resolved(settings) == {2: key(settings, "2000001")}


def test_a_nil_return_has_no_person(settings: Settings, land: Land) -> None:
    header = "Period,Return date,Submitter code,PCN code,Staff record ID,GPhC number,Surname,Role,FTE"
    land("deployment_return/a.csv", f"{header}\n2025-11,2025-12-05,S1,U12345,,,,Nil return,0\n")
    ingest_all(settings)
    keys = duckdb.sql(
        f"select person_key from read_parquet('{settings.raw}/deployment_return/*/*.parquet')"
    ).fetchall()
    assert keys == [(None,)]


def test_a_person_deleted_stays_deleted(settings: Settings, land: Land) -> None:
    land("gphc_register/2025-12-31.csv", register("2025-12-31", ONE, TWO))
    land("provider_return/a.csv", events(event_row(**{"GPhC number": ""})))
    ingest_all(settings)
    with open_store(settings) as store:
        assert store.counts() == (3, 1)
        assert store.delete_person(key(settings, "2000001")) == 2
        assert store.counts() == (1, 0)
    assert resolved(settings) != {2: key(settings, "2000001")}
    ingest_all(settings, again=True)
    with open_store(settings) as store:
        assert store.counts() == (1, 0)


def test_the_same_people_in_files_taken_together_stay_one_row_each(settings: Settings, land: Land) -> None:
    for day in ("2025-03-31", "2025-06-30", "2025-09-30"):
        land(f"gphc_register/{day}.csv", register(day, ONE, TWO))
    report = ingest_all(settings)
    assert [each.rows_accepted for each in report.feed("gphc_register").files] == [2, 2, 2]
    rows = duckdb.sql(
        "select count(*), count(distinct person_key) "
        f"from read_parquet('{settings.raw}/gphc_register/*/*.parquet')"
    ).fetchall()
    assert rows == [(6, 2)]
    with open_store(settings) as store:
        assert store.counts() == (2, 0)
