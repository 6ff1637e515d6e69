"""The page of changes since the release before: what is compared, what is shown of it, and when nothing is."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import made_inputs
import pytest
from built_site import Built, page_alone
from parsed_page import read_page

from dashboards import wording
from dashboards.inputs import CHANGE_PARTS
from dashboards.pages import changes
from orchestration.history.changes import PARTS


def test_every_part_of_a_change_is_told() -> None:
    assert (
        set(CHANGE_PARTS)
        == {*PARTS, "unexplained"}
        == set(wording.CHANGE_PART)
        == set(wording.CHANGE_MEANING)
    )


def test_every_changed_measure_stands_in_the_table_with_its_published_parts(built: Built) -> None:
    inputs = made_inputs.inputs()
    path = built.folder / "data" / "changes-changed.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        lines = list(csv.reader(handle))[1:]
    told = {line[0]: [float(cell) for cell in line[2:]] for line in lines}
    shown = inputs.metric_change.query("geography == 'as_now' and reason.isna()")
    published = {str(row["metric_id"]): row for row in shown.to_dict("records")}
    assert set(told) == {inputs.metrics[name].label for name in made_inputs.CHANGED}
    for name, wanted in published.items():
        row = told[inputs.metrics[name].label]
        columns = ("old_value", "new_value", "change", *CHANGE_PARTS)
        assert row == pytest.approx([float(wanted[column]) for column in columns], abs=1e-6)
        assert row[2] == pytest.approx(sum(row[3:]))


def test_bars_of_a_waterfall_lead_from_the_figure_before_to_that_of_now(built: Built) -> None:
    page = read_page(built.folder / "changes.html")
    figures = page.all("figure")
    assert len(figures) == len(made_inputs.CHANGED)
    for figure in figures:
        bars, dots = json.loads(figure.one("script").own_text[0])["data"]
        before, now = dots["x"]
        ends = [start + length for start, length in zip(bars["base"], bars["x"], strict=True)]
        assert bars["base"] == pytest.approx([before, *ends[:-1]])
        assert ends[-1] == pytest.approx(now)
        assert [width > 0 for width in bars["marker"]["line"]["width"]] == [x < 0 for x in bars["x"]]
        assert [text.startswith("+") for text in bars["text"]] == [x > 0 for x in bars["x"]]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"changed_from": None}, changes.FIRST),
        ({"as_at": date(2025, 3, 31)}, changes.PAST),
        ({"changes_told": False}, "could not be worked out"),
        ({"changed_from": "2026-10-22-0f1e2d"}, changes.UNCHANGED),
    ],
)
def test_a_release_that_is_not_compared_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], words: str
) -> None:
    inputs = made_inputs.inputs(networks_each=1, **facts)
    same = replace(inputs, metric_change=inputs.metric_change.iloc[:0])
    page = page_alone(same, changes, "changes.html", tmp_path / "site", monkeypatch)
    assert words in page.one("p", class_="site-message").text and not page.all("figure")


def test_every_page_leads_to_the_changes(built: Built) -> None:
    for path in built.pages:
        root = "../" * len(path.relative_to(built.folder).parts[:-1])
        links = {a.attributes["href"] for a in read_page(path).one("dl", class_="site-status").all("a")}
        assert f"{root}changes.html" in links
