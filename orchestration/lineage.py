"""Column lineage of the models, read off the compiled SQL by sqlglot and kept until that SQL changes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.dbt_runner import work_folder
from orchestration.settings import Settings

# Layers whose columns a reader asks about; a family model is a macro over hundreds of lines and says nothing new.
LAYERS = ("staging", "marts")


def column_lineage(settings: Settings) -> dict[str, dg.TableColumnLineage]:
    """For each model by unique id: which columns of its direct parents each of its columns comes from."""
    target = work_folder(settings) / "target"
    manifest: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    kept_path = work_folder(settings) / "lineage.json"
    kept: dict[str, Any] = json.loads(kept_path.read_text(encoding="utf-8")) if kept_path.exists() else {}
    fresh: dict[str, Any] = {}
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "model" or node["fqn"][1] not in LAYERS:
            continue
        compiled = target / "compiled" / node["package_name"] / node["original_file_path"]
        if not compiled.exists():
            continue
        digest = hashlib.sha256(compiled.read_bytes()).hexdigest()
        entry = kept.get(unique_id)
        if entry is None or entry["digest"] != digest:
            entry = {"digest": digest, "columns": _columns(compiled, node, manifest)}
        fresh[unique_id] = entry
    kept_path.write_text(json.dumps(fresh), encoding="utf-8")
    return {unique_id: _as_dagster(entry["columns"]) for unique_id, entry in fresh.items()}


def _columns(compiled: Path, node: dict[str, Any], manifest: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Column -> [[asset key, parent column], ...]; empty where sqlglot cannot follow the SQL."""
    # imported here: a run with unchanged SQL has no need of it
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify

    parents = {
        (parent["schema"], parent.get("identifier") or parent["alias"]): parent
        for parent_id in node["depends_on"]["nodes"]
        if (parent := (manifest["nodes"] | manifest["sources"]).get(parent_id))
    }
    schema: dict[str, object] = {
        "wh": {
            schema_name: {
                name: dict.fromkeys(parent["columns"], "varchar")
                for (owner, name), parent in parents.items()
                if owner == schema_name
            }
            for schema_name, _ in parents
        }
    }
    found: dict[str, list[list[Any]]] = {}
    try:
        query = qualify(
            parse_one(compiled.read_text(encoding="utf-8"), dialect="duckdb"), schema=schema, dialect="duckdb"
        )
    except SqlglotError:
        return found
    for column in node["columns"]:
        try:
            leaves = [
                leaf
                for leaf in lineage(column, query, schema=schema, dialect="duckdb").walk()
                if not leaf.downstream
            ]
        except (SqlglotError, ValueError, AttributeError):
            continue
        pairs: set[tuple[str, str]] = set()
        for leaf in leaves:
            table = leaf.expression.find(exp.Table)
            parent = parents.get((table.db, table.name)) if table is not None else None
            if parent is not None:
                pairs.add((json.dumps(_asset_key(parent)), exp.to_column(leaf.name).name.lower()))
        if pairs:
            found[column] = [[json.loads(key), name] for key, name in sorted(pairs)]
    return found


def _asset_key(parent: dict[str, Any]) -> list[str]:
    """The key dagster-dbt gives the node: source and table, or layer folder and model."""
    if parent["resource_type"] == "source":
        return [parent["source_name"], parent["name"]]
    custom = parent["config"].get("schema")
    return [custom, parent["name"]] if custom else [parent["name"]]


def _as_dagster(columns: dict[str, list[list[Any]]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        deps_by_column={
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(key), column_name=name) for key, name in pairs]
            for column, pairs in columns.items()
        }
    )
