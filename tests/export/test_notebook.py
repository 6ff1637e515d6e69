"""The evaluators' notebook runs, cell by cell, on a release; it is committed without outputs and without paths."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from exported_release import Exported

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "evaluators.ipynb"


@pytest.fixture(scope="module")
def notebook() -> dict[str, Any]:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def test_it_is_a_notebook_without_outputs_and_machine_paths(notebook: dict[str, Any]) -> None:
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert not re.search(
        r'["\'](/|[A-Z]:\\|~)', "".join("".join(cell["source"]) for cell in notebook["cells"])
    )


def test_its_cells_run_in_order_and_say_something(
    notebook: dict[str, Any], exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = tmp_path / "var" / "releases" / "current"
    current.mkdir(parents=True)
    shutil.copyfile(exported.database, current / "published.duckdb")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)
    completion = names["completion"]
    assert completion["status"].tolist() == ["final", "final", "too_early"]
    assert completion["lower_95"].notna().tolist() == [True, True, False]
    assert names["definition"]["label"].tolist() == ["Completion within 18 months"]
    assert names["boards"][["as_was", "as_now"]].notna().all(axis=None)
    assert names["boards"]["org_name"].notna().all()
    assert names["withheld"].loc["pcn", "c"] > 0
    assert names["withheld"].loc["england", "c"] < names["withheld"].loc["pcn", "c"]
    assert len(names["tables"]) >= 6
