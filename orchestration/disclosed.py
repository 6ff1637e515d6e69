"""From a judged build to its published tables: disclosure control applied, nothing else changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from dbt_project.registry import Metric, Programme
from evaluation.disclosure import control
from orchestration.protecting import Progress, Protection, linked, protection
from orchestration.publishable import BREAKDOWN, FIGURES, PUBLISHABLE, publishable

FIGURE_TABLES = (FIGURES, BREAKDOWN)
SENSITIVITY_TABLE = "fct_metric_sensitivity"
REFERENCE_TABLES = ("dim_metric", "dim_organisation", "dim_practice", "dim_practice_pcn_membership")


def write_published(
    warehouse: Path,
    target: Path,
    *,
    metrics: Mapping[str, Metric],
    programme: Programme,
    frames: Mapping[str, pd.DataFrame],
    progress: Progress = lambda _: None,
) -> int:
    """Write the published DuckDB of a release and return how many cells are withheld.

    ``warehouse`` is read, never written. ``frames`` are further tables to publish as they are (feed_status,
    check_result, release_info). Raises :class:`expectations.gate.GateRefused` where a withheld
    count could be worked out of what is published and nothing more can be withheld.
    """
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        safe = protection(connection, metrics, programme)
        safe.protect(progress)
        withheld = 0
        for table in FIGURE_TABLES:
            withheld += _write_figures(connection, table, metrics, programme, safe)
        _write_sensitivity(connection, metrics)
        for table in REFERENCE_TABLES:
            connection.execute(f"create table {table} as from wh.marts.{table} order by all")
        for name, frame in frames.items():
            connection.register("frame", frame)
            connection.execute(f"create table {name} as from frame")
            connection.unregister("frame")
        connection.execute("detach wh")
        connection.execute("create schema marts")
        for table in (*FIGURE_TABLES, SENSITIVITY_TABLE, *REFERENCE_TABLES):
            connection.execute(f"create view marts.{table} as from main.{table}")
        connection.execute("checkpoint")
    return withheld


def controlled(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    metric: Metric,
    metrics: Mapping[str, Metric],
    programme: Programme,
) -> pd.DataFrame:
    """Every publishable row of one metric as a release has it, in a stable order."""
    safe = protection(connection, linked(metric, metrics), programme)
    safe.protect()
    return _controlled(connection, table, metric, programme, safe)


def _controlled(
    connection: duckdb.DuckDBPyConnection, table: str, metric: Metric, programme: Programme, safe: Protection
) -> pd.DataFrame:
    protected = safe.published.get((table, metric.id))
    if protected is not None:
        return protected
    rows = publishable(connection, table, metric, programme.disclosure)
    return control(rows, {metric.id: metric}, programme.disclosure)


def _write_figures(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    metrics: Mapping[str, Metric],
    programme: Programme,
    safe: Protection,
) -> int:
    created = False
    withheld = 0
    for metric in metrics.values():
        frame = _controlled(connection, table, metric, programme, safe)
        withheld += int(frame["suppressed"].sum())
        connection.register("frame", _typed(frame))
        columns = _columns(connection, table)
        if not created:
            connection.execute(f"create table {table} as select {columns} from frame limit 0")
            created = True
        connection.execute(f"insert into {table} select {columns} from frame")
        connection.unregister("frame")
    return withheld


def _write_sensitivity(connection: duckdb.DuckDBPyConnection, metrics: Mapping[str, Metric]) -> None:
    """Figures under another assumption of metrics that need no control; the others stay with the evaluators."""
    public = [metric.id for metric in metrics.values() if metric.disclosure_class == "A"]
    connection.execute(
        f"create table {SENSITIVITY_TABLE} as from wh.marts.{SENSITIVITY_TABLE}"
        f" where list_contains($public, metric_id) and {PUBLISHABLE.format(public='true')} order by all",
        {"public": public},
    )


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    described: Iterable[tuple[Any, ...]] = connection.execute(f"describe wh.marts.{table}").fetchall()
    named = [f"cast({name} as {kind}) as {name}" for name, kind, *_ in described]
    return ", ".join(
        [*named, "cast(suppressed as boolean) as suppressed", "cast(symbol as varchar) as symbol"]
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    # an all-null column of objects would otherwise be read as integers
    return frame.astype({"symbol": "string"})
