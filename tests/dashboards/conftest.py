"""One built site for all tests of this folder and every worker: building is the slow part, looking is not."""

from __future__ import annotations

from pathlib import Path

import made_inputs
import pytest
from built_site import Built, load_report, save_report
from made_once import made_once
from published_figures import PublishedFigures, published_figures
from read_site import ReadSite

from dashboards import SiteInputs, build_site, find_browser


@pytest.fixture(scope="session")
def inputs() -> SiteInputs:
    """The made-up inputs of the built site."""
    return made_inputs.inputs()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, inputs: SiteInputs) -> Built:
    """The site of the made-up inputs, with pictures where a browser is found."""

    def build(folder: Path) -> None:
        folder.mkdir()
        save_report(
            build_site(inputs, folder / "site", cache_dir=folder / "pictures"), folder / "report.json"
        )

    folder = made_once(tmp_path_factory, "dashboards", build)
    return Built(folder / "site", load_report(folder / "report.json"), folder / "pictures")


@pytest.fixture(scope="session")
def site(built: Built) -> ReadSite:
    """The built site, read once."""
    return ReadSite(built.folder)


@pytest.fixture(scope="session")
def published(inputs: SiteInputs) -> PublishedFigures:
    """What the published frames say, arranged for looking up."""
    return published_figures(inputs)


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """A Chromium; tests that need one skip where there is none."""
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium: run `npm ci` in dashboards/frontend")
    return found
