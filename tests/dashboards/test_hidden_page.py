"""The page on hidden numbers: its rule is the registry's, its counts are those of the published table."""

from __future__ import annotations

import pytest
from built_site import Built
from parsed_page import read_page

from dashboards import SiteInputs
from dashboards.pages import definitions, hidden
from dbt_project.registry import load_metrics, load_programme


def test_the_rule_on_the_page_is_that_of_the_registry(built: Built) -> None:
    text = read_page(built.folder / hidden.PATH).one("main").text
    rule = load_programme().disclosure
    assert f"counts up to {rule.suppress_up_to} are hidden" in text
    assert f"rounded to the nearest {rule.round_to}" in text
    assert "Integrated care board Quarter or longer" in " ".join(text.split())
    assert "Primary care network Since the start only" in " ".join(text.split())


def test_what_is_hidden_is_counted_from_the_published_figures(built: Built, inputs: SiteInputs) -> None:
    rows = read_page(built.folder / hidden.PATH).one("table", id="kept-rows").one("tbody").all("tr")
    shown = {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in rows}
    frame = inputs.metric_value
    controlled = {name for name, metric in load_metrics().items() if metric.disclosure_class != "A"}
    boards = frame[frame["metric_id"].isin(controlled) & (frame["org_level"] == "icb")]
    masked = int(boards["suppressed"].sum())
    valued = int(boards["value"].notna().sum())
    assert shown["Integrated care board"][:2] == [f"{masked + valued:,}", f"{masked:,}"]


@pytest.mark.parametrize(
    ("metric_id", "boards"),
    [("new_independent_prescribers", "by quarter"), ("funnel_conversion", "by financial year")],
)
def test_a_definition_says_how_fine_it_is_shown(built: Built, metric_id: str, boards: str) -> None:
    page = read_page(built.folder / definitions.NAV.path)
    text = " ".join(page.one("main").text.split())
    own = text[text.index(load_metrics()[metric_id].description[:40]) :]
    assert own.index(f"Integrated care board {boards}") < own.index("Owner")
