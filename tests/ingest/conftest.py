"""Shared by the intake tests: a home of its own, real published files, and small files in the promised layouts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from intake_files import Land

from orchestration.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty home."""
    home = tmp_path / "home"
    return Settings(home=home, landing=home / "landing", memory_limit="1GB", threads=1).prepare()


@pytest.fixture
def land(settings: Settings) -> Land:
    """Put a file below the landing folder; later calls look newer."""
    count = 0

    def put(name: str, content: str | bytes) -> Path:
        nonlocal count
        count += 1
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, ns=(count * 10**9, count * 10**9))
        return path

    return put


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real published files; skips the test where they are absent."""
    folder = Path(os.environ.get("PHIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real published files (shared/data) are not present")
    return folder
