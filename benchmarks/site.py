"""``python -m benchmarks.site``: what the site weighs and how soon it shows, as Markdown on standard output.

The site is built from the published database of a release, without and then with pictures kept from the first build,
and read in a headless Chromium over http on this machine, each time with an empty cache. Text is sent with gzip
(level 6), as static hosts do; pictures of charts are SVG, so they are text too. Throttled: the processor four times
slower and 10 Mbit/s with 40 ms delay, set through Chromium's own protocol. The median of several visits is given.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import statistics
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from dashboards import SiteInputs, SiteReport, build_site, find_browser
from dashboards.pictures import BROWSER_ARGUMENTS
from orchestration.settings import load_settings

FOUR = 4  # charts on the page that is held against the other tools
PACKED = {".html", ".css", ".js", ".svg", ".json", ".csv", ".txt"}
SLOWER = 4
BYTES_A_SECOND = 10 * 1_000_000 / 8
DELAY_MS = 40
# Measured once for the design of this site, on another day, on four charts of data of the same shape (42 boards, 1,250
# networks, 5 strands, 60 months): KB gzip, first paint and chart live in seconds, fast / throttled.
OTHERS = (
    ("Evidence 40", "3,272", "0.33 / 0.77", "2.4 / 9.0", "136 s"),
    ("Dash 4", "1,711", "0.10 / 0.34", "2.5 / 8.9", "needs a server"),
    ("Streamlit", "7,383", "1.3 / 3.9", "4.6 / 17.4", "needs a server"),
)
_WATCH = """
window.seen = {lcp: 0, shift: 0, live: 0};
new PerformanceObserver(l => l.getEntries().forEach(e => { seen.lcp = e.startTime; }))
    .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(l => l.getEntries().forEach(e => { seen.shift += e.hadRecentInput ? 0 : e.value; }))
    .observe({type: 'layout-shift', buffered: true});
"""
# The first chart is looked at as soon as there is a page; how long until it answers to the reader.
_FIRST_LIVE = """() => new Promise(done => {
    const first = document.querySelector('[data-chart]');
    first.scrollIntoView();
    (function look() {
        if (first.classList.contains('is-live')) { done(performance.now()); } else { requestAnimationFrame(look); }
    }());
})"""
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Seen:
    """One visit: seconds to the first paint, the largest and a live chart; layout shift; KB over the wire."""

    paint: float
    largest: float
    live: float
    shift: float
    kilobytes: float


class _Packing(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; text with gzip."""

    def do_GET(self) -> None:
        """Send one file, packed where that helps."""
        file = Path(self.translate_path(self.path))
        if file.suffix not in PACKED or not file.is_file():
            super().do_GET()
            return
        body = _packed(file)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@functools.cache
def _packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6, mtime=0)


