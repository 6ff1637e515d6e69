"""Adding a metric is one entry and nothing else: SQL, gate, command line, workbook, definitions page follow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("dbt_project", "evaluation", "expectations", "dashboards", "orchestration")
ENTRY = {
    "id": "cardiology_modules_passed",
    "label": "Cardiology modules passed",
    "catalogue": 31,
    "description": "First passes of the cardiology module.",
    "question": "How many pharmacists can examine a heart?",
    "why": "Heart disease is what community pharmacies are asked to find.",
    "unit": "count",
    "direction": "higher",
    "kind": "flow",
    "method": "count",
    "numerator": {
        "model": "int_measure_module_pass",
        "agg": "count",
        "expr": "unit_key",
        "where": "category = 'cardiology'",
        "description": "people and the cardiology module",
    },
    "levels": ["england", "region"],
    "grains": ["year", "all"],
    "feeds": ["provider_return"],
    "population": "Learners of the clinical examination strand.",
    "time_attribution": "Day of the first pass.",
    "upper_bound": 20000,
    "disclosure_class": "B",
    "theory_of_change": "output",
    "owner": "Programme evaluation lead",
    "review_date": "2027-03-31",
    "version": 1,
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one more entry in one file; no test here looks at a picture, so it draws none."""
    folder = tmp_path_factory.mktemp("checkout")
    for room in ROOMS:
        shutil.copytree(
            REPOSITORY / room,
            folder / room,
            ignore=shutil.ignore_patterns("node_modules", "__pycache__", "target", "logs"),
        )
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    path = folder / "dbt_project" / "models" / "metrics" / "_metric_skills.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["models"][0]["config"]["meta"]["metrics"].append(ENTRY)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder


def phip(checkout: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    return subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        cwd=checkout,
        env=environment,
    )


@pytest.fixture(scope="module")
def home_with_it(checkout: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files as the toy nation's, built and published by the copy with one entry more."""
    folder = tmp_path_factory.mktemp("added") / "home"
    # without the earlier release and build, with which figures of other definitions would have to be compared
    gone = shutil.ignore_patterns("releases", "warehouse")
    shutil.copytree(home, folder, symlinks=True, ignore=gone)
    done = phip(checkout, "run", "--home", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_new_metric_counts_what_its_entry_says(home_with_it: Path) -> None:
    build = max((home_with_it / "warehouse").glob("0*.duckdb"))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build}' as wh (read_only)")
        found = connection.execute(
            "select value from wh.marts.fct_metric_value where metric_id = ? and org_level = 'england' "
            "and period_grain = 'all' and geography = 'as_was' and strand = 'all' and sector = 'all'",
            [ENTRY["id"]],
        ).fetchall()
        expected = connection.execute(
            "select count(distinct person_key) from wh.marts.fct_event where strand = 'clinical_examination' "
            "and event_type = 'passed' and module = 'cardiology'"
        ).fetchall()
    assert found == [(float(expected[0][0]),)]
    assert expected[0][0] > 0


def test_the_gate_checks_it(checkout: Path, home_with_it: Path) -> None:
    told = json.loads(phip(checkout, "verdict", "--json", "--home", home_with_it).stdout)
    checks = {check["check_id"] for check in told["checks"]}
    assert f"fct_metric_value.{ENTRY['id']}.plausible" in checks
    assert f"fct_metric_value.{ENTRY['id']}.present" in checks


def test_the_command_line_answers(checkout: Path, home_with_it: Path) -> None:
    done = phip(
        checkout, "metric", ENTRY["id"], "--period", "all", "--format", "json", "--home", home_with_it
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["unit"] == "count"
    explained = phip(checkout, "explain", ENTRY["id"], "--period", "all", "--home", home_with_it)
    assert ENTRY["description"] in explained.stdout


def test_definitions_and_workbook_have_it(home_with_it: Path) -> None:
    release = home_with_it / "releases" / "current"
    pages = "".join(path.read_text(encoding="utf-8") for path in (release / "site").glob("definitions*.html"))
    assert ENTRY["label"] in pages
    assert ENTRY["question"] in pages
    from python_calamine import load_workbook

    workbook = load_workbook(str(next(release.glob("*.xlsx"))))
    assert any(
        str(cell) == ENTRY["label"]
        for name in workbook.sheet_names
        for row in rows_of(workbook, name)
        for cell in row
    )


def rows_of(workbook: object, name: str) -> list[list[object]]:
    return workbook.get_sheet_by_name(name).to_python()  # type: ignore[attr-defined]
