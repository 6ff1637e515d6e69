"""What every test may rely on: no telemetry, no state outside the test, and where the shared real files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.settings import switch_telemetry_off

switch_telemetry_off()
for name in (
    "PHIP_HOME",
    "PHIP_LANDING",
    "PHIP_AS_AT",
    "PHIP_TARGET",
    "PHIP_IDENTITY_KEY",
    "PHIP_IDENTITY_KEY_FILE",
):
    os.environ.pop(name, None)

REPOSITORY = Path(__file__).resolve().parent.parent
# Folders whose modules take minutes, the longest first: started last, one worker would work while the other waits.
LONGEST_FIRST = ("integration", "faults", "history", "metrics", "warehouse")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules first and leave the order within them as it is."""
    rank = {folder: number for number, folder in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(REPOSITORY / "tests").parts[0], len(rank)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many points the crash tests draw (``make test-crash``)."""
    parser.addoption("--points", default="24", help="crash points to draw, for the slow crash test")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real published files; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("PHIP_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real published files are not here (PHIP_SHARED_DATA, or ../shared/data)")
    return folder
