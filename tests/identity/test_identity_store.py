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


def registrant(key: str, surname: str, forename: str, born: str, number: str = "2000000") -> str:
    return person(key, surname, forename, born, REGISTER, number)


def links(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Key, registrant, method and certainty of every exported row."""
    rows = duckdb.read_parquet(str(settings.raw / LINK_FILE)).fetchall()
    assert all(0.5 < row[3] <= 1 for row in rows)
    return [(*row[:3], row[4]) for row in rows]


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
    ("surname", "forename", "born", "certainty"),
    [
        ("O'Brien-Smith", "Ana", "1990-01-01", "certain"),
        ("obrien smith", "A.", "1990-01-01", "certain"),
        ("Ó BRIEN SMITH", "ánna", "1990-01-01", "certain"),
        ("OBrien", "Ana", "1990-01-01", "certain"),
        ("O'Brien-Smith", "Ana", "1990-01-02", "doubtful"),
        ("O'Brien-Smith", "Bea", "1990-01-01", "doubtful"),
        ("O'Brien-Smith", "Ana", None, "doubtful"),
        ("O'Brien-Smith", None, "1990-01-01", "certain"),
        ("O'Brien-Smith", "Bea", "1961-09-13", None),
        ("Married", "Bea", "1990-01-01", None),
        (None, "Ana", None, None),
        ("O'Brien-Smith", None, None, None),
    ],
)
def test_linking_by_description(
    settings: Settings,
    store: IdentityStore,
    surname: str | None,
    forename: str | None,
    born: str | None,
    certainty: str | None,
) -> None:
    surname = None if surname is None else surname.replace("'", "''")
    store.add(registrant("r1", "O''Brien-Smith", "Ana", "1990-01-01"))
    store.add(registrant("r2", "Other", "Zoe", "1975-11-23"))
    store.add(person("k1", surname, forename, born))
    store.resolve(REGISTER)
    expected = [] if certainty is None else [("k1", "r1", "probabilistic", certainty)]
    assert links(settings) == expected


def test_two_registrants_that_fit_leave_a_key_alone(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "A", "Bea", "1990-01-01"))
    store.add(registrant("r2", "A", "Bea", "1990-01-01"))
    store.add(person("k1", "A", "Bea", "1990-01-01"))
    summary = store.resolve(REGISTER)
    assert (summary.linked, summary.doubtful, summary.waiting) == (0, 0, 1)
    assert (summary.unanchored, summary.people_on_register) == (1, 2)
    assert links(settings) == []


def test_a_number_nearly_right_tells_two_who_fit_apart(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "A", "Bea", "1990-01-01", number="2012345"))
    store.add(registrant("r2", "A", "Bea", "1990-01-01", number="2098765"))
    store.add(person("k1", "A", "Bea", "1990-01-01", number="2098756"))
    store.resolve(REGISTER)
    assert links(settings) == [("k1", "r2", "probabilistic", "certain")]


def test_without_a_register_valid_numbers_anchor(settings: Settings, store: IdentityStore) -> None:
    store.add(person("k1", "A", "Bea", "1990-01-01", number="2000001"))
    store.add(person("k2", "A", "Bea", "1990-01-01"))
    store.resolve(REGISTER)
    assert links(settings) == [("k2", "k1", "probabilistic", "certain")]


def test_two_learners_of_a_provider_never_share_a_registrant(
    settings: Settings, store: IdentityStore
) -> None:
    store.add(registrant("r1", "Surname", "Bea", "1990-01-01"))
    store.add(person("k1", "Surname", "Bea", "1990-01-01", source="P1", local_id="1"))
    store.add(person("k2", "Surname", "Bea", "1990-01-10", source="P1", local_id="2"))
    store.add(person("k3", "Surname", "B", "1990-01-01", source="P2", local_id="1"))
    store.resolve(REGISTER)
    assert links(settings) == [
        ("k1", "r1", "probabilistic", "certain"),
        ("k3", "r1", "probabilistic", "certain"),
    ]


def test_a_learner_cannot_have_the_registrant_whose_number_another_learner_carries(
    settings: Settings, store: IdentityStore
) -> None:
    store.add(registrant("r1", "Surname", "Bea", "1990-01-01"))
    store.add(person("r1", "Surname", "Bea", "1990-01-01", number="2000000", source="P1", local_id="1"))
    store.add(person("k2", "Surname", "B", "1990-01-01", source="P1", local_id="2"))
    assert store.resolve(REGISTER).waiting == 1
    assert links(settings) == []


@pytest.mark.parametrize("local_id", ["1", "2"], ids=["same local id", "same description"])
def test_one_record_of_a_provider_under_several_keys_is_one(
    settings: Settings, store: IdentityStore, local_id: str
) -> None:
    forename = "B" if local_id == "1" else "Bea"
    store.add(registrant("r1", "Surname", "Bea", "1990-01-01"))
    store.add(person("r1", "Surname", "Bea", "1990-01-01", number="2000000", source="P1", local_id="1"))
    store.add(person("k1", "Surname", forename, "1990-01-01", source="P1", local_id=local_id))
    store.add(
        person("k2", "Surname", forename, "1990-01-01", number="2999999", source="P1", local_id=local_id)
    )
    store.resolve(REGISTER)
    assert links(settings) == [
        ("k1", "r1", "probabilistic", "certain"),
        ("k2", "r1", "probabilistic", "certain"),
    ]


def test_a_key_that_stands_for_several_people_links_to_nobody(
    settings: Settings, store: IdentityStore
) -> None:
    store.add(registrant("r1", "Surname", "Bea", "1990-01-01"))
    store.add(person("k1", "Surname", "Bea", "1990-01-01", number="9999999", source="P1", local_id="1"))
    store.add(person("k1", "Other", "Zoe", "1975-11-23", number="9999999", source="P1", local_id="2"))
    summary = store.resolve(REGISTER)
    assert (summary.mixed, summary.linked) == (1, 0)
    assert links(settings) == []


def test_a_former_surname_on_an_earlier_snapshot_is_known(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "Before", "Bea", "1990-01-01"))
    store.add(registrant("r1", "After", "Bea", "1990-01-01"))
    store.add(person("k1", "Before", "Bea", "1990-01-01"))
    store.resolve(REGISTER)
    assert links(settings) == [("k1", "r1", "probabilistic", "certain")]


def test_links_that_no_longer_hold_are_dropped(settings: Settings, store: IdentityStore) -> None:
    store.add(registrant("r1", "A", "Bea", "1990-01-01"))
    store.add(person("k1", "A", "Bea", "1990-01-01"))
    store.resolve(REGISTER)
    assert links(settings) == [("k1", "r1", "probabilistic", "certain")]
    before = (settings.raw / LINK_FILE).read_bytes()
    store.resolve(REGISTER)
    assert (settings.raw / LINK_FILE).read_bytes() == before
    store.add(registrant("r2", "A", "Bea", "1990-01-01"))
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


def test_a_store_of_before_linkage_is_brought_up_to_date(settings: Settings) -> None:
    settings.prepare()
    with duckdb.connect(str(settings.identity / "identity.duckdb")) as connection:
        connection.execute(
            "create table record (person_key varchar not null, feed varchar not null, gphc_number varchar, "
            "gphc_valid boolean not null, surname varchar, forename varchar, date_of_birth date, email varchar, "
            "first_source_file_sha256 varchar not null)"
        )
        connection.execute(
            f"insert into record values ('r1', '{REGISTER}', '2000000', true, 'A', 'Bea', '1990-01-01', null, 'sha')"
        )
        connection.execute(
            "create table link (person_key varchar not null, resolved_person_key varchar not null, "
            "method varchar not null, decided_at timestamp not null)"
        )
        connection.execute("insert into link values ('k1', 'r1', 'name_and_birth', '2025-01-01')")
    with open_store(settings) as store:
        store.add(person("k1", "A", "Bea", "1990-01-01", source="P1", local_id="1"))
        store.resolve(REGISTER)
    assert links(settings) == [("k1", "r1", "probabilistic", "certain")]


def test_nobody_to_link_costs_no_import_of_splink(settings: Settings) -> None:
    import subprocess
    import sys

    with open_store(settings) as store:
        store.add(registrant("r1", "A", "Bea", "1990-01-01"))
        store.add(person("k1", None, None, None, number="2999999"))
    code = (
        "import sys; from pathlib import Path; from orchestration.identity import open_store; "
        "from orchestration.settings import Settings; h = Path(sys.argv[1]);\n"
        f"with open_store(Settings(home=h, landing=h)) as s: print(s.resolve('{REGISTER}').unanchored)\n"
        "print('splink' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", code, str(settings.home)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    assert ended.stdout.split() == ["1", "False"]


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
