"""What every test may rely on: no telemetry, no state outside the test, and where the shared real files are."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
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

# how long an example takes says more of the machine than of the code
hypothesis.settings.register_profile("phip", deadline=None)
hypothesis.settings.load_profile("phip")

REPOSITORY = Path(__file__).resolve().parent.parent
# Folders whose modules take minutes, the longest first: started last, one worker would work while the other waits.
LONGEST_FIRST = ("integration", "faults", "history", "metrics", "warehouse")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long folders first, a module of each in turn, and leave the order within modules as it is.

    Modules of a folder share what the first of them makes: begun side by side, one worker would wait for the other.
    """
    rank = {folder: number for number, folder in enumerate(LONGEST_FIRST)}
    modules: dict[str, dict[Path, int]] = {folder: {} for folder in LONGEST_FIRST}
    last = len(items)  # a list that is being sorted says it is empty

    def place(item: pytest.Item) -> tuple[int, int]:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if folder not in rank:
            return last, 0
        return modules[folder].setdefault(item.path, len(modules[folder])), rank[folder]

    items.sort(key=place)


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
