"""The methods appendix: generated from what ran, with a source for every formula in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_impact
import made_inputs
import pytest
from built_site import Built, page_alone
from parsed_page import Element, read_page

from dashboards.figure_methods import ESTIMATORS, INTERVALS, methods_of
from dashboards.pages import methods
from dbt_project.registry import load_metrics


def _lines(page: Element, name: str) -> list[list[str]]:
    rows = page.one("table", id=f"{name}-rows").one("tbody").all("tr")
    return [[cell.text for cell in (*row.all("th"), *row.all("td"))] for row in rows]


def test_every_interval_and_estimator_of_the_registry_has_a_source() -> None:
    for metric in load_metrics().values():
        assert len(methods_of(metric)) == (metric.interval != "none" or metric.estimator is not None), (
            metric.id
        )
    assert {metric.estimator for metric in load_metrics().values() if metric.estimator} == set(ESTIMATORS)
    for method in (*ESTIMATORS.values(), *INTERVALS.values()):
        assert any(letter.isdigit() for letter in method.source), method.what


def test_the_page_names_every_analysis_that_ran_and_none_that_did_not(built: Built) -> None:
    page = read_page(built.folder / methods.PATH)
    plans = made_impact.plans()
    text = page.one("main").text
    for plan in plans.values():
        if plan.id == "made_awaiting_lock":
            assert plan.title not in text
        else:
            assert plan.title in text and plan.hash in text
    assert "diff-diff 3.13.0" in text
    sources = {line[0]: line for line in _lines(page, "analysis-sources")}
    assert "2021;225:200-230" in sources["Effects by cohort and period"][1]
    assert len(sources) > 15


def test_the_page_names_the_measures_behind_each_formula(built: Built) -> None:
    lines = {line[0]: line for line in _lines(read_page(built.folder / methods.PATH), "figure-methods")}
    metrics = made_inputs.inputs(networks_each=1).metrics
    assert lines["Interval of a rate"][3].split("; ") == [
        m.label for m in metrics.values() if m.interval == "byar"
    ]
    assert "Peto" in lines["Differences between curves"][2]
    assert "Spiegelhalter" in lines["Limits where networks differ by more than chance"][2]


def test_what_a_release_does_not_use_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = made_inputs.inputs(networks_each=1)
    values = inputs.metric_value
    bare = replace(
        inputs,
        metric_value=values[values["metric_id"] == "completion_18_months"],
        metric_breakdown=inputs.metric_breakdown.iloc[:0],
        network_funnel=inputs.network_funnel.iloc[:0],
        control_chart=inputs.control_chart.iloc[:0],
        time_curve=inputs.time_curve.iloc[:0],
        time_test=inputs.time_test.iloc[:0],
        analysis=inputs.analysis.iloc[:0],
    )
    page = page_alone(bare, methods, methods.PATH, tmp_path / "site", monkeypatch)
    assert [line[0] for line in _lines(page, "figure-methods")] == ["Interval of a percentage"]
    assert not page.all("table", id="analysis-sources-rows")