@contextmanager
def serving(folder: Path) -> Generator[str]:
    """The address of a folder, served until the end of the block."""
    handler = functools.partial(_Packing, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def visited(browser: Browser, address: str, *, throttled: bool) -> Seen:
    """Open a page with an empty cache, wait for its first chart, then look at every other."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    sent: list[float] = []

    def weigh(event: dict[str, Any]) -> None:
        sent.append(event["encodedDataLength"])

    protocol.on("Network.loadingFinished", weigh)
    protocol.send("Network.enable")
    if throttled:
        protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        speed = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
        protocol.send("Network.emulateNetworkConditions", {"offline": False, "latency": DELAY_MS, **speed})
    page.add_init_script(_WATCH)
    page.goto(address, wait_until="domcontentloaded")
    live = page.evaluate(_FIRST_LIVE)
    for frame in page.locator("[data-chart]").all():
        frame.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelectorAll('[data-chart]:not(.is-live)').length === 0")
    page.wait_for_load_state("networkidle")
    paint, seen = page.evaluate(_FIRST_PAINT), page.evaluate("seen")
    context.close()
    return Seen(paint / 1000, seen["lcp"] / 1000, live / 1000, seen["shift"], sum(sent) / 1000)


def median(visits: list[Seen]) -> Seen:
    """The middle of each measurement."""
    return Seen(*(statistics.median(getattr(each, name) for each in visits) for name in Seen.__annotations__))


def measure(site: Path, paths: list[str], visits: int) -> dict[tuple[str, bool], Seen]:
    """Every page, fast and throttled."""
    with serving(site) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_browser()), args=list(BROWSER_ARGUMENTS)
        )
        found = {
            (path, throttled): median(
                [visited(browser, base + path, throttled=throttled) for _ in range(visits)]
            )
            for path in paths
            for throttled in (False, True)
        }
        browser.close()
    return found


def chosen(site: Path) -> tuple[str, str]:
    """The first page with four charts (else with most), and the one whose own text and pictures weigh most."""
    charts: dict[str, int] = {}
    weights: dict[str, int] = {}
    for page in sorted(site.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        path = page.relative_to(site).as_posix()
        if count := text.count("data-chart="):
            charts[path] = count
            pictures = (site / f"pictures/{name[:-4]}.svg" for name in _pictures(text))
            weights[path] = len(_packed(page)) + sum(len(_packed(each)) for each in pictures)
    four = next(
        (path for path, count in charts.items() if count == FOUR), max(charts, key=charts.__getitem__)
    )
    return four, max(weights, key=weights.__getitem__)


def _pictures(text: str) -> list[str]:
    """The file names of the wide pictures in a page."""
    return [part.partition('"')[0].rpartition("/")[2] for part in text.split('<img src="')[1:]]


def table(
    cold: SiteReport, warm: SiteReport, pages: tuple[str, str], seen: dict[tuple[str, bool], Seen]
) -> str:
    """The measurements beside those of other tools, as Markdown."""
    head = (
        "| page | KB gzip, all charts seen | first paint s, fast / throttled | largest paint s | chart live s"
        " | layout shift | build |\n|---|---|---|---|---|---|---|"
    )
    build = f"{cold.pages} pages, {cold.figures} figures: {cold.seconds:.0f} s, again {warm.seconds:.0f} s"
    rows = []
    for kind, path in zip(("four charts", "heaviest"), pages, strict=True):
        fast, slow = seen[path, False], seen[path, True]
        rows.append(
            f"| this site, {kind} (`{path}`) | {fast.kilobytes:,.0f} | {fast.paint:.2f} / {slow.paint:.2f}"
            f" | {fast.largest:.2f} / {slow.largest:.2f} | {fast.live:.1f} / {slow.live:.1f}"
            f" | {max(fast.shift, slow.shift):.3f} | {build} |"
        )
        build = ""
    rows += [
        f"| {tool}, measured elsewhere | {weight} | {paint} | | {live} | | {made} |"
        for tool, weight, paint, live, made in OTHERS
    ]
    return "\n".join((head, *rows))


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.site")
    parser.add_argument("--published", type=Path, help="a published.duckdb; else that of the current release")
    parser.add_argument("--visits", type=int, default=5, help="of each page, fast and throttled")
    asked = parser.parse_args()
    published = asked.published or load_settings().releases / "current" / "published.duckdb"
    if not published.is_file():
        sys.exit(f"no release to measure at {published}: run `phip demo`, or name one with --published")
    inputs = SiteInputs.from_published(published)
    with tempfile.TemporaryDirectory(prefix="phip-bench-site-") as folder:
        cache = Path(folder) / "pictures"
        cold = build_site(inputs, Path(folder) / "cold", cache_dir=cache)
        warm = build_site(inputs, Path(folder) / "warm", cache_dir=cache)
        pages = chosen(Path(folder) / "warm")
        print(
            table(cold, warm, pages, measure(Path(folder) / "warm", list(dict.fromkeys(pages)), asked.visits))
        )
    for note in cold.notes:
        print(f"\nNot complete: {note}.")


if __name__ == "__main__":
    main()
