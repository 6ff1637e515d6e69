"""Curves of time to an event as a release publishes them: England and regions, by strand, controlled.

From start to pass, pass to annotation, annotation to post, and in post until leaving. Beside them, for each strand,
whether people differ by the year they began in, by sector and by region.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric, Programme
from evaluation.compared_curves import GROUP_TYPES, compared_curves
from evaluation.controlled_curve import COLUMNS, controlled_curve

TABLE, TEST, GROUP = "fct_time_curve", "fct_time_test", "fct_time_test_group"
# Metrics whose curve is published: each is estimated from the units read here.
CURVES = (
    "median_days_to_qualify",
    "median_days_qualified_to_annotated",
    "median_days_annotated_to_deployed",
    "retention_12_months_same_pcn",
    "retention_12_months_primary_care",
)
KEY = ("metric_id", "org_level", "org_code", "strand")
TEST_KEY = ("metric_id", "strand", "comparison")
# What people are grouped by: the code of the group, and the cut of the units that has each in one group at most.
COMPARISONS = {
    "cohort": (
        "cast(period_start as varchar)",
        "org_level = 'england' and sector = 'all' and period_grain = 'year'",
    ),
    "sector": (
        "sector",
        "org_level = 'england' and sector not in ('all', 'unknown') and period_grain = 'all'",
    ),
    "region": ("org_code", "org_level = 'region' and sector = 'all' and period_grain = 'all'"),
}
_UNITS = """
    select org_level, org_code, strand, duration_days, outcome
    from wh.intermediate.int_estimate_unit
    where metric_id = $metric and period_grain = 'all' and sector = 'all' and geography = 'as_now'
        and org_level in ('england', 'region') and strand <> 'all'
    order by all
"""
# Only those past the follow-up of a metric that has one: passes of the newest starters are still to be returned, and
# would look like a slow year.
_GROUPED = """
    select strand, {group} as group_code, duration_days, outcome
    from wh.intermediate.int_estimate_unit
    where metric_id = $metric and geography = 'as_now' and strand <> 'all' and is_mature and {cut}
    order by all
"""
_TEST_TYPES = {
    **dict.fromkeys(TEST_KEY, "string"),
    "statistic": "float64",
    "degrees_of_freedom": "int64",
    "p": "float64",
}
_GROUP_TYPES = {**dict.fromkeys(TEST_KEY, "string"), **GROUP_TYPES}


@dataclass(frozen=True)
class _Test:
    """The row of one test, and a row for each of its groups."""

    row: pd.DataFrame
    groups: pd.DataFrame


def frames(warehouse: Path, metrics: dict[str, Metric], programme: Programme) -> dict[str, pd.DataFrame]:
    """The published tables: points of curves, tests between groups, and the groups of each test."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        drawn = [name for name in CURVES if name in metrics]
        curves = [part for name in drawn for part in _curves(connection, name, programme)]
        tests = [test for name in drawn for test in _tests(connection, name, programme)]
    curve_types = {**dict.fromkeys(KEY, "string"), "months": "int64", **dict.fromkeys(COLUMNS[1:], "float64")}
    return {
        TABLE: _stacked(curves, curve_types),
        TEST: _stacked([test.row for test in tests], _TEST_TYPES),
        GROUP: _stacked([test.groups for test in tests], _GROUP_TYPES),
    }


def _curves(
    connection: duckdb.DuckDBPyConnection, metric_id: str, programme: Programme
) -> Iterator[pd.DataFrame]:
    """Every curve that a build may publish, :data:`KEY` and :data:`COLUMNS`; none that may not be shown."""
    units = connection.execute(_UNITS, {"metric": metric_id}).df()
    for (level, code, strand), group in units.groupby(["org_level", "org_code", "strand"]):
        curve = controlled_curve(group, programme.disclosure, rounded=level != "england")
        yield curve.assign(metric_id=metric_id, org_level=str(level), org_code=str(code), strand=str(strand))


def _tests(connection: duckdb.DuckDBPyConnection, metric_id: str, programme: Programme) -> Iterator[_Test]:
    """The test of every strand and comparison in which at least two groups are large enough."""
    for comparison, (group, cut) in COMPARISONS.items():
        query = _GROUPED.format(group=group, cut=cut)
        units = connection.execute(query, {"metric": metric_id}).df()
        for strand, learners in units.groupby("strand"):
            found = compared_curves(learners, "group_code", programme.disclosure)
            if found is None:
                continue
            key = {"metric_id": metric_id, "strand": str(strand), "comparison": comparison}
            row = key | {
                "statistic": found.statistic,
                "degrees_of_freedom": found.degrees_of_freedom,
                "p": found.p_value,
            }
            yield _Test(pd.DataFrame([row]), found.groups.assign(**key))


def _stacked(parts: list[pd.DataFrame], types: dict[str, str]) -> pd.DataFrame:
    empty = pd.DataFrame(columns=list(types))
    filled = [part[list(types)].astype(types) for part in parts if len(part)]
    return pd.concat(filled or [empty], ignore_index=True).astype(types)
