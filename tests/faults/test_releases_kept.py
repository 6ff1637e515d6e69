"""Going back to an earlier release, making one again, and the home folder in one file and back."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from faults_scene import LIGHT, Scene
from harness import Zygote, figures, settings_of, tree

from orchestration import audit, release
from orchestration.answers import DataRefused, UsageProblem
from orchestration.backup import back_up, restore
from orchestration.rollback import roll_back


def live(home: Path) -> str:
    return (home / "releases" / "current").readlink().name


def test_rollback_makes_the_earlier_release_current_and_no_run_undoes_it(
    zygote: Zygote, finished: Path
) -> None:
    settings = settings_of(finished)
    newer = live(finished)
    before = tree(finished / "releases" / newer)
    told = roll_back(settings, None, why="the board's figures were sent twice")
    older = live(finished)
    assert older != newer
    assert told.content == {"release_id": older, "before": newer}
    assert tree(finished / "releases" / newer) == before
    assert [entry.facts["release"] for entry in audit.read(settings) if entry.action == "rollback"] == [older]
    again = zygote.phip(finished, "run", hooks=LIGHT)
    assert again.code == 0
    assert f"release {newer} was rolled back" in again.output
    assert "the board's figures were sent twice" in again.output
    assert f"Nothing new: release {older}" in again.output
    assert live(finished) == older
    roll_back(settings, newer)
    assert live(finished) == newer
    assert "rolled back" not in zygote.phip(finished, "run", hooks=LIGHT).output


@pytest.mark.parametrize("change", ["a byte", "a file more", "a file less", "with its manifest"])
def test_rollback_refuses_a_release_that_is_not_as_published(finished: Path, change: str) -> None:
    settings = settings_of(finished)
    newer = live(finished)
    (older,) = [item.release_id for item in release.history(settings) if item.release_id != newer]
    folder = finished / "releases" / older
    page, manifest = folder / "site" / "index.html", folder / release.MANIFEST
    name = "site/index.html"
    if change == "a file more":
        page = page.with_name("index2.html")
        page.write_text("one figure more")
        name = "site/index2.html"
    elif change == "a file less":
        page.unlink()
    else:
        page.chmod(0o600)
        page.write_text(page.read_text(encoding="utf-8") + " ", encoding="utf-8")
    if change == "with its manifest":
        hashes = json.loads(manifest.read_text(encoding="utf-8"))
        hashes[name] = tree(folder)[name]
        manifest.chmod(0o600)
        manifest.write_text(json.dumps(hashes), encoding="utf-8")
        name = release.MANIFEST
    with pytest.raises(DataRefused) as caught:
        roll_back(settings, older)
    assert name in str(caught.value)
    assert live(finished) == newer


@pytest.mark.parametrize("name", ["nonsense", "../releases", "/etc", ".pictures", "current"])
def test_rollback_to_what_is_no_release_is_wrong_usage(finished: Path, name: str) -> None:
    before = live(finished)
    with pytest.raises(UsageProblem):
        roll_back(settings_of(finished), name)
    assert live(finished) == before


def test_rollback_with_nothing_to_go_back_to_is_refused(home: Path) -> None:
    with pytest.raises(DataRefused, match="no earlier release"):
        roll_back(settings_of(home), None)
    with pytest.raises(DataRefused, match="is the current one"):
        roll_back(settings_of(home), live(home))


@pytest.mark.slow
def test_a_release_is_made_again_byte_for_byte(zygote: Zygote, finished: Path, tmp_path: Path) -> None:
    before = tree(finished / "releases")
    done = zygote.phip(finished, "reproduce", live(finished), "--json", "--to", tmp_path / "again")
    assert done.code == 0, done.output
    published = tree(finished / "releases" / live(finished))
    again = tree(tmp_path / "again")
    differing = {name for name in published if published[name] != again.get(name)}
    # DuckDB's own file is compared by its rows; the manifest holds its hash
    assert differing <= {"published.duckdb", "manifest.json"}
    assert len(published) == len(again) > 100
    assert tree(finished / "releases") == before
    assert not list((finished / "warehouse" / "reproduced").glob("*.duckdb"))


@pytest.mark.slow
def test_what_differs_and_why_is_told(zygote: Zygote, finished: Path) -> None:
    settings = settings_of(finished)
    folder = finished / "releases" / live(finished)
    recipe = folder / "recipe.json"
    content = json.loads(recipe.read_text(encoding="utf-8"))
    content["materials"]["tools"]["duckdb"] = "0.0.1"
    recipe.chmod(0o600)
    recipe.write_text(json.dumps(content), encoding="utf-8")
    done = zygote.phip(finished, "reproduce", live(finished))
    assert done.code == 1
    assert "recipe.json: other bytes" in done.output
    assert "because duckdb is another" in done.output
    victim = next((settings.raw / "gphc_register").rglob("*.parquet"))
    victim.unlink()
    done = zygote.phip(finished, "reproduce", live(finished))
    assert done.code == 1
    assert "is gone" in done.output
    assert "cannot be made again" in done.output


def test_a_release_from_before_recipes_cannot_be_made_again(zygote: Zygote, finished: Path) -> None:
    (finished / "releases" / live(finished) / "recipe.json").unlink()
    done = zygote.phip(finished, "reproduce", live(finished))
    assert done.code == 1
    assert "before releases kept their recipe" in done.output
    assert zygote.phip(finished, "reproduce", "nonsense").code == 2


def test_backup_and_restore_give_the_same_home(zygote: Zygote, finished: Path, tmp_path: Path) -> None:
    settings = settings_of(finished)
    file = tmp_path / "home.tar"
    back_up(settings, file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = _kept(finished)
    modes = {
        path: path.stat().st_mode
        for path in (finished / "identity", finished / "releases", finished / "ledger")
    }
    shutil.move(finished, tmp_path / "lost")
    told = restore(settings, file)
    assert "every hash verified" in told.text[0]
    assert _kept(finished) == before
    assert {path: path.stat().st_mode for path in modes} == modes
    entries = [entry.action for entry in audit.read(settings)]
    assert entries[-1] == "restore"
    again = zygote.phip(finished, "run", hooks=LIGHT)
    assert "Nothing new" in again.output, again.output


@pytest.mark.slow
def test_a_home_restored_elsewhere_builds_again_with_the_same_figures(
    zygote: Zygote, scene: Scene, finished: Path, tmp_path: Path
) -> None:
    file = tmp_path / "home.tar"
    back_up(settings_of(finished), file)
    other = tmp_path / "other"
    assert "builds the warehouse again" in "\n".join(restore(settings_of(other), file).text)
    done = zygote.phip(other, "run", hooks=LIGHT)
    assert done.code == 0, done.output
    assert figures(other) == scene.figures


@pytest.mark.parametrize("damage", ["one byte", "cut", "no backup"])
def test_a_damaged_backup_puts_nothing_back(scene: Scene, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "home.tar"
    if damage == "no backup":
        file.write_bytes(b"not a tar file at all")
    else:
        back_up(settings_of(scene.after), file)
        content = bytearray(file.read_bytes())
        if damage == "cut":
            content = content[: len(content) // 2]
        else:
            place = content.find(b"PAR1") + 6
            content[place] ^= 1
        file.write_bytes(content)
    with pytest.raises(DataRefused):
        restore(settings_of(tmp_path / "home"), file)
    assert not (tmp_path / "home").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["home.tar"]


def test_a_backup_that_leads_outside_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    contents = {
        "format": 1,
        "made_at": "2026-01-01T00:00:00+00:00",
        "home": str(tmp_path / "home"),
        "folders": {"../outside": 0o700},
        "members": [],
    }
    text = tmp_path / "BACKUP.json"
    text.write_text(json.dumps(contents))
    with tarfile.open(file, "w") as archive:
        archive.add(text, arcname="BACKUP.json")
    with pytest.raises(DataRefused, match="leads outside"):
        restore(settings_of(tmp_path / "home"), file)
    assert not (tmp_path / "outside").exists()


def test_restore_never_writes_over_a_home(scene: Scene, finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    back_up(settings_of(scene.after), file)
    before = tree(finished)
    with pytest.raises(UsageProblem, match="new or empty"):
        restore(settings_of(finished), file)
    with pytest.raises(UsageProblem, match="exists already"):
        back_up(settings_of(finished), file)
    assert tree(finished) == before


def _kept(home: Path) -> dict[str, str]:
    """A home without locks, what stands in the audit log since, and what is made anew."""
    left_out = ("audit.log", "keys/audit.head", "ledger", "warehouse/.dbt", "identity/spill")
    return {
        name: sha256
        for name, sha256 in tree(home).items()
        if not name.endswith(".lock") and not name.startswith(left_out)
    }
