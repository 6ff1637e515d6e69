"""One thing broken in a built site, and the look of the acceptance tests that finds it. In a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from built_site import Built, copied, replaced
from playwright.sync_api import Browser
from visiting import (
    SETTLES_MS,
    SMALL_PHONE,
    Visit,
    axe_problems,
    console_problems,
    figure_problems,
    forced_colour_problems,
    keyboard_problems,
    library_problems,
    motion_problems,
    network_problems,
    shift_problems,
    visit,
    watch_shifts,
    width_problems,
)

pytestmark = pytest.mark.browser

TRAP = (
    "document.addEventListener('focusin', e => { if (e.target.closest('figure')) {"
    " window.last = window.last || e.target; window.last.focus(); } });"
)
LATE = (
    "setTimeout(() => document.querySelector('h1').insertAdjacentHTML("
    "'beforebegin', '<p>' + 'late<br>'.repeat(30)), 300);"
)


@dataclass(frozen=True)
class Breakage:
    """What is done to files of the site, and the look that is to find it. ``*`` in a name stands for its hash."""

    name: str
    file: str
    found: str
    instead: str
    look: Callable[[Visit, str, str], list[str]]
    says: str
    options: tuple[tuple[str, bool], ...] = ()
    read: bool = True  # to the end, every chart alive; else only opened


def _looked(look: Callable[[Visit], list[str]]) -> Callable[[Visit, str, str], list[str]]:
    return lambda visited, _base, _axe: look(visited)


BREAKAGES = (
    Breakage(
        "external request",
        "index.html",
        "</main>",
        '<img src="http://127.0.0.1:9/pixel.png" alt="1"></main>',
        lambda visited, base, _: network_problems(visited, base) or console_problems(visited),
        "127.0.0.1:9",
    ),
    Breakage(
        "inline script",
        "index.html",
        "</main>",
        "</main><script>let a</script>",
        _looked(console_problems),
        "inline",
    ),
    Breakage(
        "missing alternative text",
        "index.html",
        r' alt="[^"]*"',
        "",
        lambda visited, _, axe: axe_problems(visited, axe),
        "image-alt",
    ),
    Breakage(
        "low contrast",
        "assets/site-*.css",
        r"\.site-more \{",
        ".site-more { opacity: 0.4;",
        lambda visited, _, axe: axe_problems(visited, axe),
        "color-contrast",
    ),
    Breakage(
        "table cut off",
        "assets/site-*.css",
        r"\.site-scroll \{ overflow-x: auto;[^}]*\}",
        ".site-scroll { overflow: hidden; }",
        _looked(partial(width_problems, width=SMALL_PHONE)),
        "cuts off",
    ),
    Breakage(
        "sideways scroll",
        "assets/site-*.css",
        r"\.site-intro \{",
        ".site-intro { min-width: 500px;",
        _looked(partial(width_problems, width=SMALL_PHONE)),
        "px wide at 320 px",
    ),
    Breakage(
        "keyboard trap",
        "assets/site-*.js",
        r'"use strict";',
        f'"use strict"; {TRAP}',
        _looked(keyboard_problems),
        "kept by",
    ),
    Breakage(
        "focus that is not seen",
        "assets/site-*.css",
        r"(?s)\Z",
        "a:focus { outline: 0; box-shadow: none; }",
        _looked(keyboard_problems),
        "not seen",
    ),
    Breakage(
        "no skip link",
        "index.html",
        r'<a class="nhsuk-skip-link".*?</a>',
        "",
        _looked(keyboard_problems),
        "the first stop is",
    ),
    Breakage(
        "second chart library",
        "index.html",
        "</head>",
        '<script src="assets/plotly-again.js" defer></script></head>',
        _looked(library_problems),
        "loads 2 chart libraries",
    ),
    Breakage(
        "buttons of the chart library",
        "assets/charts-*.js",
        '"displayModeBar":false',
        '"displayModeBar":true',
        _looked(library_problems),
        "buttons",
    ),
    Breakage(
        "things that move",
        "assets/site-*.js",
        r'"use strict";',
        f'"use strict"; {LATE}',
        _looked(shift_problems),
        "moves by",
        read=False,
    ),
    Breakage(
        "motion",
        "assets/site-*.css",
        r"(?s)\Z",
        "a { transition: color 2s; }",
        _looked(motion_problems),
        "moves although",
    ),
    Breakage(
        "charts lost in forced colours",
        "assets/site-*.css",
        "forced-color-adjust: none; background: #fff;",
        "background: Canvas;",
        _looked(forced_colour_problems),
        "a chart stands on",
    ),
    Breakage(
        "picture gone without a script",
        "index.html",
        r"(?s)<picture>.*?</picture>",
        "",
        _looked(figure_problems),
        "no picture with words",
        (("java_script_enabled", False),),
        read=False,
    ),
)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_a_broken_site_is_found(
    chromium: Browser,
    serve: Callable[[Path], str],
    built: Built,
    axe: str,
    tmp_path: Path,
    breakage: Breakage,
) -> None:
    folder = copied(built.folder, tmp_path / "site")
    library = next((folder / "assets").glob("plotly-*.js"))
    (folder / "assets" / "plotly-again.js").hardlink_to(library)
    (file,) = folder.glob(breakage.file)
    before = file.read_text(encoding="utf-8")
    after = re.sub(breakage.found, breakage.instead.replace("\\", "\\\\"), before, count=1)
    assert after != before, "nothing was broken"
    replaced(file, after)
    base = serve(folder)
    with visit(chromium, **dict(breakage.options)) as visited:
        watch_shifts(visited)
        if breakage.read:
            visited.open(f"{base}index.html")
        else:
            visited.page.goto(f"{base}index.html")
            visited.page.wait_for_timeout(SETTLES_MS / 2)
        problems = breakage.look(visited, base, axe)
    assert any(breakage.says in problem for problem in problems), problems
