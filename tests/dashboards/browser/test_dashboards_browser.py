"""The acceptance points that need eyes: every kind of page in a real Chromium, over http and from disk.

The numbers in brackets are those of the design. What can be read from the files alone (4, 11, 12, 13, 18, 22) is in
`test_dashboards_site.py`, a refused run (21) in `tests/integration`.
"""

from __future__ import annotations

import hashlib

import pytest
from built_site import Built
from playwright.sync_api import Browser, Page
from visiting import (
    PHONE,
    SLOWEST_FILTER_MS,
    SLOWEST_PAINT_MS,
    WIDE,
    console_problems,
    figure_problems,
    kinds_of_page,
    problems_of_walk,
    shift_problems,
    visit,
    watch_shifts,
)

pytestmark = pytest.mark.browser

KINDS = {
    "network": "1: a request leaves the site",
    "console": "2: the policy is violated or the console is not clean",
    "axe": "3: axe finds a violation at 1366 or 390 px with every disclosure open",
    "width": "7: sideways scroll or clipping at 768, 390 or 320 px",
    "keyboard": "8: the keyboard does not get through",
    "library": "14, 16: more than one chart library, or its buttons",
    "shift": "15: things move while loading",
    "motion": "19: something moves with reduced motion",
    "forced colours": "19: something is lost with forced colours",
}


@pytest.fixture(scope="module")
def walked(chromium: Browser, served: str, built: Built, axe: str) -> dict[str, list[str]]:
    """Problems of every kind of page, by kind of problem: one visit each serves nine acceptance points."""
    return problems_of_walk(chromium, served, kinds_of_page(built.folder), axe)


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_has_a_problem(walked: dict[str, list[str]], kind: str) -> None:
    assert walked.get(kind, []) == [], KINDS[kind]


def test_every_kind_of_page_is_walked(built: Built) -> None:
    kinds = kinds_of_page(built.folder)
    assert {"index.html", "icb/index.html", "strands/supervisors.html", "definitions.html"} <= set(kinds)
    assert sum(path.startswith("icb/") for path in kinds) == 3
    assert 12 <= len(kinds) < len(built.pages)


def test_pages_work_from_disk(chromium: Browser, built: Built) -> None:
    """[6] Opened as files: silent, every chart alive, every picture there."""
    found: list[str] = []
    base = built.folder.as_uri()
    for path in kinds_of_page(built.folder):
        with visit(chromium) as visited:
            page = visited.open(f"{base}/{path}")
            found += [f"{path} {problem}" for problem in console_problems(visited)]
            found += [f"{path} asks for {url}" for url in visited.requests if not url.startswith(base)]
            if not page.evaluate(
                "[...document.images].every(i => i.complete ? i.naturalWidth > 0 : i.loading === 'lazy')"
            ):
                found.append(f"{path} lacks a picture")
    assert found == []


def test_pages_are_complete_without_javascript(chromium: Browser, served: str, built: Built) -> None:
    """[5] Pictures with words, tables that open, no control that does nothing."""
    found: list[str] = []
    for path in kinds_of_page(built.folder):
        with visit(chromium, java_script_enabled=False) as visited:
            visited.page.goto(served + path)
            found += [f"{path} {problem}" for problem in figure_problems(visited)]
    assert found == []


@pytest.mark.parametrize("start", ["http", "file"])
def test_filter_finds_by_name_code_and_practice_and_says_how_many(
    chromium: Browser, served: str, built: Built, start: str
) -> None:
    """[6, 9, 10] At once, in a sentence for screen readers, and in the address where there is one to change."""
    with visit(chromium) as visited:
        page = visited.page
        page.goto((served if start == "http" else built.folder.as_uri() + "/") + "icb/qop.html")
        box, rows = page.get_by_label("Find a network"), page.locator("#networks-rows tbody tr:visible")
        everyone = rows.count()
        code = page.locator("#networks-rows tbody tr td").first.inner_text()
        for words in (code.lower(), f"lake surgery {code}", "east valley"):
            box.fill("")
            assert _milliseconds(page, words, f"1 of {everyone} shown") < SLOWEST_FILTER_MS
            assert rows.count() == 1
        if start == "http":
            assert "q=east+valley" in page.url
            page.reload()
            assert rows.count() == 1
        box.fill("")
        assert rows.count() == everyone and "q=" not in page.url
        assert visited.complaints == []


