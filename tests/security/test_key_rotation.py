"""A new key for the pseudonyms: old ones are gone from every file, people stay who they were, new files fit."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from people_files import (
    ONE,
    THREE,
    TWO,
    event,
    events,
    everything_readable,
    links,
    put,
    raw,
    register,
    taken_in,
)

from orchestration import answers, audit, upkeep
from orchestration.identity import rotation
from orchestration.identity.keys import gphc_person_key
from orchestration.identity.store import open_store
from orchestration.ingest import ingest_all
from orchestration.ingest.ledger import Ledger
from orchestration.settings import Secret, Settings

KEYS = "person_key, supervisor_key, enrolment_key"


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return taken_in(tmp_path_factory.mktemp("rotation") / "home")


@pytest.fixture
def home(taken: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(taken.home, tmp_path / "home")
    return replace(taken, home=tmp_path / "home", landing=tmp_path / "home" / "landing")


def rotate(settings: Settings) -> answers.Told:
    return upkeep.rotate_keys(settings, by="A. Manager", why="yearly")


def pseudonyms(settings: Settings) -> set[str]:
    """Every pseudonym below raw/ and in the identity store."""
    found = {key for row in raw(settings, "provider_return", KEYS) for key in row if key}
    found |= {key for row in raw(settings, "gphc_register", "person_key") for key in row}
    return {str(key) for key in found} | {*links(settings)} | {*links(settings).values()}


def shape(settings: Settings) -> list[tuple[object, ...]]:
    """Raw rows with each pseudonym replaced by the line on which it first occurs: who is whom, whatever the key."""
    columns = "source_file_sha256, source_line, event_type, person_key, supervisor_key, enrolment_key"
    rows = [
        ("register", *row)
        for row in raw(settings, "gphc_register", "source_file_sha256, source_line, person_key")
    ]
    rows += raw(settings, "provider_return", columns)
    first: dict[object, int] = {}
    linked = links(settings)
    found = [
        tuple(
            first.setdefault(linked.get(str(cell), cell), place)
            if re.fullmatch("[0-9a-f]{32}", str(cell))
            else cell
            for cell in row
        )
        for place, row in enumerate(rows)
    ]
    return [*found, ("linked", len(linked))]


def test_no_old_pseudonym_is_left_anywhere(home: Settings) -> None:
    old = pseudonyms(home)
    assert len(old) >= 6
    rotate(home)
    assert not pseudonyms(home) & old
    for path, text in everything_readable(home.home).items():
        assert not [key for key in old if key in text], path


def test_people_stay_who_they_were_row_by_row(home: Settings) -> None:
    before = shape(home)
    rotate(home)
    assert shape(home) == before
    rotate(home)
    assert shape(home) == before


def test_an_old_key_opens_nothing_and_the_new_one_needs_the_chain(home: Settings) -> None:
    old = home.identity_key()
    rotate(home)
    chain = home.identity_key().chain()
    assert (len(chain), chain[0]) == (2, old.reveal())
    assert gphc_person_key(home.identity_key(), ONE[0]) in pseudonyms(home)
    for each in chain:
        assert gphc_person_key(Secret(each), ONE[0]) not in pseudonyms(home)


def test_files_that_come_later_give_the_same_people(home: Settings) -> None:
    people = {row[0] for row in raw(home, "provider_return", "person_key")}
    rotate(home)
    put(home, "gphc_register/2026-03-31.csv", register("2026-03-31", ONE, TWO, THREE))
    put(
        home,
        "provider_return/e.csv",
        events(
            event(ONE, "L9", number="", event="Deferred", date="2025-11-20"),
            event(TWO, "L2", event="Deferred", date="2025-11-21", supervisor=ONE[0]),
        ),
    )
    assert not ingest_all(home).refused
    assert len({row[0] for row in raw(home, "provider_return", "person_key")}) == len(people)
    assert len({row[0] for row in raw(home, "gphc_register", "person_key")}) == 3
    assert [*links(home).values()] == [gphc_person_key(home.identity_key(), ONE[0])]


def test_decisions_review_and_tombstones_are_carried_over(home: Settings) -> None:
    (record,) = links(home)
    with open_store(home) as store:
        store.delete_person(gphc_person_key(home.identity_key(), THREE[0]))
    with duckdb.connect(str(home.identity / "identity.duckdb")) as connection:
        (pair,) = connection.execute("select pair from review").fetchall()[0]
    with open_store(home) as store:
        store.decide(pair, same=True, by="A reviewer", why="same mail")
        store.resolve("gphc_register")
    rotate(home)
    with duckdb.connect(str(home.identity / "identity.duckdb")) as connection:
        decided = connection.execute("select pair, person_key, decided_by from decision").fetchall()
        expected = connection.execute(
            "select left(sha256(person_key || ':' || resolved_person_key), 12) from decision"
        ).fetchall()
        erased = connection.execute("select person_key from erased").fetchall()
    assert [(row[0],) for row in decided] == expected
    assert decided[0][1] in links(home)
    assert decided[0][1] != record
    assert erased == [(gphc_person_key(home.identity_key(), THREE[0]),)]


def test_rows_types_and_lineage_of_raw_files_stay(home: Settings) -> None:
    def described(settings: Settings) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for path in sorted(settings.raw.rglob("*.parquet")):
            relation = f"read_parquet('{path}')"
            columns = duckdb.sql(f"describe from {relation}").fetchall()
            plain = [name for name, *_ in columns if not name.endswith("_key")]
            rows = duckdb.sql(f"select {', '.join(plain) or '1'} from {relation}").fetchall()
            found[path.relative_to(settings.raw).as_posix()] = (columns, rows, path.stat().st_mode)
        return found

    before = described(home)
    rotate(home)
    assert described(home) == before


class Killed(BaseException):
    """As a signal would."""


STEPS = [
    "_rekey_raw",
    "copy_store",
    "finish_interrupted",
    "_make_way",
    "_install_key",
    "drop_generations",
    "_remove_last",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_dies_never_was_or_is_carried_through(
    home: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, old = shape(home), pseudonyms(home)
    calls = 0
    real = getattr(rotation, step)

    def die(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if step == "finish_interrupted" and calls == 1:
            return real(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(rotation, step, die)
        with pytest.raises(Killed):
            rotate(home)
    assert upkeep.finish_interrupted(home) == (
        () if step in STEPS[:2] else ("a change of the pseudonyms' key was interrupted: carried through",)
    )
    assert shape(home) == before
    assert (pseudonyms(home) == old) == (step in STEPS[:2])
    assert gphc_person_key(home.identity_key(), ONE[0]) in pseudonyms(home)
    assert not (home.home / "raw.old").exists()
    assert not (home.home / "raw.next").exists()


def test_killed_between_the_two_renames_and_a_new_raw_folder_made(home: Settings) -> None:
    before = shape(home)
    monkey = pytest.MonkeyPatch()
    real = rotation._make_way  # pyright: ignore[reportPrivateUsage]

    def die_after(raw_folder: Path, old: Path) -> None:
        real(raw_folder, old)
        raise Killed

    monkey.setattr(rotation, "_make_way", die_after)
    with pytest.raises(Killed):
        rotate(home)
    monkey.undo()
    home.prepare()
    ingest_all(home)
    assert shape(home) == before


def test_old_generations_go_and_the_audit_log_tells(home: Settings) -> None:
    (home.warehouse / "000001-abc.duckdb").write_bytes(b"")
    (home.warehouse / "000001-abc.json").write_bytes(b"{}")
    for folder in ("scenarios", "reproduced"):  # builds made to answer a question carry pseudonyms too
        (home.warehouse / folder).mkdir()
        (home.warehouse / folder / "aa.duckdb").write_bytes(b"")
        (home.warehouse / folder / "aa.json").write_bytes(b"{}")
    (home.warehouse / "vintages").mkdir()
    (home.warehouse / "vintages" / "2026-06-30.parquet").write_bytes(b"")  # aggregates only
    rotate(home)
    left = [path.name for path in home.warehouse.rglob("*") if path.is_file()]
    assert left == ["2026-06-30.parquet"]
    entry = audit.read(home)[-1]
    assert (entry.action, entry.facts) == ("key_rotation", {"by": "A. Manager", "why": "yearly"})
    with Ledger(home.ledger) as ledger:
        assert len(ledger.all_known()) == 5


def test_a_key_given_in_the_environment_cannot_be_rotated(home: Settings) -> None:
    with pytest.raises(answers.UsageProblem, match="PHIP_IDENTITY_KEY_FILE"):
        rotate(replace(home, key_given=home.identity_key()))


def test_a_key_kept_elsewhere_is_changed_there(home: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secrets" / "identity"
    elsewhere.parent.mkdir()
    shutil.move(home.identity / "key", elsewhere)
    kept = replace(home, key_file=elsewhere)
    rotate(kept)
    assert len(kept.identity_key().chain()) == 2
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert not (home.identity / "key").exists()
