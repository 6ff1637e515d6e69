"""The identity store: narrow, silent about people, and deterministic in what it links."""

from __future__ import annotations

import stat
from collections.abc import Generator
from pathlib import Path

import duckdb
import pytest

from orchestration.identity import IdentityStore, open_store
from orchestration.identity.store import LINK_FILE, RECORD_COLUMNS, IdentityError
from orchestration.settings import Secret, Settings

REGISTER = "register_feed"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, landing=tmp_path / "landing", threads=1, key_given=Secret(b"k" * 32))


@pytest.fixture
def store(settings: Settings) -> Generator[IdentityStore]:
    with open_store(settings) as opened:
        yield opened


def person(
    key: str,
    surname: str | None,
    forename: str | None,
    born: str | None,
    feed: str = "returns",
    number: str | None = None,
    *,
    valid: bool | None = None,
    source: str | None = None,
    local_id: str | None = None,
) -> str:
    texts = {"person_key": key, "feed": feed, "gphc_number": number, "surname": surname, "forename": forename}
    texts |= {"source": source, "local_id": local_id}
    cells = {name: "null::varchar" if text is None else f"'{text}'" for name, text in texts.items()}
    cells["gphc_valid"] = str(number is not None if valid is None else valid).lower()
    cells["date_of_birth"] = "null::date" if born is None else f"date '{born}'"
    cells["email"] = "null::varchar"
    picked = ", ".join(f"{cells[name]} as {name}" for name in RECORD_COLUMNS)
    return f"select {picked}, 1 as file_no, 'sha' as sha256"


def registrant(key: str, surname: str, forename: str, born: str) -> str:
    return person(key, surname, forename, born, REGISTER, "2000000")


def links(settings: Settings) -> list[tuple[str, str, str]]:
    return duckdb.read_parquet(str(settings.raw / LINK_FILE)).fetchall()


def test_the_store_is_for_its_owner_only(settings: Settings, store: IdentityStore) -> None:
    store.add(person("k1", "A", "B", "1990-01-01"))
    for path in settings.identity.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_people_are_added_once(store: IdentityStore) -> None:
    assert store.add(person("k1", "A", "B", "1990-01-01")) == 1
    assert store.add(person("k1", "A", "B", "1990-01-01")) == 0
    assert store.add(person("k1", "New name", "B", "1990-01-01")) == 1
    assert store.counts() == (2, 0)


@pytest.mark.parametrize(
    ("surname", "forename", "born", "linked"),
    [
        ("O'Brien-Smith", "Ana", "1990-01-01", True),
        ("obrien smith", "A.", "1990-01-01", True),
        ("Ó BRIEN SMITH", "ánna", "1990-01-01", True),
        ("OBrien", "Ana", "1990-01-01", False),
        ("O'Brien-Smith", "Bea", "1990-01-01", False),
        ("O'Brien-Smith", "Ana", "1990-01-02", False),
        ("O'Brien-Smith", None, "1990-01-01", False),
        ("O'Brien-Smith", "Ana", None, False),
        (None, "Ana", "1990-01-01", False),
    ],
)
def test_linking_by_name_and_birth(
    settings: Settings,
    store: IdentityStore,
    surname: str | None,
    forename: str | None,
    born: str | None,
    linked: bool,
) -> None:
    surname = None if surname is None else surname.replace("'", "''")
    store.add(registrant("r1", "O''Brien-Smith", "Ana", "1990-01-01"))
    store.add(registrant("r2", "Other", "Ana", "1990-01-01"))
    store.add(person("k1", surname, forename, born))
    store.resolve(REGISTER)
    assert links(settings) == ([("k1", "r1", "name_and_birth")] if linked else [])


def test_two_registrants_that_fit_leave_a_key_alone(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "A", "Bea", "1990-01-01"))
    store.add(registrant("r2", "A", "Bob", "1990-01-01"))
    store.add(person("k1", "A", "B", "1990-01-01"))
    summary = store.resolve(REGISTER)
    assert (summary.linked, summary.ambiguous, summary.unanchored, summary.people_on_register) == (0, 1, 1, 2)
    assert links(settings) == []


def test_a_number_of_nobody_is_linked_under_its_own_method(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "A", "Bea", "1990-01-01"))
    store.add(person("k1", "A", "Bea", "1990-01-01", number="2999999"))
    store.resolve(REGISTER)
    assert links(settings) == [("k1", "r1", "number_not_on_register")]


def test_without_a_register_valid_numbers_anchor(settings: Settings, store: IdentityStore) -> None:
    store.add(person("k1", "A", "Bea", "1990-01-01", number="2000001"))
    store.add(person("k2", "A", "Bea", "1990-01-01"))
    store.resolve(REGISTER)
    assert links(settings) == [("k2", "k1", "name_and_birth")]


def test_links_that_no_longer_hold_are_dropped(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "A", "Bea", "1990-01-01"))
    store.add(person("k1", "A", "Bea", "1990-01-01"))
    store.resolve(REGISTER)
    before = (settings.raw / LINK_FILE).read_bytes()
    store.resolve(REGISTER)
    assert (settings.raw / LINK_FILE).read_bytes() == before
    store.add(registrant("r2", "A", "Bob", "1990-01-01"))
    store.resolve(REGISTER)
    assert links(settings) == []


def test_deleting_a_person_removes_every_trace_of_every_key(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "Surname-gone", "Bea", "1990-01-01"))
    store.add(person("k1", "Surname-gone", "Bea", "1990-01-01"))
    store.add(registrant("r2", "Surname-kept", "Bea", "1990-01-01"))
    store.resolve(REGISTER)
    assert store.delete_person("k1") == 2
    assert store.counts() == (1, 0)
    assert links(settings) == []
    assert store.add(registrant("r1", "Surname-gone", "Bea", "1990-01-01")) == 0
    store.resolve(REGISTER)
    assert links(settings) == []


def test_errors_name_the_step_and_nobody(store: IdentityStore) -> None:
    with pytest.raises(IdentityError) as caught:
        store.add("select error('Secretsurname') as person_key")
    assert "collect people" in str(caught.value)
    assert "Secretsurname" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_store_in_use_is_told_apart(settings: Settings, store: IdentityStore) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from orchestration.identity import open_store; "
        "from orchestration.settings import Settings; h = Path(sys.argv[1]);\n"
        "with open_store(Settings(home=h, landing=h)) as s: pass"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", code, str(settings.home)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert "another process may be writing" in ended.stderr
