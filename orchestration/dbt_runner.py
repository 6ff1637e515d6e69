"""dbt inside this process: a manifest for the asset graph, and one build of a generation.

A subprocess would pay dbt's imports again for every call; in-process the parse is kept and checked in hundredths
of a second. The generation is always written under one name, so that dbt's partial parse stays valid, and is
renamed when it is complete.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from dbt_project.registry import DBT_PROJECT_DIR
from orchestration.settings import Settings

TestStatus = Literal["passed", "failed", "crashed"]


class DbtFailed(RuntimeError):
    """dbt could not build the warehouse; the message names the models and what the engine said."""


@dataclass(frozen=True)
class NodeResult:
    """Outcome of one dbt node: ``status`` as dbt says it, ``failures`` rows a test found."""

    unique_id: str
    resource_type: str
    status: str
    message: str
    failures: int
    seconds: float
    rows: int | None


@dataclass(frozen=True)
class DbtBuild:
    """Everything one ``dbt build`` did."""

    nodes: tuple[NodeResult, ...]

    @property
    def tests(self) -> tuple[NodeResult, ...]:
        """The data tests that ran."""
        return tuple(node for node in self.nodes if node.resource_type == "test")


def work_folder(settings: Settings) -> Path:
    """dbt's own files (manifest, partial parse, logs) beside the generations."""
    return settings.warehouse / ".dbt"


def building_path(settings: Settings) -> Path:
    """The one name under which every generation is built."""
    return settings.warehouse / "building.duckdb"


def ensure_manifest(settings: Settings) -> Path:
    """Path of a current ``manifest.json``; parses the project when it changed since the last parse."""
    path = work_folder(settings) / "target" / "manifest.json"
    stamp = path.with_name("manifest.stamp")
    newest = _project_stamp()
    if path.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == newest:
        return path
    _invoke(settings, ["parse"])
    stamp.write_text(newest, encoding="utf-8")
    return path


def build(settings: Settings, *, tests: bool = True, unit_tests: bool = False) -> DbtBuild:
    """Run every model, its data tests unless told not to, and the unit tests if asked, on the generation being built.

    Raises :class:`DbtFailed` when a model fails; failed tests are in the result, for the gate to judge.
    """
    wanted = {"test": tests, "unit_test": unit_tests}
    unwanted = [kind for kind, is_wanted in wanted.items() if not is_wanted]
    without = [word for kind in unwanted for word in ("--exclude-resource-type", kind)]
    result = _invoke(settings, ["build", "--no-write-json", *without])
    nodes = tuple(_node(item) for item in result)
    broken = [
        node for node in nodes if node.resource_type not in ("test", "unit_test") and node.status == "error"
    ]
    if broken:
        lines = "\n".join(f"{node.unique_id}: {node.message}" for node in broken)
        raise DbtFailed(f"dbt could not build {len(broken)} node(s):\n{lines}")
    return DbtBuild(nodes)


def _invoke(settings: Settings, arguments: list[str]) -> list[Any]:
    # imported here: dbt costs seconds of CPU that a run with nothing new must not pay
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folder = work_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PHIP_DBT_WAREHOUSE"] = str(building_path(settings))
    os.environ["PHIP_DBT_SPILL"] = str(folder / "spill")
    command = [
        *arguments,
        *("--project-dir", str(DBT_PROJECT_DIR)),
        *("--profiles-dir", str(DBT_PROJECT_DIR)),
        *("--target", settings.target),
        *("--target-path", str(folder / "target")),
        *("--log-path", str(folder / "logs")),
        *("--log-level", "none"),
        *("--log-level-file", "error"),  # every statement at debug level would cost seconds of CPU
        "--no-send-anonymous-usage-stats",
        "--no-version-check",
    ]
    try:
        outcome = dbtRunner().invoke(command)
    finally:
        DuckDBConnectionManager.close_all_connections()
    if outcome.exception is not None:
        raise DbtFailed(str(outcome.exception)) from outcome.exception
    return list(cast(Any, outcome.result).results) if hasattr(outcome.result, "results") else []


def _node(item: Any) -> NodeResult:
    rows = item.adapter_response.get("rows_affected") if item.adapter_response else None
    return NodeResult(
        unique_id=item.node.unique_id,
        resource_type=str(item.node.resource_type),
        status=str(item.status),
        message=str(item.message or ""),
        failures=int(item.failures or 0),
        seconds=float(item.execution_time),
        rows=int(rows) if isinstance(rows, int) and rows >= 0 else None,
    )


def _project_stamp() -> str:
    files = sorted(
        path
        for path in DBT_PROJECT_DIR.rglob("*")
        if path.suffix in {".sql", ".yml", ".csv"} and not {"target", "logs"} & set(path.parts)
    )
    return json.dumps([(str(path.relative_to(DBT_PROJECT_DIR)), path.stat().st_mtime_ns) for path in files])
