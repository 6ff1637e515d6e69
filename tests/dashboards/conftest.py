"""One built site for all tests of this folder: building is the slow part, looking is not."""

from __future__ import annotations

from pathlib import Path

import made_inputs
import pytest
from built_site import Built

from dashboards import build_site, find_browser


@pytest.fixture(scope="session")
def picture_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures shared by the builds of a session."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, picture_cache: Path) -> Built:
    """The site of the made-up inputs, with pictures where a browser is found."""
    folder = tmp_path_factory.mktemp("site") / "out"
    return Built(folder, build_site(made_inputs.inputs(), folder, cache_dir=picture_cache))


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """A Chromium; tests that need one skip where there is none."""
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium: run `npm ci` in dashboards/frontend")
    return found
