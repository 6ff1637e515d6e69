"""A built site as tests see it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

import pytest
from parsed_page import Element, read_page

from dashboards import SiteInputs, SiteReport, build
from dashboards.pages import discover


@dataclass(frozen=True)
class Built:
    """A built site and what its build reported."""

    folder: Path
    report: SiteReport
    pictures: Path  # kept by the build for later ones

    @property
    def pages(self) -> list[Path]:
        """Every page."""
        return sorted(self.folder.rglob("*.html"))


def page_alone(
    inputs: SiteInputs, module: ModuleType, path: str, to: Path, monkeypatch: pytest.MonkeyPatch
) -> Element:
    """One page of a site that holds those of one page module alone, without pictures: the others are not looked at."""
    (chosen,) = (page for page in discover() if page.pages is module.pages)
    with monkeypatch.context() as patched:
        patched.setattr(build, "discover", lambda: (chosen,))
        build.build_site(inputs, to, pictures=False)
    return read_page(to / path)


def save_report(report: SiteReport, path: Path) -> None:
    """Keep a report, so that another process can say what was built."""
    path.write_text(json.dumps(asdict(report)), encoding="utf-8")


def load_report(path: Path) -> SiteReport:
    """A kept report."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return SiteReport(**{**content, "notes": tuple(content["notes"])})


def copied(site: Path, to: Path) -> Path:
    """A copy of a site that costs no room: a file is to be replaced, never written into (see :func:`replaced`)."""
    return Path(shutil.copytree(site, to, copy_function=os.link))


def replaced(path: Path, content: str) -> None:
    """Put another file in the place of one, which may be shared with other copies."""
    path.unlink(missing_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")
