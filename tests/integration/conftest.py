"""One toy nation for this folder: `phip demo` costs a minute of CPU, so it runs once a session."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from made_once import made_once

PHIP = Path(sys.executable).with_name("phip")
SAID = "demo.stdout"


def _demonstrate(folder: Path) -> None:
    folder.mkdir()
    command = [PHIP, "demo", "--home", folder / "home", "--size", "0.02", "--clean"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / SAID).write_text(done.stdout, encoding="utf-8")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder after one demonstration run, to read only; what the run said is in the file beside it."""
    return made_once(tmp_path_factory, "toy", _demonstrate) / "home"
