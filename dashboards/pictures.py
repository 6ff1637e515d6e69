"""Pictures of the charts: headless pages draw them, and unchanged ones come from a cache."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from dashboards import theme
from dashboards.blocks import Figure

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_BATCH = 40
_PAGES = 2  # that draw side by side, each in a process of its own
_START = """figures => {
    window.drawing = (async () => {
        const pictures = [];
        for (const figure of figures) {
            pictures.push(await Plotly.toImage(figure, {format: "svg", width: figure.layout.width,
                height: figure.layout.height, imageDataOnly: true}));
        }
        return pictures;
    })();
}"""
_DRAWN = "() => window.drawing"
_STYLE = re.compile(r'( style="[^"]*")([^<>]*?)(/?>)')  # and what follows it in its tag
_RANDOM_ID = re.compile(r'id="defs-([0-9a-f]{6})"')


@dataclass(frozen=True)
class Job:
    """One picture to draw: the complete Plotly figure, with width and height in pixels."""

    key: str
    spec: dict[str, Any]


def chart_json(figure: Figure) -> dict[str, Any]:
    """What the live chart needs: traces, layout, and the layout keys that differ on a narrow screen."""
    data = [{**trace, "uid": f"t{position}"} for position, trace in enumerate(figure.data)]
    narrow_data = {str(position): patch for position, patch in figure.narrow_data.items()}
    return {"data": data, "layout": figure.layout, "narrow": figure.narrow, "narrowData": narrow_data}


def compact(value: Any) -> str:
    """JSON without spaces; ``</`` is escaped so that it cannot close a script block."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("</", "<\\/")


def job(figure: Figure, bundle_hash: str, *, narrow: bool) -> Job:
    """The drawing job of a figure; the key changes with anything that changes the picture."""
    layout = {**figure.layout, **(figure.narrow if narrow else {}), "template": theme.TEMPLATE}
    layout["width"] = theme.NARROW if narrow else theme.WIDE
    layout["height"] = figure.height_narrow if narrow else figure.height
    if narrow:
        layout["font"] = {"size": theme.FONT_SIZE_NARROW}
    patches = figure.narrow_data if narrow else {}
    data = [{**trace, **patches.get(number, {})} for number, trace in enumerate(chart_json(figure)["data"])]
    spec = {"data": data, "layout": layout}
    key = hashlib.sha256(f"{bundle_hash}{compact(spec)}".encode()).hexdigest()[:20]
    return Job(key, spec)


class Pictures:
    """SVG by job key, drawn once. ``drawn`` and ``cached`` count what happened."""

    def __init__(self, bundle: str, browser: Path | None, cache: Path | None) -> None:
        self._bundle = bundle
        self._browser = browser
        self._cache = cache
        self.drawn = 0
        self.cached = 0
        self.problem = ""  # why the browser did not start

    def render(self, jobs: Iterable[Job]) -> dict[str, str]:
        """The pictures that could be had; a missing key means that no browser could draw it.

        Raises RuntimeError where a browser starts but a figure cannot be drawn: a fault of the figure.
        """
        wanted = {job.key: job for job in jobs}
        found = {key: svg for key in wanted if (svg := self._read(key)) is not None}
        self.cached = len(found)
        missing = [job for key, job in wanted.items() if key not in found]
        if missing and self._browser is not None:
            for key, svg in self._draw(missing).items():
                found[key] = svg
                self._write(key, svg)
        return found

    def _draw(self, jobs: Sequence[Job]) -> dict[str, str]:
        with sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(
                    executable_path=str(self._browser), args=list(BROWSER_ARGUMENTS)
                )
            except BrowserError as error:
                self.problem = str(error).partition("\n")[0]
                return {}
            try:
                return self._draw_in(browser, jobs)
            except BrowserError as error:
                raise RuntimeError(f"the browser could not draw a chart: {error}") from error
            finally:
                browser.close()

    def _draw_in(self, browser: Browser, jobs: Sequence[Job]) -> dict[str, str]:
        batches = _batches(jobs)
        pages = [self._ready(browser.new_page()) for _ in batches[:_PAGES]]
        drawn: dict[str, str] = {}
        for start in range(0, len(batches), _PAGES):
            busy = list(zip(pages, batches[start : start + _PAGES], strict=False))
            for page, batch in busy:
                page.evaluate(_START, [job.spec for job in batch])
            for page, batch in busy:
                svgs = page.evaluate(_DRAWN)
                drawn.update({job.key: _settled(svg, job.key) for job, svg in zip(batch, svgs, strict=True)})
        self.drawn = len(drawn)
        return drawn

    def _ready(self, page: Page) -> Page:
        """A page that can draw."""
        page.set_content("<!doctype html><title>Pictures</title>")
        page.add_script_tag(content=self._bundle)
        return page

    def _read(self, key: str) -> str | None:
        path = self._cache / f"{key}.svg" if self._cache else None
        return path.read_text(encoding="utf-8") if path and path.is_file() else None

    def _write(self, key: str, svg: str) -> None:
        if self._cache:
            self._cache.mkdir(parents=True, exist_ok=True)
            (self._cache / f"{key}.svg").write_text(svg, encoding="utf-8")


def _settled(svg: str, key: str) -> str:
    """Equal figures give equal bytes: Plotly numbers its clip paths at random, and sets styles now early, now late."""
    svg = _STYLE.sub(r"\2\1\3", svg.replace(' style=""', ""))
    found = _RANDOM_ID.search(svg)
    return svg.replace(found.group(1), key[:6]) if found else svg


def _batches(jobs: Sequence[Job]) -> list[Sequence[Job]]:
    return [jobs[start : start + _BATCH] for start in range(0, len(jobs), _BATCH)]
