"""Two homes every fault starts from: one release published, and what an undisturbed next run makes of it."""

from __future__ import annotations

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
    folder = tmp_path_factory.mktemp("scene")
    first, later = small_landing.write(folder)
    before = folder / "before"
    before.mkdir()
    small_landing.land(first, before)
    done = zygote.phip(before, "run", hooks=LIGHT)
    assert done.code == 0, done.output
    small_landing.land(later, before)
    after = copy_home(before, folder / "after")
    done = zygote.phip(after, "run", hooks=LIGHT)
    assert done.code == 0, done.output
    assert done.writes
    return Scene(before, after, done.seconds, done.writes, figures(after), accepted(after))


@pytest.fixture
def home(scene: Scene, tmp_path: Path) -> Path:
    """A home of one's own with one release and new files landed."""
    return copy_home(scene.before, tmp_path / "home")


@pytest.fixture
def finished(scene: Scene, tmp_path: Path) -> Path:
    """A home of one's own with two releases and nothing new."""
    return copy_home(scene.after, tmp_path / "home")
