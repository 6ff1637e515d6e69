"""Impact pages: an estimate is shown with everything beside it, a refusal says why, and nothing is promised."""

from __future__ import annotations

import ast

import made_impact
import made_inputs
import pytest
from built_site import Built
from read_site import read_page

from dashboards import wording
from dashboards.site import Site
from dbt_project.registry import DBT_PROJECT_DIR
from dbt_project.registry.published_tables import load_published_tables


def text_of(built: Built, name: str) -> str:
    return read_page(built.folder / "impact" / f"{name}.html").one("main").text


def test_the_list_says_how_each_question_stands(built: Built) -> None:
    page = read_page(built.folder / "impact.html")
    for analysis in Site(made_inputs.inputs()).analyses:
        assert analysis.plan.question in page.one("main").text
    for label in wording.ANALYSIS_STATUS.values():
        assert label in page.one("main").text
    assert "6 of 8 questions of cause have an estimate that may be shown." in page.one("main").text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("first-prescriber", "More than without it. Network pharmacists, FTE per 100,000 patients: +0.80"),
        ("made-exploratory", "Exploratory: no effect can be told from none."),
        ("made-exploratory", "This is exploratory. It was changed after it was locked."),
        ("made-exploratory", made_impact.CHANGED),
        ("made-refused", made_impact.REFUSAL),
        ("made-awaiting-lock", "its outcome stays unread until it is"),
        (
            "first-intake",
            "More than without it. New prescribers, every route, as a ratio to what was to be",
        ),
        ("rationed-places", "Share annotated within 24 months of applying: +0.38"),
        (
            "first-board",
            "More than without it. Network pharmacists, FTE per 100,000 patients, Greater Manchester:",
        ),
        ("first-board", "Greater Manchester: +0.90 (95% interval +0.20 to +1.60)."),
        ("first-board", "the first in which 50% of at least 10 networks had their first funded prescriber"),
        ("first-board", "among 20 boards: p = 0.050."),
        ("first-board", "0.11, 14% of the spread between boards"),
        ("first-board", "6 quarters before +0.08: nothing had happened then"),
        ("first-board", "16 further donors carry no weight."),
        ("first-board", "Without any one donor: +0.82 to +0.85"),
        (
            "more-prescribers",
            "for one more prescriber per 50,000 patients: +0.40 (95% interval +0.20 to +0.60).",
        ),
        ("more-prescribers", "Units chose their dose"),
        ("more-prescribers", "joint test, p = 0.310; below 0.05 nothing would be shown"),
        ("more-prescribers", "Whether the bands lie on one line: p = 0.470"),
        ("more-prescribers", "Without any one board: +0.37 to +0.43"),
    ],
)
def test_a_page_says_what_came_of_it(built: Built, name: str, words: str) -> None:
    assert words in text_of(built, name)


@pytest.mark.parametrize("name", ["made-refused", "made-awaiting-lock"])
def test_what_may_not_be_shown_has_no_chart_and_no_interval(built: Built, name: str) -> None:
    page = read_page(built.folder / "impact" / f"{name}.html")
    assert not page.all("figure") and wording.INTERVAL_NAME not in page.one("main").text


@pytest.mark.parametrize(
    "name",
    [
        "first-prescriber",
        "first-intake",
        "rationed-places",
        "first-board",
        "more-prescribers",
        "made-refused",
    ],
)
def test_every_page_names_its_lock_its_assumptions_and_its_sources(built: Built, name: str) -> None:
    text = text_of(built, name)
    plan = {plan.id.replace("_", "-"): plan for plan in made_impact.plans().values()}[name]
    assert plan.hash in text and "2 March 2026 by Programme evaluation lead" in text
    assert all(" ".join(assumption.split()) in text for assumption in plan.assumptions)
    assert "Sources of the methods" in text and "Not shown if" in text


def test_every_part_that_an_analysis_writes_is_described() -> None:
    """Every text in the code of the designs that names a part, read from its syntax."""
    written = set(made_impact.frames()["impact_estimate"]["part"])
    for path in (DBT_PROJECT_DIR.parent / "evaluation").glob("impact*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "add"
            ):
                written |= {part.value for part in node.args[:1] if isinstance(part, ast.Constant)}
    (column,) = [c for c in load_published_tables()["fct_impact_estimate"].columns if c.name == "part"]
    assert len(written) > 40
    assert written <= set(column.values)