_TYPE = """([words, expected]) => new Promise(resolve => {
    const input = document.getElementById("networks-filter"), said = document.querySelector("#networks [role=status]");
    const started = performance.now();
    input.value = words;
    input.dispatchEvent(new Event("input", {bubbles: true}));
    (function look() {
        const gone = performance.now() - started;
        if (said.textContent === expected || gone > 5000) { resolve(gone); } else { setTimeout(look, 1); }
    }());
})"""


def _milliseconds(page: Page, words: str, expected: str) -> float:
    """How long the page takes, by its own clock, from typed words to the sentence that says what is shown."""
    return page.evaluate(_TYPE, [words, expected])


@pytest.mark.parametrize(
    "query", ["q=%3Cscript%3Ealert(1)%3C/script%3E", "q=%00%ff", "q=" + "x" * 5000, "nothing"]
)
def test_a_bad_address_falls_back(chromium: Browser, served: str, query: str) -> None:
    """[10] Whatever stands in the address, the page stands, silent, with its filter usable."""
    with visit(chromium) as visited:
        visited.page.goto(f"{served}icb/qop.html?{query}")
        visited.page.get_by_label("Find a network").fill("east valley")
        assert visited.page.locator("#networks-rows tbody tr:visible").count() == 1
        assert visited.complaints == []


def test_finder_lists_nothing_until_something_is_typed(chromium: Browser, served: str) -> None:
    with visit(chromium, PHONE) as visited:
        page = visited.page
        page.goto(served + "icb/index.html")
        assert page.locator("#places-rows").is_hidden()
        page.get_by_label("Name or code").fill("qjk")
        assert page.locator("#places-rows tbody tr:visible").count() == 1
        page.locator("#places-rows tbody tr:visible a").click()
        assert page.locator("h1").inner_text() == "Devon"


def test_a_slow_reader_sees_a_page_soon(chromium: Browser, served: str) -> None:
    """[15] With a processor four times slower and 10 Mbit/s: the largest paint, and how far things move."""
    for path in ("index.html", "workforce.html", "icb/qop.html"):
        with visit(chromium) as visited:
            watch_shifts(visited)
            session = visited.context.new_cdp_session(visited.page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            speed = 10 * 1_000_000 / 8
            session.send(
                "Network.emulateNetworkConditions",
                {"offline": False, "latency": 40, "downloadThroughput": speed, "uploadThroughput": speed},
            )
            visited.page.goto(served + path, wait_until="load")
            visited.page.wait_for_function("() => window.painted > 0")
            assert visited.page.evaluate("window.painted") < SLOWEST_PAINT_MS, path
            assert shift_problems(visited) == [], path


@pytest.mark.parametrize(("path", "width"), [("index.html", WIDE), ("icb/qop.html", PHONE)])
def test_the_same_page_gives_the_same_pixels(chromium: Browser, served: str, path: str, width: int) -> None:
    """[20] With every chart alive, in two contexts that know nothing of each other."""
    seen: set[str] = set()
    for _ in range(2):
        with visit(chromium, width, reduced_motion="reduce") as visited:
            visited.open(served + path)
            visited.page.mouse.move(0, 0)
            seen.add(hashlib.sha256(visited.page.screenshot(full_page=True)).hexdigest())
    assert len(seen) == 1


def test_pictures_and_live_charts_show_the_same(chromium: Browser, served: str, built: Built) -> None:
    """The picture that stands for a chart without a script writes the same words as the live chart."""
    with visit(chromium) as visited:
        page = visited.open(served + "index.html")
        for figure in page.locator("figure").all():
            address = figure.locator("img").get_attribute("src") or ""
            svg = (built.folder / address).read_text(encoding="utf-8")
            for words in figure.locator(".site-chart__live .annotation-text").all_text_contents():
                assert all(part in svg for part in words.split()), words
