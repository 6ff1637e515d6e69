"""Looking at pages in a real Chromium: what a page asked for, complained about and looks like, as lists of problems.

The acceptance tests walk every kind of page once and want no problem of any kind; the breakages visit one broken page
and want the right kind to speak up.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as Slow

WIDE, TABLET, PHONE, SMALL_PHONE = 1366, 768, 390, 320
HEIGHT = 900
SETTLES_MS = 2000
MOST_SHIFT = 0.1
SLOWEST_PAINT_MS = 2500
SLOWEST_FILTER_MS = 500
FAMILY = 4  # pages of one folder from which a few stand for all
_MADE_OF = re.compile(r'class="([^"]*)"|<(\w+)|"type":"(\w+)"')  # styles, elements, types of chart
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SHIFTS = (
    "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
    "entry => { window.shift += entry.value; })).observe({type: 'layout-shift', buffered: true});"
    "window.painted = 0; new PerformanceObserver(list => list.getEntries().forEach("
    "entry => { window.painted = entry.startTime; })).observe({type: 'largest-contentful-paint', buffered: true});"
)
# what passes is not described: it costs more to tell of thousands of elements in order than to find the others
_AXE = """tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']}).then(
    found => found.violations.map(each => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`))"""
_OPEN_DETAILS = "document.querySelectorAll('details').forEach(d => { d.open = true; })"
# a box that hides what does not fit, or a table that its region does not let scroll
_CLIPPED = """() => [...document.querySelectorAll('main *')].filter(e => {
    const style = getComputedStyle(e);
    const hides = ['hidden', 'clip'].includes(style.overflowX) || ['hidden', 'clip'].includes(style.overflowY);
    return hides && !e.closest('.site-hidden') && !e.closest('svg') && !e.closest('.site-chart__live')
        && e.getClientRects().length
        && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1);
}).map(e => e.outerHTML.slice(0, 80))"""
_MOVING = """() => [...document.querySelectorAll('*')].filter(e => {
    const style = getComputedStyle(e);
    return style.animationName !== 'none' || style.transitionDuration.split(',').some(each => parseFloat(each) > 0);
}).map(e => e.outerHTML.slice(0, 80))"""
_FOCUS = """() => {
    const e = document.activeElement, style = getComputedStyle(e);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return {
        number: [...document.querySelectorAll('*')].indexOf(e), body: e === document.body,
        text: e.outerHTML.slice(0, 100), seen: outlined || style.boxShadow !== 'none',
        plot: !!e.closest('.site-chart__live'), link: e.getAttribute('href'),
    };
}"""


class Visit:
    """One page in a context of its own, with everything it asked for and complained about."""

    def __init__(self, browser: Browser, width: int, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": HEIGHT}, **options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, address: str) -> Page:
        """Open and scroll through, so that every chart is drawn and every picture loaded; return to the top."""
        self.page.goto(address)
        frames = self.page.locator("[data-chart]")
        for number in range(frames.count()):
            frames.nth(number).scroll_into_view_if_needed()
            self.page.wait_for_function(
                "n => document.querySelectorAll('[data-chart]')[n].classList.contains('is-live')", arg=number
            )
        self.page.evaluate("window.scrollTo(0, 0)")
        return self.page


@contextmanager
def visit(browser: Browser, width: int = WIDE, **options: Any) -> Iterator[Visit]:
    """A visit that ends with the block."""
    visiting = Visit(browser, width, **options)
    try:
        yield visiting
    finally:
        visiting.context.close()


def kinds_of_page(folder: Path) -> list[str]:
    """Every page of the manifest; of a family (a folder with many) the list, the heaviest, the lightest, and as many
    more as hold a style, an element or a type of chart that these have not."""
    manifest: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    families: dict[str, list[str]] = defaultdict(list)
    for path in manifest:
        if path.endswith(".html"):
            families[path.rpartition("/")[0]].append(path)
    chosen: list[str] = []
    for folder_name, members in families.items():
        if folder_name and len(members) > FAMILY:  # pages of the first folder are each of a kind
            members = _for_all(folder, members)  # noqa: PLW2901
        chosen += members
    return sorted(chosen)


def _for_all(folder: Path, family: list[str]) -> list[str]:
    lists = [path for path in family if path.endswith("index.html")]
    lightest, *others, heaviest = sorted(
        set(family) - set(lists), key=lambda path: ((folder / path).stat().st_size, path)
    )
    chosen = [*lists, heaviest, lightest]
    shown = set[str]().union(*(_made_of(folder / path) for path in chosen))
    for path in others:
        more = _made_of(folder / path) - shown
        if more:
            chosen.append(path)
            shown |= more
    return chosen


def _made_of(page: Path) -> set[str]:
    found = _MADE_OF.findall(page.read_text(encoding="utf-8"))
    return {word for styles, *others in found for word in (*styles.split(), *others)}


def network_problems(visited: Visit, base: str) -> list[str]:
    """[1] Requests that leave the site."""
    return [f"asks for {url}" for url in visited.requests if not url.startswith(base)]


def console_problems(visited: Visit) -> list[str]:
    """[2] Violations of the policy, errors and warnings."""
    return [f"says {line[:200]}" for line in visited.complaints]


def library_problems(visited: Visit) -> list[str]:
    """[14, 16] The chart library comes once, without a bar of buttons and without a way to send data away."""
    loaded = {url for url in visited.requests if re.search(r"plotly[^/]*\.js", url)}
    found = [f"loads {len(loaded)} chart libraries"] if len(loaded) > 1 else []
    buttons = visited.page.locator(".modebar-btn, .modebar, [data-title*='loud']").count()
    return found + ([f"shows {buttons} buttons of the chart library"] if buttons else [])


def axe_problems(visited: Visit, axe: str) -> list[str]:
    """[3] Violations that axe finds with every disclosure open."""
    visited.page.evaluate(_OPEN_DETAILS)
    visited.page.evaluate(axe)
    return visited.page.evaluate(_AXE, AXE_RULES)


def width_problems(visited: Visit, width: int) -> list[str]:
    """[7] Sideways scroll of the page at a width, and anything cut off, with every disclosure open."""
    page = visited.page
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate(_OPEN_DETAILS)
    found: list[str] = []
    try:  # live charts follow a new width a moment later
        page.wait_for_function(
            "width => document.documentElement.scrollWidth <= width", arg=width, timeout=SETTLES_MS
        )
    except Slow:
        found = [f"is {page.evaluate('document.documentElement.scrollWidth')} px wide at {width} px"]
    return found + [f"cuts off at {width} px: {each}" for each in page.evaluate(_CLIPPED)]


def keyboard_problems(visited: Visit) -> list[str]:
    """[8] The skip link comes first, every stop is seen, none is inside a plot, none keeps the focus."""
    page = visited.page
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    found: list[str] = []
    seen: list[int] = []
    most = page.locator("a[href], summary, input, button, select, [tabindex]").count() + 2
    for _ in range(most):
        page.keyboard.press("Tab")
        now = page.evaluate(_FOCUS)
        if now["body"]:
            break
        if not seen and now["link"] != "#maincontent":
            found.append(f"the first stop is {now['text']}")
        if now["number"] in seen:
            found += [] if now["number"] == seen[0] else [f"the focus is kept by {now['text']}"]
            break
        seen.append(now["number"])
        if not now["seen"]:
            found.append(f"the focus is not seen on {now['text']}")
        if now["plot"]:
            found.append(f"the focus enters a plot: {now['text']}")
    last = page.evaluate(
        "[...document.querySelectorAll('*')].indexOf([...document.querySelectorAll('a')].pop())"
    )
    return found if last in seen else [*found, "the last link is not reached"]


def shift_problems(visited: Visit) -> list[str]:
    """[15] How far things move while a page loads and its charts come alive."""
    moved = visited.page.evaluate("window.shift")
    return [f"moves by {moved:.3f}"] if moved >= MOST_SHIFT else []


def watch_shifts(visited: Visit) -> None:
    """Measure, from now on, layout shifts and the largest paint."""
    visited.page.add_init_script(_SHIFTS)


def figure_problems(visited: Visit) -> list[str]:
    """[5] Without a script: each chart has its picture with words, and opens to its table; no control is dead."""
    page = visited.page
    found: list[str] = []
    figures = page.locator("figure")
    for number in range(figures.count()):
        figure = figures.nth(number)
        name = figure.get_attribute("id")
        picture = figure.locator("img")
        if not picture.count() or not picture.is_visible() or not picture.get_attribute("alt"):
            found.append(f"{name}: no picture with words")
            continue
        picture.scroll_into_view_if_needed()
        figure.locator("summary").first.click()
        if not figure.locator("table").is_visible():
            found.append(f"{name}: the table does not open")
    for control in page.locator("main input, main select, main button").all():
        if control.is_visible():
            found.append(f"a control without effect: {control.evaluate('e => e.outerHTML.slice(0, 80)')}")
    return found


def motion_problems(visited: Visit) -> list[str]:
    """[19] With reduced motion nothing moves."""
    visited.page.emulate_media(reduced_motion="reduce")
    return [f"moves although motion is reduced: {each}" for each in visited.page.evaluate(_MOVING)]


def forced_colour_problems(visited: Visit) -> list[str]:
    """[19] With forced colours charts keep their own on white, and the place in the navigation is not colour alone."""
    page = visited.page
    page.emulate_media(forced_colors="active")
    frames = page.evaluate(
        "[...document.querySelectorAll('.site-chart__frame')].map(e => getComputedStyle(e))"
        ".map(style => `${style.backgroundColor}, colours ${style.forcedColorAdjust}`)"
    )
    own = "rgb(255, 255, 255), colours none"  # not forced
    found = [f"a chart stands on {frame}" for frame in frames if frame != own]
    marks = page.evaluate(
        "[...document.querySelectorAll('.site-nav [aria-current]')].map(e => getComputedStyle(e).textDecorationLine)"
    )
    found += ["the place in the navigation is told by colour alone" for mark in marks if mark == "none"]
    page.emulate_media(forced_colors="none")
    return found


def problems_of_walk(
    browser: Browser, base: str, pages: list[str], axe: str, say: Callable[[str], None] = lambda _: None
) -> dict[str, list[str]]:
    """Visit each page once, wide and then narrow, and gather the problems by kind."""
    found: dict[str, list[str]] = defaultdict(list)

    def add(kind: str, path: str, problems: list[str]) -> None:
        found[kind] += [f"{path} {problem}" for problem in problems]

    for path in pages:
        say(path)
        with visit(browser) as visited:
            watch_shifts(visited)
            visited.open(base + path)
            add("network", path, network_problems(visited, base))
            add("library", path, library_problems(visited))
            add("shift", path, shift_problems(visited))
            add("keyboard", path, keyboard_problems(visited))
            add("forced colours", path, forced_colour_problems(visited))
            add("motion", path, motion_problems(visited))
            add("axe", path, axe_problems(visited, axe))
            for width in (TABLET, PHONE, SMALL_PHONE):
                add("width", path, width_problems(visited, width))
                if width == PHONE:
                    add("axe", path, axe_problems(visited, axe))
            add("console", path, console_problems(visited))
    return found
