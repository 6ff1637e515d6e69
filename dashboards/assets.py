"""Files every page shares: style sheets and scripts, under names that carry their content's hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from dashboards import theme
from dashboards.frontend import FrontEnd
from dashboards.pictures import compact

STATIC_DIR = Path(__file__).parent / "static"
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#005eb8"/>'
    '<path d="M6 23l7-8 5 4 8-11" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/></svg>\n'
)
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_ABSOLUTE_URL = re.compile(r"url\(/[^)]*\)")


@dataclass(frozen=True)
class Assets:
    """Site-relative paths of the shared files."""

    style: str
    plotly_style: str
    plotly: str
    settings: str
    script: str
    explore: str
    icon: str


def write_assets(out: Path, parts: FrontEnd) -> Assets:
    """Write the shared files below ``out`` and return their paths."""
    settings = "window.phipCharts = " + compact(
        {
            "template": theme.TEMPLATE,
            "config": theme.CONFIG,
            "narrowFont": theme.FONT_SIZE_NARROW,
            "bandFill": theme.BAND_FILL,
        }
    )
    return Assets(
        style=write_asset(out, "site.css", style_sheet(parts)),
        plotly_style=write_asset(out, "plotly.css", _static("plotly.css")),
        plotly=write_asset(out, "plotly.js", parts.plotly_source()),
        settings=write_asset(out, "charts.js", settings + ";\n"),
        script=write_asset(out, "site.js", _static("site.js")),
        explore=write_asset(out, "explore.js", _static("explore.js")),
        icon=write_asset(out, "icon.svg", _ICON),
    )


def style_sheet(parts: FrontEnd) -> str:
    """The style of every page: that of NHS.UK where it is installed, and the few parts of our own."""
    base = nhsuk_style(parts.nhsuk_css.read_text(encoding="utf-8")) if parts.nhsuk_css else ""
    return base + _static("site.css")


def nhsuk_style(css: str) -> str:
    """The NHS.UK style sheet without its web fonts (licensed to the NHS) and absolute addresses."""
    css = _FONT_FACE.sub("", css).replace("Frutiger W01,", "")
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    return _ABSOLUTE_URL.sub("none", css) + "\n"


def content_hash(text: str) -> str:
    """First characters of the SHA-256 of a text: enough to tell versions of a file apart."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def _static(name: str) -> str:
    return (STATIC_DIR / name).read_text(encoding="utf-8")


def write_asset(out: Path, name: str, content: str) -> str:
    """Write a file under a name that carries its content's hash; returns its path within the site."""
    stem, _, suffix = name.rpartition(".")
    path = f"assets/{stem}-{content_hash(content)}.{suffix}"
    target = out / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8", newline="\n")
    return path
