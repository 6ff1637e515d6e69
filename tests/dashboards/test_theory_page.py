"""The theory of change: every measure has its step, what nobody measures is said, and a wrong entry is refused."""

from __future__ import annotations

from pathlib import Path

import made_inputs
import pytest
import yaml
from built_site import Built
from parsed_page import read_page

from dbt_project.registry import RegistryError, load_metrics
from dbt_project.registry.paths import DBT_PROJECT_DIR
from dbt_project.registry.theory import load_theory


def test_every_measure_stands_on_one_step_of_its_kind() -> None:
    steps = [(name, node.kind) for node in load_theory().nodes for name in node.metrics]
    assert sorted(steps) == sorted((metric.id, metric.theory_of_change) for metric in load_metrics().values())


def test_every_step_but_the_last_leads_on_to_patients() -> None:
    leads = {node.id: set(node.leads_to) for node in load_theory().nodes}
    assert [node for node, there in leads.items() if not there] == ["patients"]
    reached = {"patients"}
    while more := {node for node, there in leads.items() if there & reached} - reached:
        reached |= more
    assert reached == set(leads)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metrics": ["attritoin"]}, "money: no measure attritoin"),
        ({"leads_to": ["palces"]}, "money leads to palces, which is no node"),
        ({"metrics": ["attrition"]}, "money is input, its measure attrition is output"),
        ({"metrics": ["learners_per_dpp"]}, "learners_per_dpp stands on money and on supervisors"),
        ({"metrics": []}, "expected metrics, or why it is unmeasured"),
        ({"re_aim": "reech"}, "re_aim"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(change: dict[str, object], told: str, tmp_path: Path) -> None:
    content = yaml.safe_load((DBT_PROJECT_DIR / "theory_of_change.yml").read_text(encoding="utf-8"))
    content["nodes"][0] |= change
    path = tmp_path / "theory_of_change.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(RegistryError, match=told) as refused:
        load_theory(path)
    assert "theory_of_change.yml" in str(refused.value)


def test_the_page_shows_steps_measures_and_what_nobody_measures(built: Built) -> None:
    page = read_page(built.folder / "theory-of-change.html")
    nodes = load_theory().nodes
    steps = [
        row.all("th", scope="row")[0].text
        for table in page.all("table")
        if table.attributes["id"].endswith("-steps-rows")
        for row in table.one("tbody").all("tr")
    ]
    assert steps == [node.label for node in nodes]
    for node in nodes:
        if node.unmeasured:
            assert f"Nobody measures it. {node.unmeasured}" in page.one("main").text
    measures = [
        row
        for table in page.all("table")
        if table.attributes["id"].endswith("-measures-rows")
        for row in table.one("tbody").all("tr")
    ]
    assert len(measures) == len(made_inputs.inputs().metrics)
    assert not any("On no step yet" in row.text for row in measures)
