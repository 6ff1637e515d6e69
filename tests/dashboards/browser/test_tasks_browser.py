"""What leadership and evaluators come for: written down in `tasks.yml`, walked here, each in at most three steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pandas as pd
import pytest
from playwright.sync_api import Browser
from task_walk import MOST_STEPS, STEPS, Task, Walked, load_tasks, walk
from visiting import visit

from dashboards import SiteInputs

pytestmark = pytest.mark.browser
TASKS = load_tasks()


@pytest.fixture(scope="module")
def tables(inputs: SiteInputs) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published tables from which the site was built, in DuckDB under their own names."""
    frames = {
        "fct_metric_value": inputs.metric_value,
        "fct_metric_breakdown": inputs.metric_breakdown,
        "fct_metric_change": inputs.metric_change,
        "dim_organisation": inputs.organisation,
        "dim_practice": inputs.practice,
        "check_result": inputs.check_result,
        "dim_metric": pd.DataFrame(
            [{"metric_id": metric.id, "label": metric.label} for metric in inputs.metrics.values()]
        ),
        "release_info": pd.DataFrame([{"data_to": inputs.release.data_to}]),
    }
    with duckdb.connect() as connection:
        for name, frame in frames.items():
            connection.register(f"{name}_frame", frame)
            connection.execute(f"create table {name} as from {name}_frame")
        yield connection


def test_five_tasks_each_of_at_most_three_steps() -> None:
    assert Counter(task.who for task in TASKS) == {"leadership": 5, "evaluators": 5}
    for task in TASKS:
        assert 1 <= len(task.steps) <= MOST_STEPS, task.question
        assert all(set(step) <= set(STEPS) and len(step) == 1 for step in task.steps), task.question


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.question)
def test_a_task_is_answered(
    chromium: Browser, served: str, tables: duckdb.DuckDBPyConnection, task: Task
) -> None:
    with visit(chromium) as visited:
        walked = walk(visited.page, f"{served}index.html", task, tables)
        assert walked.problems == [], task.question
        assert visited.complaints == []


def test_another_answer_is_noticed(chromium: Browser, served: str, tables: duckdb.DuckDBPyConnection) -> None:
    """The same walk beside the figures of another board fails: the comparison can tell."""
    first = TASKS[0]
    with visit(chromium) as visited:
        other = replace(first, query=first.query.replace("QMF", "QJK"))
        assert walk(visited.page, f"{served}index.html", other, tables).problems


def test_numbers_agree_to_the_digit_shown() -> None:
    assert Walked([("81.8%", "up")], [(81.8499, "up")]).problems == []
    assert Walked([("81.8%", "up")], [(81.8501, "up")]).problems
    assert Walked([("£1,345",)], [(1345.4,)]).problems == []
    assert Walked([], [("U1",)]).problems
    assert Walked([], []).problems
