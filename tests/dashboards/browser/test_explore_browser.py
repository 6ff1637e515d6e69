"""The Explore page in a real Chromium, opened from disk: choices, address, speed, tables, files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import made_inputs
import pytest
from built_site import Built
from cubes import NUMBERS, read_cubes
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards import formatting
from dashboards.pictures import BROWSER_ARGUMENTS
from dashboards.values import Value

pytestmark = pytest.mark.browser
MOST_MILLISECONDS = 500


@pytest.fixture(scope="module")
def chromium(browser_path: Path) -> Iterator[Browser]:
    """One browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(browser_path), args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails the test on any complaint in its console."""
    context = chromium.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def _value(cell: tuple[float | None, ...], unit: str, symbol: str, start: date, grain: str) -> Value:
    value, lower, upper, numerator, denominator = cell
    return Value(value, lower, upper, numerator, denominator, unit, "", symbol, start, grain)


def _open(page: Page, built: Built, query: str = "") -> Page:
    page.goto((built.folder / "explore.html").as_uri() + query)
    _settled(page)
    return page


def _settled(page: Page) -> None:
    page.locator("#explorer:not([data-busy])").wait_for(state="attached")


def _choose(page: Page, name: str, value: str) -> None:
    page.select_option(f"#choose-{name}", value)
    _settled(page)


def _said(page: Page) -> str:
    return page.locator("#explorer-said").inner_text()


def _rows(page: Page, name: str) -> list[list[str]]:
    return page.evaluate(
        "name => [...document.querySelectorAll(`#explorer-${name}-table tbody tr`)]"
        ".map(row => [...row.cells].map(cell => cell.textContent))",
        name,
    )


def _file(page: Page, name: str) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.click(f"#explorer-{name}-csv")
    path = download.value.path()
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_every_measure_shows_its_published_numbers_in_table_chart_and_file(page: Page, built: Built) -> None:
    """For each measure: England's periods as the cube has them, written as every other page writes them."""
    numbers, symbols = read_cubes(built.folder)
    metrics = made_inputs.inputs().metrics
    _open(page, built)
    for metric in sorted({key[0] for key in numbers}):
        _choose(page, "measure", metric)
        grain = page.input_value("#choose-grain")
        cut = (page.input_value("#choose-strand") or "all", page.input_value("#choose-sector") or "all")
        wanted: dict[str, tuple[str, str, float | None]] = {}
        for key, cell in numbers.items():
            if key[:5] == (metric, "ENG", *cut, grain):
                value = _value(cell, metrics[metric].unit, symbols[key], key[5], grain)
                words = formatting.cell(value), formatting.interval(value) or "\u2013", value.value
                wanted[formatting.period_of(value)] = words
        shown = {row[0]: (row[1], row[2]) for row in _rows(page, "course")}
        assert shown == {period: words[:2] for period, words in wanted.items()}, metric
        drawn = page.evaluate(
            "(document.getElementById('explorer-course').data || []).map(t => [t.uid, t.y])"
        )
        if len(wanted) > 1 and any(words[2] is not None for words in wanted.values()):
            assert dict(drawn)["England"] == [words[2] for words in wanted.values()], metric


def test_file_holds_what_the_tables_show(page: Page, built: Built) -> None:
    _open(page, built, "?measure=pcn_coverage&region=Y56")
    for name, column in (("course", "period"), ("places", "place")):
        rows, shown = _file(page, name), {row[0]: row for row in _rows(page, name)}
        assert len(rows) > 4
        for row in rows:
            cell = tuple(float(row[name]) if row[name] else None for name in NUMBERS)
            value = _value(cell, "percent", row["symbol"], made_inputs.START, "month")
            assert formatting.cell(value) in shown[row[column]]
            assert row["measure"] == "pcn_coverage" and row["unit"] == "percent"


CHOICES = (
    ("region", "Y56"),
    ("board", "QMF"),
    ("period", "2023-04-01"),
    ("measure", "pcn_coverage"),
    ("region", ""),
)


def test_a_choice_changes_every_chart_table_and_sentence_in_time(page: Page, built: Built) -> None:
    _open(page, built)
    before = _said(page), _rows(page, "course"), _rows(page, "places")
    for name, value in CHOICES:
        taken = page.evaluate(
            """async ([name, value]) => {
                const box = document.getElementById("explorer"), select = document.getElementById("choose-" + name);
                select.value = value;
                const start = performance.now();
                select.dispatchEvent(new Event("change"));
                while (box.dataset.busy) { await new Promise(done => setTimeout(done, 1)); }
                return performance.now() - start;
            }""",
            [name, value],
        )
        assert taken < MOST_MILLISECONDS, f"{name}: {taken:.0f} ms"
        after = _said(page), _rows(page, "course"), _rows(page, "places")
        assert after[0] != before[0], name
        if name != "period":
            assert after[1] != before[1], name
        for chart in ("course", "places"):
            words = page.locator(f"#explorer-{chart}-title").inner_text()
            assert any(character.isdigit() for character in words) and len(words.split()) <= 18
        before = after
    assert page.locator("#explorer-said").get_attribute("role") == "status"


def test_address_carries_every_choice_and_brings_it_back(page: Page, built: Built) -> None:
    _open(page, built)
    for name, value in (
        ("measure", "completion_18_months"),
        ("strand", "independent_prescribing"),
        ("sector", "community_pharmacy"),
        ("grain", "quarter"),
        ("period", "2022-04-01"),
    ):
        _choose(page, name, value)
    query = page.locator("#explorer-link").get_attribute("href") or ""
    told = _said(page), _rows(page, "course")
    _open(page, built, query)
    assert (_said(page), _rows(page, "course")) == told
    assert "not published here" not in _said(page)
    assert page.evaluate("location.search") == query


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("?measure=nothing", "measure"),
        ("?board=QQQ", "board"),
        ("?region=%3Cscript%3E", "region"),
        ("?region=Y56&board=QJK", "board"),
        ("?strand=nonsense", "strand"),
        ("?sector=moon", "sector"),
        ("?grain=week", "kind of period"),
        ("?period=1066-10-14", "period"),
        ("?measure=spend_against_ceiling&region=Y56", "region"),
    ],
)
def test_a_bad_address_falls_back_and_says_so(page: Page, built: Built, query: str, refused: str) -> None:
    _open(page, built, query)
    assert f"The {refused} asked for is not published here" in _said(page)
    assert _rows(page, "course")


def test_every_choice_that_is_offered_has_cells(page: Page, built: Built) -> None:
    """Choices that would show nothing are not offered."""
    _open(page, built, "?measure=new_independent_prescribers&region=Y56")
    offered = page.evaluate(
        "Object.fromEntries(['strand', 'sector', 'grain'].map(name => [name, "
        "[...document.getElementById('choose-' + name).options].filter(o => !o.disabled).map(o => o.value || 'all')]))"
    )
    numbers = {
        key[2:5] for key in read_cubes(built.folder)[0] if key[:2] == ("new_independent_prescribers", "Y56")
    }
    assert set(offered["strand"]) == {key[0] for key in numbers}
    assert set(offered["sector"]) == {key[1] for key in numbers}
    assert set(offered["grain"]) == {key[2] for key in numbers}


def test_without_script_the_page_says_where_the_figures_are(chromium: Browser, built: Built) -> None:
    context: Any = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built.folder / "explore.html").as_uri())
    assert page.locator("noscript, .site-notice").first.is_visible()
    assert page.locator("#explorer").is_hidden() and page.locator("#newest-rows").is_visible()
    context.close()
