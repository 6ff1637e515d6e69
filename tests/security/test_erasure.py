"""Erasure of one person: nothing of them is left but a tombstone, nobody else loses anything, and they stay away."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
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
    workbook,
)

from orchestration import answers, audit, upkeep, warehouse_inputs
from orchestration.identity import erasure
from orchestration.identity.keys import gphc_person_key
from orchestration.identity.store import open_store
from orchestration.ingest import ingest_all
from orchestration.settings import Settings


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return taken_in(tmp_path_factory.mktemp("erasure") / "home")


@pytest.fixture
def home(taken: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(taken.home, tmp_path / "home")
    found = Settings(
        home=tmp_path / "home", landing=tmp_path / "home" / "landing", memory_limit="1GB", threads=1
    )
    duckdb.connect(str(found.warehouse / "000001-abc.duckdb")).close()
    return found


def key(settings: Settings, person: tuple[str, ...]) -> str:
    return gphc_person_key(settings.identity_key(), person[0])


def names(settings: Settings, person: tuple[str, ...]) -> dict[str, str]:
    """Where a person's number, names or mail can be read below home, and which."""
    return {
        path: value
        for path, text in everything_readable(settings.home).items()
        for value in (person[0], person[1], person[2], person[4])
        if value in text
    }


def erase(settings: Settings, person: tuple[str, ...] = ONE) -> answers.Told:
    return upkeep.erase(settings, person[0], by="A. Manager", why="asked in writing")


def test_before_the_person_is_where_the_test_looks(home: Settings) -> None:
    places = {path.split("/")[0] for path in names(home, ONE)}
    assert places == {"landing", "quarantine", "identity"}
    assert len(raw(home, "provider_return")) == 5
    assert set(links(home).values()) == {key(home, ONE)}


def test_nothing_of_the_person_is_left(home: Settings) -> None:
    keys = {key(home, ONE), *links(home)}
    told = erase(home)
    assert names(home, ONE) == {}
    with open_store(home) as store:
        assert store.erased() == keys
        assert store.counts() == (4, 0)
    for path, text in everything_readable(home.raw).items():
        assert not [each for each in keys if each in text], path
    assert told.content == {
        "keys": 2, "records": 4, "raw_rows": 3, "quarantined_rows": 1, "landed_files": 4, "doubtful": 0
    }  # fmt: skip
    assert ONE[0] not in "".join(told.lines())


def test_nobody_else_loses_anything(home: Settings) -> None:
    before = set(raw(home, "provider_return", "person_key, event_type, event_date, source_line"))
    erase(home)
    after = set(raw(home, "provider_return", "person_key, event_type, event_date, source_line"))
    assert after < before
    assert {row[0] for row in after} == {key(home, TWO), key(home, THREE)}
    assert raw(home, "provider_return", "supervisor_key") == [(None,)] * len(after)
    assert {row[0] for row in raw(home, "gphc_register", "person_key")} == {key(home, TWO), key(home, THREE)}
    assert sorted(path.name for path in home.landing.rglob("*") if path.is_file()) == ["d.csv"]
    assert names(home, TWO) != {}


def test_the_next_build_has_other_inputs_and_no_old_generation_is_left(home: Settings) -> None:
    before = warehouse_inputs.collect(home).digest()
    (home.warehouse / "scenarios").mkdir()
    (home.warehouse / "scenarios" / "aa.duckdb").write_bytes(b"")
    erase(home)
    assert warehouse_inputs.collect(home).digest() != before
    assert list(home.warehouse.rglob("*.duckdb")) == []


def test_a_file_sent_again_does_not_bring_the_person_back(home: Settings) -> None:
    erase(home)
    rows = raw(home, "provider_return")
    put(home, "gphc_register/2025-12-31.csv", register("2025-12-31", ONE, TWO, THREE))  # the same bytes
    put(home, "gphc_register/2026-03-31.csv", register("2026-03-31", ONE, TWO, THREE))
    put(
        home,
        "provider_return/e.csv",
        events(
            event(ONE, "L1", event="Deferred", date="2025-11-20"),
            event(ONE, "L1", date="later"),
            event(THREE, "L3", event="Passed", date="2025-11-21", supervisor=ONE[0]),
        ),
    )
    report = ingest_all(home)
    assert not report.refused
    (again,) = [each for each in report.files if each.name.endswith("e.csv")]
    assert again.notes[-1] == "2 rows about people erased on request: not taken"
    assert (again.rows_read, again.rows_accepted, again.rows_quarantined, again.rows_not_taken) == (
        3,
        1,
        0,
        2,
    )
    assert names(home, ONE) == {}
    assert len(raw(home, "provider_return")) == len(rows) + 1
    assert len(raw(home, "gphc_register")) == 4


