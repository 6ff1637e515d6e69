"""One thing broken in a built site, and the check of the acceptance tests that says so. Without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import made_inputs
import number_checks
import pytest
import site_checks
from built_site import Built, copied, replaced
from published_figures import PublishedFigures
from read_site import ReadSite

BOARD = "icb/qop.html"
Check = Callable[[ReadSite, PublishedFigures], list[str]]


@dataclass(frozen=True)
class Breakage:
    """What is done to a page, and the check that is to find it."""

    name: str
    page: str
    found: str  # pattern that the first pattern of the page's text is replaced by ``instead``
    instead: str
    check: Check
    says: str


def _files(check: Callable[[ReadSite], list[str]]) -> Check:
    return lambda site, _: check(site)


BREAKAGES = (
    Breakage(
        "external request",
        "index.html",
        "</main>",
        '<img src="//example.org/pixel.png" alt="1"></main>',
        _files(site_checks.other_hosts),
        "asks for //example.org",
    ),
    Breakage(
        "inline script",
        "index.html",
        "</main>",
        "</main><script>document.title = 1</script>",
        _files(site_checks.inline_code),
        "inline script",
    ),
    Breakage(
        "inline style",
        BOARD,
        "<main ",
        '<main style="color:red" ',
        _files(site_checks.inline_code),
        "carries a style",
    ),
    Breakage(
        "policy with unsafe-inline",
        BOARD,
        "script-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        _files(site_checks.inline_code),
        "the policy allows",
    ),
    Breakage(
        "missing alternative text",
        "index.html",
        r' alt="[^"]*"',
        "",
        _files(site_checks.incomplete_figures),
        "no picture with alternative text",
    ),
    Breakage(
        "header cell without scope",
        BOARD,
        r'(?s)(<figure.*?)<th scope="col">',
        r"\1<th>",
        _files(site_checks.incomplete_figures),
        "a header cell without scope",
    ),
    Breakage(
        "wrong number in a caption",
        "index.html",
        r"(<caption>[^<]*?)(\d,\d{3})",
        r"\g<1>9,999",
        number_checks.invented_numbers,
        "the caption says 9,999",
    ),
    Breakage(
        "wrong number in the alternative text",
        "index.html",
        r'( alt="[^"]*?)(\d,\d{3})',
        r"\g<1>9,999",
        number_checks.invented_numbers,
        "the alternative text says 9,999",
    ),
    Breakage(
        "wrong number in a table",
        BOARD,
        r'(<td class="site-number">)\d+\.\d',
        r"\g<1>99.9",
        _files(number_checks.unequal_to_csv),
        "the table says 99.9",
    ),
    Breakage(
        "wrong point in a chart",
        "index.html",
        r'("y":\[)\d+\.?\d*',
        r"\g<1>31415",
        number_checks.unequal_charts,
        "the chart draws 31415",
    ),
    Breakage(
        "series of low contrast",
        "index.html",
        r'"line":\{"color":"#[0-9A-F]{6}"',
        '"line":{"color":"#E3E8EB"',
        _files(site_checks.unclear_charts),
        "the colour #E3E8EB has a contrast",
    ),
    Breakage(
        "broken link",
        BOARD,
        'href="../workforce.html"',
        'href="../work.html"',
        _files(site_checks.broken_links),
        "leads nowhere",
    ),
    Breakage(
        "anchor that is gone",
        BOARD,
        r'href="(\.\./definitions\.html)#[a-z0-9-]+"',
        r'href="\1#gone"',
        _files(site_checks.broken_links),
        "names no element",
    ),
    Breakage(
        "id twice",
        BOARD,
        'id="maincontent"',
        'id="key-figures"',
        _files(site_checks.broken_links),
        "occurs twice",
    ),
    Breakage(
        "stale manifest",
        "about.html",
        "About these pages",
        "About those pages",
        _files(site_checks.wrong_sums),
        "about.html has another sum",
    ),
    Breakage(
        "second chart library",
        "index.html",
        "</head>",
        '<script src="assets/plotly-again.js" defer></script></head>',
        _files(site_checks.heavy_pages),
        "loads a script twice, or the chart library",
    ),
    Breakage(
        "page of another release",
        BOARD,
        "2026-11-22-a1b2c3",
        "2026-10-22-a1b2c3",
        lambda site, _: site_checks.status_missing(site, made_inputs.release()),
        "does not say 2026-11-22-a1b2c3",
    ),
    Breakage(
        "demonstration data without its banner",
        BOARD,
        "site-banner--demonstration",
        "site-banner--quiet",
        lambda site, _: site_checks.status_missing(site, made_inputs.release()),
        "the banner of demonstration data is missing",
    ),
    Breakage(
        "page without a description",
        BOARD,
        '<meta name="description" content="[^"]*">',
        "",
        _files(site_checks.untold_pages),
        "no description",
    ),
)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_a_broken_page_is_found(
    built: Built, published: PublishedFigures, tmp_path: Path, breakage: Breakage, browser_path: Path
) -> None:
    folder = copied(built.folder, tmp_path / "site")
    others = ("index.html", "workforce.html", "definitions.html", "about.html", breakage.page)
    path = folder / breakage.page
    before = path.read_text(encoding="utf-8")
    after = re.sub(breakage.found, breakage.instead, before, count=1)
    assert after != before, "nothing was broken"
    replaced(path, after)
    problems = breakage.check(ReadSite(folder, others), published)
    assert any(breakage.says in problem and Path(breakage.page).stem in problem for problem in problems), (
        problems
    )


def test_a_cell_that_was_not_hidden_is_found(
    built: Built, published: PublishedFigures, tmp_path: Path
) -> None:
    """A withheld count put back into page and CSV alike: no table contradicts another, only the warehouse does."""
    folder = copied(built.folder, tmp_path / "site")
    page, file = folder / BOARD, folder / "data" / "icb-qop-networks.csv"
    rows = file.read_text(encoding="utf-8").splitlines()
    number = next(k for k, line in enumerate(rows) if ",[c]" in line)
    code = next(cell for cell in rows[number].split(",") if re.fullmatch(r"U\d+", cell))
    rows[number] = rows[number].replace(",[c]", ",3", 1)
    replaced(file, "\n".join(rows) + "\n")
    there = page.read_text(encoding="utf-8")
    start = there.index(f'id="{code.lower()}"')
    replaced(page, there[:start] + there[start:].replace("[c]", "3", 1))
    site = ReadSite(folder, (BOARD,))
    assert number_checks.unequal_to_csv(site) == []
    problems = number_checks.unpublished_cells(site, published)
    assert len(problems) == 1 and problems[0].endswith("3 is not published")


def test_a_secret_in_any_file_is_found(built: Built, tmp_path: Path) -> None:
    folder = copied(built.folder, tmp_path / "site")
    (folder / "data" / "cube.js").write_text(f"window.cube = [{made_inputs.SECRET}]", encoding="utf-8")
    assert site_checks.leaked(ReadSite(folder), made_inputs.SECRETS) == ["cube.js holds 777.25"]


def test_a_heavy_page_is_found(built: Built, tmp_path: Path) -> None:
    folder = copied(built.folder, tmp_path / "site")
    noise = "".join(str(made_inputs.share(number))[2:] for number in range(100_000))
    page = folder / "about.html"
    replaced(page, page.read_text(encoding="utf-8").replace("</main>", f"{noise}</main>"))
    assert any(
        "about.html weighs" in line for line in site_checks.heavy_pages(ReadSite(folder, ("about.html",)))
    )


def test_a_swapped_row_is_found(built: Built, published: PublishedFigures) -> None:
    """Numbers of one place under the name of another: every number is published, but not there."""
    site = ReadSite(built.folder, ("workforce.html",))
    shown = next(each for each in site.figures if each.name == "rate-boards")
    first, second, *rest = shown.csv_rows
    swapped = [[first[0], *first[1:2], *second[2:]], [second[0], *second[1:2], *first[2:]], *rest]
    site.figures[site.figures.index(shown)] = replace(shown, csv_rows=swapped)
    assert len(number_checks.unpublished_cells(site, published)) == 2
