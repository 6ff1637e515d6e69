"""What a run clears away before it starts, what it mends, and what it says of both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from faults_scene import Scene
from harness import accepted, copy_home, settings_of, tree

from orchestration import clock, locks, raw_check, recovery, withdrawn
from orchestration.ingest.ledger import raw_path
from orchestration.machine_faults import plain
from orchestration.settings import Settings
from orchestration.warehouse_inputs import collect

HOLD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from orchestration import locks
from orchestration.settings import load_settings
settings = load_settings(home=Path(sys.argv[1]))
with locks.exclusive(settings, "run"):
    locks.step(settings, "warehouse")
    print("held", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "home").prepare()


@pytest.fixture
def holder(empty: Settings) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_AND_DIE, str(empty.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parent.parent.parent,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_of_two_is_told_who_works(empty: Settings, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(locks.Busy) as caught, locks.exclusive(empty, "run"):
        raise AssertionError("two hold one home")
    said = str(caught.value)
    assert f"process {holder.pid}" in said
    assert "at the step 'warehouse'" in said
    assert "wait for it to end" in said


def test_a_killed_holder_is_told_by_the_next_and_only_by_the_next(
    empty: Settings, holder: subprocess.Popen[str]
) -> None:
    holder.communicate("die\n")
    with locks.exclusive(empty, "run") as hold:
        assert hold.interrupted is not None
        told = recovery.recover(empty, hold.interrupted)
        assert told == (f"{hold.interrupted} was stopped before its end; nothing it had accepted is lost",)
        assert f"process {holder.pid}" in told[0]
        with locks.exclusive(empty, "rollback") as again:
            assert again is hold  # the same process may ask again
    with locks.exclusive(empty, "run") as hold:
        assert hold.interrupted is None


def test_a_lock_file_cut_short_still_tells_of_somebody(empty: Settings) -> None:
    (empty.home / locks.LOCK_FILE).write_text('{"process": 12')
    with locks.exclusive(empty, "run") as hold:
        assert hold.interrupted is not None


def test_unfinished_files_are_cleared_and_finished_ones_stay(finished: Path) -> None:
    settings = settings_of(finished)
    before = tree(finished)
    left = [
        settings.warehouse / "building.duckdb",
        settings.warehouse / "building.duckdb.wal",
        settings.warehouse / "000009-0000000000.json.part",
        settings.warehouse / "000009-0000000000.duckdb",  # its record was never written
        settings.warehouse / "vintages" / "2026-01-01-0000000000-00000000.part",
        settings.releases / ".2026-01-01-00000000.part",
        settings.releases / ".current.4711",
    ]
    for path in left:
        path.mkdir() if path.name == ".2026-01-01-00000000.part" else path.write_bytes(b"half")
    told = recovery.recover(settings, None)
    assert told == (f"{len(left)} unfinished files deleted",)
    assert not [path for path in left if path.exists() or path.is_symlink()]
    assert tree(finished) == before
    assert recovery.recover(settings, None) == ()


def test_a_generation_that_cannot_be_read_is_deleted(finished: Path) -> None:
    settings = settings_of(finished)
    newest = max(settings.warehouse.glob("[0-9]*.duckdb"))
    newest.chmod(0o600)
    content = bytearray(newest.read_bytes())
    content[:12288] = os.urandom(12288)
    newest.write_bytes(content)
    (told,) = recovery.recover(settings, None)
    assert f"generation {newest.stem} of the warehouse could not be read" in told
    assert "built again" in told
    assert not newest.exists()
    assert not newest.with_suffix(".json").exists()


def test_a_reader_in_a_generation_and_in_a_release_is_no_damage(finished: Path) -> None:
    settings = settings_of(finished)
    newest = max(settings.warehouse.glob("[0-9]*.duckdb"))
    published = settings.releases / "current" / "published.duckdb"
    with duckdb.connect(str(newest), read_only=True), duckdb.connect(str(published), read_only=True):
        assert recovery.recover(settings, None) == ()


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_ledger_gives_way_to_its_copy(finished: Path, damage: str) -> None:
    settings = settings_of(finished)
    before = accepted(finished)
    assert (finished / recovery.LEDGER_COPY).exists()
    content = settings.ledger.read_bytes()
    settings.ledger.write_bytes(content[:5000] if damage == "cut" else os.urandom(len(content)))
    (told,) = recovery.recover(settings, None)
    assert "could not be read" in told
    assert "the copy made at the end of the last good run stands in its place" in told
    assert accepted(finished) == before
    assert list(finished.glob("ledger.damaged-*"))


def test_a_damaged_ledger_without_a_copy_stops_the_run_and_says_what_to_do(finished: Path) -> None:
    settings = settings_of(finished)
    settings.ledger.write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    (finished / recovery.LEDGER_COPY).unlink()
    with pytest.raises(recovery.Damaged) as caught:
        recovery.recover(settings, None)
    assert "phip restore" in str(caught.value)


def test_a_link_to_a_release_that_is_gone_is_taken_away(finished: Path) -> None:
    settings = settings_of(finished)
    link = settings.releases / "current"
    gone = link.readlink().name
    (settings.releases / gone).rename(finished / "elsewhere")
    (told,) = recovery.recover(settings, None)
    assert gone in told
    assert not link.is_symlink()


@pytest.mark.parametrize("damage", ["deleted", "cut", "one bit"])
def test_a_damaged_raw_file_is_taken_in_again(finished: Path, damage: str) -> None:
    settings = settings_of(finished)
    before = accepted(finished)
    inputs = collect(settings)
    item = next(item for item in inputs.files if item.feed == "gphc_register")
    _damage(finished / raw_path(item.feed, item.table, item.sha256), damage)
    assert raw_check.damaged(settings, inputs.files) == [item]
    told: list[str] = []
    raw_check.mend(settings, inputs.files, told.append)
    assert told == [
        "1 raw file of gphc_register cannot be read any more: taken in again from the files received"
    ]
    assert accepted(finished) == before
    assert collect(settings).digest() == inputs.digest()


def test_a_damaged_raw_file_whose_source_is_gone_stops_the_build(finished: Path) -> None:
    settings = settings_of(finished)
    inputs = collect(settings)
    item = next(item for item in inputs.files if item.feed == "spend")
    _damage(finished / raw_path(item.feed, item.table, item.sha256), "cut")
    for path in (settings.landing / "spend").iterdir():
        path.unlink()
    with pytest.raises(recovery.Damaged) as caught:
        raw_check.mend(settings, inputs.files, lambda _: None)
    assert "raw file of spend cannot be read" in str(caught.value)
    assert "put them back, or restore a backup" in str(caught.value)


def _damage(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "one bit":
        content[len(content) // 3] ^= 1
        path.write_bytes(content)


def test_the_clock_of_a_home_never_goes_back(finished: Path) -> None:
    settings = settings_of(finished)
    newest = clock.newest_release(settings)
    assert newest is not None
    told: list[str] = []
    assert newest < clock.now(settings, told.append)
    assert told == []
    record = settings.releases / "current" / "release.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    ahead = (datetime.now(UTC) + timedelta(days=400)).replace(microsecond=0)
    record.chmod(0o600)
    record.write_text(json.dumps(content | {"published_at": ahead.isoformat()}), encoding="utf-8")
    assert clock.now(settings, told.append) == ahead + timedelta(seconds=1)
    assert "the clock of this machine says" in told[0]


def test_generations_are_pruned_but_for_the_one_behind_the_current_release(
    scene: Scene, tmp_path: Path
) -> None:
    from dataclasses import replace

    from orchestration import builds

    home = copy_home(scene.after, tmp_path / "home")
    settings = replace(settings_of(home), keep_generations=1)
    first, second = builds.build_ids(settings)
    builds.prune(settings)
    assert builds.build_ids(settings) == [second]
    home = copy_home(scene.after, tmp_path / "other")
    settings = replace(settings_of(home), keep_generations=1)
    earlier = next(
        path.parent
        for path in settings.releases.glob("[0-9]*/release.json")
        if json.loads(path.read_text(encoding="utf-8"))["build_id"] == first
    )
    link = settings.releases / "current"
    link.unlink()
    link.symlink_to(earlier.name)
    builds.prune(settings)
    assert builds.build_ids(settings) == [first, second]
    assert withdrawn.ids(settings) == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("sqlite3.OperationalError: database or disk is full", "the disk is full"),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "may not be read or written"),
        ("sqlite3.OperationalError: attempt to write a readonly database", "may not be read or written"),
        ("IO Error: Could not set lock on file", "another program holds a file open"),
        ("sqlite3.DatabaseError: database disk image is malformed", "other bytes than were written"),
    ],
)
def test_faults_of_the_machine_are_told_in_plain_words(text: str, word: str) -> None:
    assert word in plain(text)
    assert text in plain(text)


def test_other_errors_are_told_as_they_are() -> None:
    assert plain("ValueError: 3 is not 4") == "ValueError: 3 is not 4"
