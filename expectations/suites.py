"""The release suite: every check of one build, from registry, contracts and what the build holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dbt_project.registry.feeds import Feed
from dbt_project.registry.metrics import Metric, Programme
from expectations.checks import Asset, Check
from expectations.entities import entity_checks
from expectations.intake import intake_checks, raw_view
from expectations.metric_value import VALUES, breakdown_checks, value_checks
from expectations.reconciliation import (
    PREVIOUS,
    OfficialFigure,
    movement_checks,
    official_checks,
    official_figures,
    pcn_codes_query,
)
from expectations.recount import RECOUNT, recount_checks
from expectations.verdict import CheckResult

WORKFORCE = "raw.pcn_workforce"


@dataclass(frozen=True)
class Suite:
    """Checks to run, databases they need attached, and what could not be compared and why."""

    checks: tuple[Check, ...]
    attachments: Mapping[str, Path] = field(default_factory=dict[str, Path])
    remarks: tuple[CheckResult, ...] = ()


def release_suite(
    warehouse: Path,
    metrics: Mapping[str, Metric],
    feeds: Mapping[str, Feed],
    programme: Programme,
    previous: Path | None,
    recounted: Path | None = None,
) -> Suite:
    """Every check of the build; ``recounted`` is the file of :func:`expectations.recount.write_recount`.

    Reads the warehouse's table list; raises ``duckdb.Error`` if it cannot.
    """
    landed = _landed(warehouse, feeds)
    comparable, remarks = _comparable_figures(warehouse, landed)
    checks = [
        *value_checks(metrics, programme),
        *breakdown_checks(metrics, programme),
        *entity_checks(feeds, programme),
        *intake_checks(feeds, landed),
        *official_checks(comparable, metrics),
    ]
    attachments: dict[str, Path] = {}
    if recounted is not None:
        checks += recount_checks(metrics)
        attachments[RECOUNT] = recounted
    remarks += [
        _remark(f"{table.name}.landed", raw_view(table), feed.owner, f"{feed.title}: not landed")
        for feed in feeds.values()
        for table in feed.tables
        if raw_view(table) not in landed
    ]
    schema = _previous_schema(previous)
    if previous is None or schema is None:
        remarks.append(_remark("fct_metric_value.movement", VALUES, "", "no earlier release to compare with"))
        return Suite(tuple(checks), attachments, tuple(remarks))
    attachments[PREVIOUS] = previous
    return Suite((*checks, *movement_checks(metrics, schema)), attachments, tuple(remarks))


def _comparable_figures(
    warehouse: Path, landed: set[Asset]
) -> tuple[list[OfficialFigure], list[CheckResult]]:
    """Official figures whose source file is what the build read, told by the networks its rows name.

    Generated data, or another selection of networks, cannot agree with the official figure and says nothing.
    """
    figures = official_figures()
    found: dict[str, str | None] = {}
    if WORKFORCE in landed:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            for month in {figure.period_start for figure in figures}:
                row = connection.execute(pcn_codes_query(month)).fetchone()
                found[month] = row[0] if row else None
    comparable = [figure for figure in figures if found.get(figure.period_start) == figure.pcn_codes_md5]
    remarks = [
        _remark(
            f"fct_metric_value.official_{month}",
            VALUES,
            "",
            "not compared: the workforce rows of that month are not those of the published file",
        )
        for month in sorted(
            {figure.period_start for figure in figures} - {figure.period_start for figure in comparable}
        )
    ]
    return comparable, remarks


def _landed(warehouse: Path, feeds: Mapping[str, Feed]) -> set[Asset]:
    """The raw views that hold a row; a build has a view for every feed, landed or not."""
    views = {raw_view(table) for feed in feeds.values() for table in feed.tables} & _tables(warehouse)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {view for view in views if connection.execute(f"select 1 from {view} limit 1").fetchone()}


def _tables(warehouse: Path) -> set[Asset]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
    return {f"{schema}.{name}" for schema, name in rows}


def _previous_schema(previous: Path | None) -> str | None:
    if previous is None:
        return None
    schemas = [name.split(".")[0] for name in _tables(previous) if name.endswith(".fct_metric_value")]
    return min(schemas, default=None)


def _remark(check_id: str, asset: Asset, owner: str, seen: str) -> CheckResult:
    return CheckResult(
        check_id=check_id,
        asset=asset,
        severity="info",
        status="passed",
        seen=seen,
        bound="recorded, not judged",
        owner=owner,
        description=seen,
        rows=0,
        examples=(),
    )
