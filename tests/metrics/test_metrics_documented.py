"""What the YAML says of a model's columns is what the warehouse holds."""

from __future__ import annotations

import yaml
from built_world import Demonstration

from dbt_project.registry.paths import DBT_PROJECT_DIR


def test_documented_columns_are_those_of_the_tables(clean: Demonstration) -> None:
    rows = clean.built.warehouse.execute(
        "select table_name, column_name from duckdb_columns() "
        "where schema_name in ('intermediate', 'metrics', 'marts')"
    ).fetchall()
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    documented: dict[str, set[str]] = {}
    for folder in ("intermediate", "metrics", "marts"):
        for path in (DBT_PROJECT_DIR / "models" / folder).rglob("_*.yml"):
            for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
                documented[model["name"]] = {column["name"] for column in model["columns"]}
    assert documented
    assert {name: documented[name] for name in documented} == {
        name: found.get(name, set()) for name in documented
    }