def test_a_new_record_without_the_number_is_a_new_person(home: Settings) -> None:
    """What erasure cannot do: without tombstones that identify, a stranger who looks alike is taken in."""
    erase(home)
    put(
        home,
        "provider_return/f.csv",
        events(event(ONE, "L77", number="", event="Deferred", date="2025-11-22")),
    )
    ingest_all(home)
    assert len(raw(home, "provider_return")) == 4
    assert links(home) == {}


def test_a_file_of_nobody_else_leaves_an_empty_table(home: Settings) -> None:
    erase(home)
    put(home, "provider_return/g.csv", events(event(ONE, "L1", event="Deferred", date="2025-11-23")))
    (report,) = ingest_all(home).feed("provider_return").files
    assert (report.outcome, report.rows_accepted, report.rows_not_taken) == ("accepted", 0, 1)
    assert (home.raw / "provider_return" / "provider_return" / f"{report.sha256}.parquet").exists()
    assert len(raw(home, "provider_return")) == 3


def test_a_refused_file_with_the_number_does_not_stay_either(home: Settings) -> None:
    for name, content in {
        "a.csv": f"no,header,of,ours\n{ONE[0]},x,y,z\n",
        "b.csv": f"no,header,of,ours\n1{ONE[0]},x,y,z\n",
        "c.xlsx": workbook(f"no,header,of,ours\n{ONE[0]},x,y,z\n"),
        "d.csv.gz": gzip.compress(f"no,header,of,ours\n{ONE[0]},x,y,z\n".encode()),
        "e.csv": f"no,header,of,ours\n{ONE[0]},x,y,z\n".encode("utf-16"),
    }.items():
        put(home, f"supervisor_register/{name}", content)
    assert len(ingest_all(home).refused) == 5
    erase(home)
    left = [path.name for path in (home.landing / "supervisor_register").iterdir()]
    assert left == ["b.csv"]


def test_erasing_twice_and_a_person_nobody_knows(home: Settings) -> None:
    erase(home)
    assert set(erase(home).content.values()) == {0, 1}
    told = upkeep.erase(home, "2999999", by="A. Manager", why="asked in writing")
    assert (told.content["records"], told.content["raw_rows"]) == (0, 0)
    with open_store(home) as store:
        assert gphc_person_key(home.identity_key(), "2999999") in store.erased()


@pytest.mark.parametrize(
    "step", ["_clear_quarantine", "_clear_raw", "clear_landing", "compact_store", "drop_generations"]
)
def test_an_erasure_that_dies_is_carried_through_by_the_next_run(
    home: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(erasure, step, die)
        with pytest.raises(Killed):
            erase(home)
    assert (home.identity / erasure.MARK).exists()
    (said,) = upkeep.finish_interrupted(home)
    assert "erasure" in said
    assert names(home, ONE) == {}
    assert len(raw(home, "provider_return")) == 3
    assert list(home.warehouse.glob("*.duckdb")) == []
    assert upkeep.finish_interrupted(home) == ()


def test_the_audit_log_tells_who_and_why_and_not_whom(home: Settings) -> None:
    erase(home)
    entry = audit.read(home)[-1]
    assert (entry.action, entry.facts) == ("erasure", {"by": "A. Manager", "why": "asked in writing"})
    with pytest.raises(answers.UsageProblem, match="why"):
        upkeep.erase(home, ONE[0], by="A. Manager", why=f"letter about {ONE[0]}")


@pytest.mark.parametrize("number", ["", "12345", "2000001 2000002", "name"])
def test_only_a_whole_number_is_taken_and_it_is_not_quoted(home: Settings, number: str) -> None:
    with pytest.raises(answers.UsageProblem, match="standard input") as error:
        upkeep.erase(home, number, by="A. Manager", why="asked in writing")
    assert not number or number not in str(error.value)


def test_the_number_comes_from_a_pipe_and_never_as_an_argument(home: Settings) -> None:
    program = "from orchestration.cli import main; main()"
    options = ["--by", "A. Manager", "--why", "asked in writing", "--home", str(home.home)]
    command = [sys.executable, "-c", program, "erase", *options]
    done = subprocess.run(command, input=f"{ONE[0]}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ONE[0] not in done.stdout + done.stderr
    assert names(home, ONE) == {}
    refused = subprocess.run([*command, ONE[0]], input="", capture_output=True, text=True, check=False)
    assert refused.returncode == 2
