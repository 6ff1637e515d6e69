"""The site in a real Chromium: silence on the network, policy, accessibility, narrow screens, no JavaScript."""

from __future__ import annotations

import functools
import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from built_site import Built
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards import find_front_end
from dashboards.pictures import BROWSER_ARGUMENTS

pytestmark = pytest.mark.browser

PAGES = (
    "index.html",
    "strands/index.html",
    "strands/independent-prescribing.html",
    "workforce.html",
    "icb/index.html",
    "icb/qop.html",
    "quality.html",
    "definitions.html",
    "about.html",
)
MOST_KILOBYTES = 700


@pytest.fixture(scope="module")
def chromium(browser_path: Path) -> Iterator[Browser]:
    """One browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(browser_path), args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(built: Built) -> Iterator[str]:
    """The site on a local port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(built.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class Watched:
    """A page with everything it asked for and complained about."""

    def __init__(self, browser: Browser, width: int, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, address: str) -> Page:
        """Open, scroll through so that every chart is drawn, and return to the top."""
        self.page.goto(address)
        frames = self.page.locator("[data-chart]")
        for number in range(frames.count()):
            frames.nth(number).scroll_into_view_if_needed()
            self.page.wait_for_function(
                "n => document.querySelectorAll('[data-chart]')[n].classList.contains('is-live')", arg=number
            )
        self.page.evaluate("window.scrollTo(0, 0)")
        return self.page

    def close(self) -> None:
        """Close the page's context."""
        self.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_silent_on_the_network_and_in_the_console(
    chromium: Browser, served: str, path: str
) -> None:
    watched = Watched(chromium, 1366)
    watched.open(served + path)
    assert [url for url in watched.requests if not url.startswith(served)] == []
    assert watched.complaints == []
    watched.close()


@pytest.mark.parametrize("path", ["index.html", "icb/qop.html", "strands/supervisors.html"])
def test_pages_work_from_disk(chromium: Browser, built: Built, path: str) -> None:
    watched = Watched(chromium, 1366)
    page = watched.open((built.folder / path).as_uri())
    assert watched.complaints == []
    assert all(url.startswith("file://") for url in watched.requests)
    drawn = page.evaluate(
        "[...document.images].every(i => i.complete ? i.naturalWidth > 0 : i.loading === 'lazy')"
    )
    assert drawn
    watched.close()


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(chromium: Browser, served: str, path: str, width: int) -> None:
    axe = find_front_end().axe_js
    if axe is None:
        pytest.skip("axe-core is not installed")
    watched = Watched(chromium, width, bypass_csp=True)
    page = watched.open(served + path)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.add_script_tag(path=str(axe))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    told = [(each["id"], each["nodes"][0]["html"][:200], len(each["nodes"])) for each in found["violations"]]
    assert told == []
    watched.close()


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("path", PAGES)
def test_no_sideways_scroll(chromium: Browser, served: str, path: str, width: int) -> None:
    watched = Watched(chromium, width)
    page = watched.open(served + path)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    watched.close()


@pytest.mark.parametrize("path", ["index.html", "icb/qop.html"])
def test_pages_are_complete_without_javascript(chromium: Browser, served: str, path: str) -> None:
    watched = Watched(chromium, 1366, java_script_enabled=False)
    watched.page.goto(served + path)
    page = watched.page
    figures = page.locator("figure")
    for number in range(figures.count()):
        figure = figures.nth(number)
        picture = figure.locator("img")
        picture.scroll_into_view_if_needed()
        assert picture.is_visible() and len(picture.get_attribute("alt") or "") > 20
        figure.locator("summary").first.click()
        assert figure.locator("table").is_visible()
    assert page.locator(".site-filter").count() == 0 or page.locator(".site-filter").first.is_hidden()
    watched.close()


def test_filter_finds_by_name_code_and_practice_and_says_how_many(chromium: Browser, served: str) -> None:
    watched = Watched(chromium, 1366)
    page = watched.page
    page.goto(served + "icb/qop.html")
    box, rows = page.get_by_label("Find a network"), page.locator("#networks-rows tbody tr:visible")
    everyone = rows.count()
    code = page.locator("#networks-rows tbody tr td").first.inner_text()
    for words in (code.lower(), f"lake surgery {code}", "east valley"):
        box.fill(words)
        assert rows.count() == 1
        assert page.locator("#networks [role=status]").inner_text() == f"1 of {everyone} shown"
    assert "q=east+valley" in page.url
    page.reload()
    assert rows.count() == 1
    box.fill("")
    assert rows.count() == everyone and "q=" not in page.url
    watched.close()


def test_finder_lists_nothing_until_something_is_typed(chromium: Browser, served: str) -> None:
    watched = Watched(chromium, 390)
    page = watched.page
    page.goto(served + "icb/index.html")
    assert page.locator("#places-rows").is_hidden()
    page.get_by_label("Name or code").fill("qjk")
    assert page.locator("#places-rows tbody tr:visible").count() == 1
    page.locator("#places-rows tbody tr:visible a").click()
    assert page.locator("h1").inner_text() == "Devon"
    watched.close()


def test_keyboard_reaches_skip_link_first_and_is_not_trapped(chromium: Browser, served: str) -> None:
    watched = Watched(chromium, 1366)
    page = watched.open(served + "index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#maincontent"
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert any("about.html" in each for each in seen[8:]), "the last link of the page was not reached"
    watched.close()


def test_live_charts_take_the_place_of_pictures_without_a_shift(chromium: Browser, served: str) -> None:
    watched = Watched(chromium, 1366)
    watched.page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "entry => { window.shift += entry.value; })).observe({type: 'layout-shift', buffered: true});"
    )
    page = watched.open(served + "index.html")
    assert page.evaluate("window.shift") < 0.1
    assert page.locator(".modebar-btn").count() == 0
    watched.close()


def test_pages_are_light(chromium: Browser, served: str, built: Built) -> None:
    for path in ("index.html", "icb/qop.html", "definitions.html"):
        watched = Watched(chromium, 1366)
        watched.open(served + path)
        files = {url.removeprefix(served).partition("?")[0] for url in watched.requests}
        weight = sum(
            len(gzip.compress((built.folder / (file or "index.html")).read_bytes())) for file in files
        )
        assert weight < MOST_KILOBYTES * 1000, f"{path}: {weight} bytes"
        assert sum("plotly-" in file and file.endswith(".js") for file in files) <= 1
        watched.close()
