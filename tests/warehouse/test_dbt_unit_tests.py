"""dbt's own unit tests of the metric logic, and a build from nothing at all."""

from __future__ import annotations

import duckdb
import pytest

from dbt_project.registry import load_metrics
from orchestration.dbt_runner import DbtBuild, build
from orchestration.settings import Settings, load_settings
from orchestration.warehouse import build_generation, prepare_raw


@pytest.fixture(scope="module")
def nothing_landed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home folder in which no file has landed."""
    return load_settings(home=tmp_path_factory.mktemp("empty")).prepare()


@pytest.fixture(scope="module")
def outcome(nothing_landed: Settings) -> DbtBuild:
    """Every model, data test and unit test on empty feeds."""
    prepare_raw(nothing_landed, "unit-tests")
    return build(nothing_landed, unit_tests=True)


def test_every_unit_test_passes(outcome: DbtBuild) -> None:
    units = [node for node in outcome.nodes if node.resource_type == "unit_test"]
    assert len(units) >= 10
    assert {node.unique_id: node.message for node in units if node.status != "pass"} == {}


def test_without_any_file_every_metric_says_its_input_is_missing(
    nothing_landed: Settings, outcome: DbtBuild
) -> None:
    done, _ = build_generation(nothing_landed)
    with duckdb.connect(str(done.path(nothing_landed)), read_only=True) as connection:
        found = connection.execute(
            "select metric_id, status, count(value) from marts.fct_metric_value group by all"
        ).fetchall()
    assert sorted(found) == sorted((metric, "input_missing", 0) for metric in load_metrics())
