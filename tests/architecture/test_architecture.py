"""The cut of the code, held by tests: what is defined once, who reads the environment, how long files grow."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from dbt_project.registry import RegistryError, load_feeds, load_metrics, load_programme
from dbt_project.registry.paths import DBT_PROJECT_DIR, METRICS_DIR

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("dbt_project", "evaluation", "expectations", "dashboards", "orchestration")
PYTHON = [
    path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py") if "node_modules" not in path.parts
]


def test_only_settings_reads_the_environment() -> None:
    readers = {
        path.relative_to(REPOSITORY).as_posix()
        for path in PYTHON
        if re.search(r"os\.(environ\.get|getenv|environ\[[^\]]+\](?!\s*=))", path.read_text(encoding="utf-8"))
    }
    assert readers == {"orchestration/settings.py"}


def test_definitions_only_assemble() -> None:
    assert (
        len((REPOSITORY / "orchestration" / "definitions.py").read_text(encoding="utf-8").splitlines()) < 20
    )


def test_no_utils() -> None:
    assert not [path for path in PYTHON if path.stem in {"utils", "helpers", "common", "misc"}]


def test_functions_do_one_thing() -> None:
    long: list[str] = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 80:
                long.append(f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}")
    assert long == []


def test_every_theme_and_measure_is_listed_once() -> None:
    """The list in macros/metrics/figures.sql is what the marts read: nothing in a folder may be missing from it."""
    text = (DBT_PROJECT_DIR / "macros/metrics/figures.sql").read_text(encoding="utf-8")
    listing = text[text.index("{% macro themes()") : text.index("{% endmacro %}")]
    themes = {path.stem for path in METRICS_DIR.iterdir() if path.suffix in (".sql", ".py")}
    assert set(re.findall(r"'(metric_\w+)'", listing)) == themes
    assert {metric.theme for metric in load_metrics().values()} == themes
    measures = {path.stem for path in DBT_PROJECT_DIR.rglob("int_measure_*.sql")}
    assert measures <= set(re.findall(r"'(int_measure_\w+)'", listing))


def test_every_metric_names_feeds_and_models_that_exist() -> None:
    models = {path.stem for path in DBT_PROJECT_DIR.rglob("*.sql")} | {"dbt_project.yml"}
    for metric in load_metrics().values():
        assert set(metric.feeds) <= set(load_feeds()), metric.id
        assert metric.numerator.model in models, metric.id
        assert metric.denominator is None or metric.denominator.model in models, metric.id


def test_the_ceiling_is_written_once() -> None:
    ceiling = str(load_programme().ceiling_gbp)
    code = [*PYTHON, *DBT_PROJECT_DIR.rglob("*.sql"), *DBT_PROJECT_DIR.rglob("*.yml")]
    holders = [path.name for path in code if ceiling in path.read_text(encoding="utf-8").replace("_", "")]
    assert holders == ["dbt_project.yml"]


def test_every_model_and_column_is_described() -> None:
    described: dict[str, dict[str, object]] = {}
    for path in (DBT_PROJECT_DIR / "models").rglob("_*.yml"):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            assert model["description"].strip(), model["name"]
            assert all(column["description"].strip() for column in model["columns"]), model["name"]
            described[model["name"]] = model
    undescribed = {path.stem for path in (DBT_PROJECT_DIR / "models").rglob("*.sql")} - set(described)
    assert undescribed == set()


def test_engine_differences_live_in_one_folder() -> None:
    offenders = [
        path.relative_to(DBT_PROJECT_DIR).as_posix()
        for path in (DBT_PROJECT_DIR / "models").rglob("*.sql")
        if re.search(
            r"\b(date_diff|datediff|strftime|generate_series|string_agg|qualify|asof|unnest)\b",
            path.read_text(encoding="utf-8"),
            re.I,
        )
    ]
    assert offenders == []


def test_source_appears_only_in_staging_and_for_what_the_build_says_of_itself() -> None:
    for path in (DBT_PROJECT_DIR / "models").rglob("*.sql"):
        sources = set(re.findall(r"source\('(\w+)'", path.read_text(encoding="utf-8")))
        if "staging" not in path.parts:
            assert sources <= {"build"}, path.name


def test_a_typo_in_a_metric_entry_names_file_and_key(tmp_path: Path) -> None:
    text = (METRICS_DIR / "_metric_skills.yml").read_text(encoding="utf-8")
    (tmp_path / "_metric_skills.yml").write_text(text.replace("question:", "qestion:"), encoding="utf-8")
    with pytest.raises(RegistryError) as error:
        load_metrics(tmp_path)
    assert "_metric_skills.yml" in str(error.value)
    assert "qestion" in str(error.value)


def test_a_typo_in_a_contract_names_file_and_key(tmp_path: Path) -> None:
    source = DBT_PROJECT_DIR / "models/staging/spend/_spend__sources.yml"
    (tmp_path / "spend").mkdir()
    text = source.read_text(encoding="utf-8").replace("cadence:", "cadense:")
    (tmp_path / "spend" / "_spend__sources.yml").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as error:
        load_feeds(tmp_path)
    assert "_spend__sources.yml" in str(error.value)
    assert "cadense" in str(error.value)


def test_nothing_of_this_machine_or_of_a_registry_is_in_a_file() -> None:
    for path in (REPOSITORY / "requirements.lock", REPOSITORY / "dashboards/frontend/package-lock.json"):
        text = path.read_text(encoding="utf-8")
        assert "--index-url" not in text
        assert "://" not in re.sub(r'"(url|homepage|funding)": "[^"]*"', "", text), path.name
