"""The machine fails, not the data: another run, no space, no permission, a clock set back, damaged files.

The last good release stands, the message says what happened, and the next run completes what was begun.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from faults_scene import LIGHT, Scene
from harness import Zygote, copy_home, settings_of, tree
from test_crash_points import check_recovered

from orchestration import locks, release
from orchestration.identity import open_store
from orchestration.ingest.ledger import raw_path
from orchestration.warehouse_inputs import collect


def test_the_second_of_two_runs_says_who_works_and_changes_nothing(zygote: Zygote, home: Path) -> None:
    before = tree(home / "releases")
    with locks.exclusive(settings_of(home), "run") as hold:
        hold.step("warehouse")
        second = zygote.phip(home, "run", hooks=LIGHT)
        rolled = zygote.phip(home, "rollback")
        saved = zygote.phip(home, "backup", home.parent / "home.tar")
    for done in (second, rolled, saved):
        assert done.code == 1, done.output
        assert f"process {os.getpid()}" in done.output
        assert "at the step 'warehouse'" in done.output
    assert tree(home / "releases") == before


def test_identities_open_elsewhere_stop_a_run_with_a_plain_message(zygote: Zygote, home: Path) -> None:
    before = tree(home / "releases")
    with open_store(settings_of(home)):
        done = zygote.phip(home, "run", hooks=LIGHT)
    assert done.code == 3
    assert "identity store cannot be opened" in done.output
    assert tree(home / "releases") == before


def test_a_home_that_may_not_be_written_is_told_plainly(zygote: Zygote, home: Path) -> None:
    before = tree(home / "releases")
    raw = home / "raw"
    for folder in (raw, *(path for path in raw.rglob("*") if path.is_dir())):
        folder.chmod(0o500)
    done = zygote.phip(home, "run", hooks=(*LIGHT, "bound_by_permissions"))
    assert done.code == 3, done.output
    assert "may not be read or written by this user" in done.output
    assert tree(home / "releases") == before


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [1, 6, 14])
def test_a_full_disk_stops_a_run_and_space_completes_it(
    zygote: Zygote, scene: Scene, tmp_path: Path, megabytes: int
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    used = sum(path.stat().st_blocks * 512 for path in scene.before.rglob("*") if not path.is_symlink())
    size = used + (megabytes << 20)
    with _small_disk(disk, size):
        home = copy_home(scene.before, disk / "home")
        earlier = (home / "releases" / "current").readlink().name
        intact = tree(home / "releases" / earlier)
        done = zygote.phip(home, "run", hooks=LIGHT)
        assert done.code != 0, done.output
        assert "disk is full" in done.output or "enough memory and disk" in done.output
        assert (home / "releases" / "current").readlink().name == earlier
        assert tree(home / "releases" / earlier) == intact
        subprocess.run(["mount", "-o", f"remount,size={size + (200 << 20)}", str(disk)], check=True)
        check_recovered(scene, home, zygote.phip(home, "run", hooks=LIGHT), "full disk")


@contextmanager
def _small_disk(folder: Path, size: int) -> Iterator[None]:
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_where_no_file_may_grow_the_run_says_the_disk_is_full(
    zygote: Zygote, scene: Scene, home: Path
) -> None:
    earlier = (home / "releases" / "current").readlink().name
    intact = tree(home / "releases" / earlier)
    done = zygote.phip(home, "run", hooks=(*LIGHT, "small_disk"), bytes=2 << 20)
    assert done.code != 0, done.output
    assert "disk is full" in done.output or "enough memory and disk" in done.output
    assert tree(home / "releases" / earlier) == intact
    check_recovered(scene, home, zygote.phip(home, "run", hooks=LIGHT), "no file may grow")


@pytest.mark.slow
def test_a_clock_set_back_keeps_the_order_of_releases(zygote: Zygote, scene: Scene, home: Path) -> None:
    record = home / "releases" / "current" / "release.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    ahead = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    record.chmod(0o600)
    record.write_text(json.dumps(content | {"published_at": ahead.isoformat()}), encoding="utf-8")
    done = zygote.phip(home, "run", hooks=LIGHT)
    check_recovered(scene, home, done, "clock set back")
    newest, before = release.history(settings_of(home))
    assert newest.release_id == (home / "releases" / "current").readlink().name
    assert newest.published_at == before.published_at + timedelta(seconds=1)
    assert "Nothing new" in zygote.phip(home, "run", hooks=LIGHT).output


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["raw file", "generation", "ledger", "reader"])
def test_damage_before_a_run_is_mended_by_it(zygote: Zygote, scene: Scene, home: Path, victim: str) -> None:
    settings = settings_of(home)
    if victim == "reader":
        newest = max(settings.warehouse.glob("[0-9]*.duckdb"))
        published = settings.releases / "current" / "published.duckdb"
        with duckdb.connect(str(newest), read_only=True), duckdb.connect(str(published), read_only=True):
            check_recovered(scene, home, zygote.phip(home, "run", hooks=LIGHT), victim)
        return
    item = next(item for item in collect(settings).files if item.feed == "gphc_register")
    path = {
        "raw file": home / raw_path(item.feed, item.table, item.sha256),
        "generation": max(settings.warehouse.glob("[0-9]*.duckdb")),
        "ledger": settings.ledger,
    }[victim]
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    done = zygote.phip(home, "run", hooks=LIGHT)
    check_recovered(scene, home, done, victim)
    if victim != "raw file":  # told while it works, not at the end
        assert "could not be read" in done.output


def test_a_landing_file_that_may_not_be_read_is_refused_by_name(
    zygote: Zygote, scene: Scene, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(scene.before / "landing" / "spend", home / "landing" / "spend")
    locked = next((home / "landing" / "spend").iterdir())
    locked.chmod(0)
    done = zygote.phip(home, "run", hooks=("intake_only", "bound_by_permissions"))
    assert f"spend/{locked.name}" in done.output, done.output
    assert "readable file" in done.output
