"""Two homes every fault starts from: one release published, and what an undisturbed next run makes of it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_landing
from faults_scene import LIGHT, Scene
from harness import Zygote, accepted, copy_home, figures


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("zygote")) as process:
        yield process


@pytest.fixture(scope="session")
def scene(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the first of the workers to ask makes it, the others wait
    folder, finished = base / "faults-scene", base / "faults-scene.json"
    with (base / "faults-scene.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half made by a worker that failed
            folder.mkdir()
            finished.write_text(json.dumps(_made(zygote, folder)))
        after = folder / "after"
        # read under the lock too: one process at a time opens the store of identities
        return Scene(
            folder / "before", after, *json.loads(finished.read_text()), figures(after), accepted(after)
        )


def _made(zygote: Zygote, folder: Path) -> tuple[float, int]:
    """Make both homes; seconds and writes of the undisturbed run."""
    first, later = small_landing.write(folder)
    before = folder / "before"
    before.mkdir()
    small_landing.land(first, before)
    done = zygote.phip(before, "run", hooks=LIGHT)
    assert done.code == 0, done.output
    small_landing.land(later, before)
    done = zygote.phip(copy_home(before, folder / "after"), "run", hooks=LIGHT)
    assert done.code == 0, done.output
    assert done.writes
    return done.seconds, done.writes


@pytest.fixture
def home(scene: Scene, tmp_path: Path) -> Path:
    """A home of one's own with one release and new files landed."""
    return copy_home(scene.before, tmp_path / "home")


@pytest.fixture
def finished(scene: Scene, tmp_path: Path) -> Path:
    """A home of one's own with two releases and nothing new."""
    return copy_home(scene.after, tmp_path / "home")
