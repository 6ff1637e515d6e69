"""The status page: what it says of each outcome, and that it needs nothing but the file beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dashboards.status import FailedCheck, Status, status_page

CHECK = FailedCheck("Spend stays below the ceiling", "critical", "failed", "fct_metric_value", "Finance lead")
REFUSED = Status(
    judged_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    outcome="refused",
    published=False,
    live="2026-10-20-0f1e2d",
    live_since=date(2026, 10, 20),
    failed=(CHECK,),
    demonstration=True,
)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            REFUSED,
            "New data were refused on 22 November 2026: checks failed. "
            "Release 2026-10-20-0f1e2d stays as it was published.",
        ),
        (
            replace(REFUSED, live=None, live_since=None),
            "New data were refused on 22 November 2026: checks failed. Nothing is published yet.",
        ),
        (
            replace(REFUSED, outcome="passed_with_warnings", published=True),
            "The checks of 22 November 2026 passed with warnings, and release 2026-10-20-0f1e2d is live.",
        ),
        (
            replace(REFUSED, outcome="passed"),
            "New data passed the checks on 22 November 2026 but are not live. "
            "Release 2026-10-20-0f1e2d stays as it was published.",
        ),
    ],
)
def test_it_says_what_happened_and_what_readers_see(status: Status, sentence: str) -> None:
    page = status_page(status)["index.html"]
    assert status.sentence == sentence
    assert sentence in page
    assert ("../current/site/index.html" in page) == (status.live is not None)


def test_a_failed_check_names_its_owner() -> None:
    page = status_page(REFUSED)["index.html"]
    row = page[page.index("Spend stays below the ceiling") :].partition("</tr>")[0]
    assert all(words in row for words in ("Failed", "Critical", "fct_metric_value", "Finance lead"))


def test_it_needs_nothing_but_its_style_sheet() -> None:
    files = status_page(REFUSED)
    assert set(files) == {"index.html", "status.css"}
    assert re.findall(r'(?:src|href)="([^"#]+)"', files["index.html"]) == [
        "status.css",
        "../current/site/index.html",
    ]
    assert "<script" not in files["index.html"]
    assert "default-src 'none'" in files["index.html"]
    assert "Demonstration data" in files["index.html"]
