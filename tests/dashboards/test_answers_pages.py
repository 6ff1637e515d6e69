"""Headline, equity and money: what they say is worked out again here from the published rows and the registry."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import made_inputs
import pandas as pd
import pytest
from built_site import Built, page_alone
from parsed_page import Element, read_page

from dashboards import SiteInputs
from dashboards.pages import headline


def _rows(table: Element) -> list[list[str]]:
    return [[cell.text for cell in row.children] for row in table.one("tbody").all("tr")]


def _england(inputs: SiteInputs, metric: str, grain: str) -> pd.DataFrame:
    values = inputs.metric_value
    mine = values[(values["metric_id"] == metric) & (values["org_level"] == "england")]
    return mine[(mine["period_grain"] == grain) & (mine["sector"] == "all")]


def _reading(row: pd.Series, none: float) -> str:
    if row["lower_95"] > none:
        return "Above, beyond chance"
    return "Below, beyond chance" if row["upper_95"] < none else "No gap beyond chance"


@pytest.mark.parametrize("metric", sorted(made_inputs.GROUPS))
def test_every_published_group_stands_on_the_equity_page_with_its_reading(built: Built, metric: str) -> None:
    inputs = made_inputs.inputs()
    frame = inputs.metric_breakdown[inputs.metric_breakdown["metric_id"] == metric]
    none = 1.0 if inputs.metrics[metric].unit == "ratio" else 0.0
    figure = read_page(built.folder / "equity.html").one("figure", id=metric.replace("_", "-"))
    shown = _rows(figure.one("table"))
    assert len(shown) == len(frame) == sum(map(len, made_inputs.GROUPS[metric].values()))
    assert sorted(row[3] for row in shown) == sorted(_reading(row, none) for _, row in frame.iterrows())
    data = json.loads(figure.one("script").own_text[0])["data"][0]
    far = [symbol == "diamond" for symbol in data["marker"]["symbol"]]
    assert far == [row[3] != "No gap beyond chance" for row in shown]
    assert sorted(data["x"]) == pytest.approx(sorted(frame["value"].astype(float)))


def test_categories_that_two_breakdowns_share_are_kept_apart(built: Built) -> None:
    figure = read_page(built.folder / "equity.html").one("figure", id="representation")
    names = {row[0] for row in _rows(figure.one("table"))}
    assert {"Sex: other", "Ethnic group: other", "Age: 30 to 39", "Age: under 30"} <= names


def test_spend_of_every_strand_is_the_published_one(built: Built) -> None:
    inputs = made_inputs.inputs()
    frame = _england(inputs, "spend_against_ceiling", "month")
    newest = frame[frame["period_start"] == frame["period_start"].max()].set_index("strand")
    shown = _rows(
        read_page(built.folder / "value-for-money.html").one("div", id="spend-by-strand").one("table")
    )
    wanted = [
        [strand.label, f"£{newest.loc[strand.id, 'numerator']:,.0f}"] for strand in inputs.programme.strands
    ]
    assert [row[:2] for row in shown] == wanted


def _headline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clinical: float, supervisors: float
) -> Element:
    """The headline where so many are trained in the two strands that have a target and are published with one."""
    inputs = made_inputs.inputs(networks_each=1)
    values = inputs.metric_value.copy()
    for metric, number in (("clinical_examination_trained", clinical), ("supervisors_trained", supervisors)):
        mine = (values["metric_id"] == metric) & (values["org_level"] == "england")
        values.loc[mine & (values["period_grain"] == "all") & (values["sector"] == "all"), "value"] = number
    given = replace(inputs, metric_value=values)
    return page_alone(given, headline, "index.html", tmp_path / "site", monkeypatch)


@pytest.mark.parametrize(
    ("clinical", "supervisors", "verdict", "said"),
    [
        (10_000, 1_000, "On course", "On course: Clinical examination skills, 10,000 of 10,000; Supervisors"),
        (5_475, 1_200, "Partly", "Not yet reached: Clinical examination skills, 5,475 of 10,000."),
        (5_475, 863, "Not yet", "Supervisors, 863 of 1,000."),
    ],
)
def test_headline_answers_from_targets_and_numbers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clinical: float,
    supervisors: float,
    verdict: str,
    said: str,
) -> None:
    page = _headline(tmp_path, monkeypatch, clinical, supervisors)
    assert page.one("p", class_="site-verdict").text == verdict
    assert said in page.one("p", class_="site-message").text


def test_headline_has_a_card_for_each_question(built: Built) -> None:
    page = read_page(built.folder / "index.html")
    titles = [card.one("h2").text for card in page.all("li", class_="site-cards__card")]
    strands = [strand.label for strand in made_inputs.inputs().programme.strands]
    assert titles == [*strands, "Money", "Coverage", "Equity"]


def test_every_chart_says_why_it_matters_and_how_good_its_data_are(built: Built) -> None:
    inputs = made_inputs.inputs()
    whys = {name.replace("_", "-"): metric.why for name, metric in inputs.metrics.items()}
    feeds = {str(row["feed"]): str(row["title"]) for row in inputs.feed_status.to_dict("records")}
    seen = 0
    for path in built.pages:
        for figure in read_page(path).all("figure"):
            (about,) = figure.all("div", class_="site-chart__about")
            links = [a.attributes.get("href", "") for a in figure.all("a")]
            name = next(link.partition("#")[2] for link in links if "definitions.html#" in link)
            why, quality = (each.text for each in about.all("dd"))
            assert why == whys[name]
            metric = inputs.metrics[name.replace("-", "_")]
            assert all(feeds[feed] in quality for feed in metric.feeds if feed in feeds)
            seen += 1
    assert seen == built.report.figures


def test_checks_that_passed_are_folded_by_table_and_all_there(built: Built) -> None:
    checks = made_inputs.check_result()
    passed = checks[checks["status"] == "passed"]
    page = read_page(built.folder / "quality.html")
    found: dict[str, int] = {}
    for fold in page.all("div", class_="site-fold"):
        details = fold.one("details")
        assert "open" not in details.attributes
        rows = _rows(details.one("table"))
        (asset,) = {row[5] for row in rows}
        found[asset] = len(rows)
    assert found == {str(asset): len(group) for asset, group in passed.groupby("asset")}
