"""``kill -9`` anywhere: the current release stands, the next run completes what was begun, and says so.

``make test-crash POINTS=200`` draws so many points, in lanes side by side; those already recovered by the same code are
not run again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from crash_points import Point, point
from faults_scene import LIGHT, Scene
from harness import REPOSITORY, Ended, Zygote, accepted, copy_home, drafts, figures, settings_of, tree

from orchestration import audit, release
from orchestration.fingerprint import code_version

DONE = REPOSITORY / ".cache" / "crash-points.jsonl"
LANES = 3  # runs at a time: one alone leaves cores idle while it starts and waits for the disk
CHAIN: tuple[dict[str, Any], ...] = (
    {"write": 12},
    {"step": ("ledger", "before")},
    {"step": ("people", "after")},
    {"after": 2.0},
    {"step": ("generation", "before")},
    {"step": ("record of the build", "before")},
)


def crash_and_recover(zygote: Zygote, scene: Scene, home: Path, at: Point) -> str:
    """Kill a run at a point, check what stands, run again and compare; one word on what the kill met."""
    earlier = (home / "releases" / "current").readlink().name
    intact = tree(home / "releases" / earlier)
    # Dagster's events take half as long again
    seconds = scene.seconds * (1.5 if at.with_dagster else 1.0)
    ended = zygote.phip(home, "run", **at.order(seconds, scene.writes))
    held = (home / ".run.lock").exists() and (home / ".run.lock").read_text(encoding="utf-8").strip()
    live = (home / "releases" / "current").readlink().name
    assert tree(home / "releases" / earlier) == intact, f"{at}: the last good release changed"
    if live != earlier:
        assert release.changed_files(settings_of(home), live) == {}, f"{at}: half a release went live"
    again = zygote.phip(home, "run", hooks=LIGHT)
    check_recovered(scene, home, again, str(at))
    if ended.killed:
        assert ("was stopped before its end" in again.output) == bool(held), f"{at}: {again.output}"
    third = zygote.phip(home, "run", hooks=LIGHT)
    assert "Nothing new" in third.output, f"{at}: {third.output}"
    if not ended.killed:
        return "finished before"
    step = json.loads(held)["step"] if held else "before the lock"
    return f"killed at: {step or 'intake'}"


def check_recovered(scene: Scene, home: Path, again: Ended, at: str) -> None:
    """The next run made what an undisturbed one makes, and nothing unfinished is left."""
    assert again.code == 0, f"{at}: {again.output}"
    assert figures(home) == scene.figures, f"{at}: other figures than an undisturbed run"
    assert accepted(home) == scene.accepted, f"{at}: rows were lost or doubled"
    assert drafts(home) == [], f"{at}: unfinished files are left"
    live = (home / "releases" / "current").readlink().name
    assert release.changed_files(settings_of(home), live) == {}, at
    audit.read(settings_of(home))


def test_killed_again_and_again(zygote: Zygote, scene: Scene, home: Path) -> None:
    """Six kills one upon the other, early and late, before any run may end; then one that may."""
    earlier = (home / "releases" / "current").readlink().name
    intact = tree(home / "releases" / earlier)
    for order in CHAIN:
        ended = zygote.phip(home, "run", hooks=LIGHT, **order)
        assert ended.killed, order
        assert (home / "releases" / "current").readlink().name == earlier
        assert tree(home / "releases" / earlier) == intact
    again = zygote.phip(home, "run", hooks=LIGHT)
    check_recovered(scene, home, again, "six kills")
    assert "was stopped before its end; nothing it had accepted is lost" in again.output
    third = zygote.phip(home, "run", hooks=LIGHT)
    assert "Nothing new" in third.output
    assert "stopped before its end" not in third.output


@pytest.mark.slow
@pytest.mark.parametrize("lane", range(LANES))
def test_many_points(
    zygote: Zygote, scene: Scene, tmp_path: Path, request: pytest.FixtureRequest, lane: int
) -> None:
    wanted = int(request.config.getoption("--points"))
    met = recovered()
    failed: list[str] = []
    for number in range(lane, wanted, LANES):
        if number in met:
            continue
        at = point(number)
        home = copy_home(scene.before, tmp_path / "home")
        try:
            met[number] = crash_and_recover(zygote, scene, home, at)
        except AssertionError as error:
            failed.append(str(error))
            print(f"FAILED {error}", flush=True)
            shutil.copytree(home, tmp_path / f"failed-{number}", symlinks=True)
        else:
            print(f"recovered {at}: {met[number]}", flush=True)
            DONE.parent.mkdir(exist_ok=True)
            with DONE.open("a", encoding="utf-8") as handle:
                line = {"code": code_version(), "number": number, "met": met[number]}
                handle.write(json.dumps(line) + "\n")
        shutil.rmtree(home)
    assert not failed, f"{len(failed)} of {wanted} points not recovered:\n" + "\n".join(failed)


def recovered() -> dict[int, str]:
    """Points that this code has recovered from already, in an earlier run that was stopped."""
    if not DONE.exists():
        return {}
    lines = [json.loads(line) for line in DONE.read_text(encoding="utf-8").splitlines()]
    return {line["number"]: line["met"] for line in lines if line["code"] == code_version()}
