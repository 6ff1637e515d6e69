"""What the site is built from: published, disclosure-controlled frames and the facts of one release."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import duckdb
import pandas as pd

from dashboards.downloads import Download
from dashboards.values import WITHHELD
from dbt_project.registry import Metric, Programme, load_metrics, load_programme
from dbt_project.registry.plans import AnyPlan, load_plans


class InputError(ValueError):
    """The published tables cannot be shown; the message names table, column or cell, never a value."""


@dataclass(frozen=True)
class ReleaseInfo:
    """The facts of one release that every page states; all times in the site come from here."""

    release_id: str
    published_at: datetime
    data_to: date
    next_update: date | None
    gate_status: str  # passed | passed_with_warnings | overridden
    demonstration: bool
    override_reason: str | None = None
    code_version: str = ""
    as_at: date | None = None  # the picture as known on this day; None: everything known
    changed_from: str | None = None  # the release that this one is compared with
    changes_told: bool = True  # False: the comparison could not be made


VALUE_COLUMNS = (
    "metric_id",
    "org_level",
    "org_code",
    "strand",
    "sector",
    "period_start",
    "period_grain",
    "geography",
    "value",
    "numerator",
    "denominator",
    "lower_95",
    "upper_95",
    "unit",
    "status",
    "suppressed",
    "symbol",
)
BREAKDOWN_COLUMNS = (*VALUE_COLUMNS, "dimension", "category")
ORGANISATION_COLUMNS = ("org_level", "org_code", "org_name", "icb_code", "region_code", "is_current")
FEED_COLUMNS = (
    "feed",
    "title",
    "status",
    "files",
    "rows_accepted",
    "rows_quarantined",
    "files_refused",
    "latest_data",
    "owner",
)
CHECK_COLUMNS = (
    "check_id",
    "asset",
    "severity",
    "status",
    "seen",
    "bound",
    "owner",
    "description",
    "rows",
)
SENSITIVITY_COLUMNS = (
    "variant",
    "metric_id",
    "org_level",
    "org_code",
    "period_start",
    "period_grain",
    "value",
)
PRACTICE_COLUMNS = ("practice_code", "practice_name", "pcn_code")
FUNNEL_COLUMNS = (
    "metric_id",
    "org_code",
    "period_start",
    "period_grain",
    "observed",
    "population",
    "rate",
    "overall",
    "lower_95",
    "upper_95",
    "lower_998",
    "upper_998",
    "signal",
    "per",
    "phi",
)
CONTROL_COLUMNS = (
    "metric_id",
    "period_start",
    "period_grain",
    "value",
    "mean",
    "lower",
    "upper",
    "is_signal",
)
CHANGE_PARTS = (
    "by_new_events",
    "by_late_data",
    "by_corrections",
    "by_geography",
    "by_definition",
    "unexplained",
)
CHANGE_COLUMNS = (
    "metric_id",
    "org_level",
    "org_code",
    "strand",
    "sector",
    "period_start",
    "period_grain",
    "geography",
    "old_value",
    "new_value",
    "change",
    *CHANGE_PARTS,
    "reason",
)
HISTORY_COLUMNS = ("release_id", "published_on", "data_to", "as_at", "gate_status")
CURVE_COLUMNS = ("metric_id", "org_level", "org_code", "strand", "months", "share", "lower_95", "upper_95")
TEST_COLUMNS = ("metric_id", "strand", "comparison", "statistic", "degrees_of_freedom", "p")
TEST_GROUP_COLUMNS = ("metric_id", "strand", "comparison", "group_code", "people", "is_compared")
ANALYSIS_COLUMNS = (
    "analysis_id",
    "status",
    "remark",
    "refused_because",
    "deviations",
    "remarks",
    "plan_hash",
    "locked_on",
    "locked_by",
    "first_period",
    "last_period",
    "adopters",
    "others",
    "figures_version",
    "engine",
)
ESTIMATE_COLUMNS = (
    "analysis_id",
    "part",
    "label",
    "cohort",
    "position",
    "estimate",
    "se",
    "lower_95",
    "upper_95",
    "band_lower",
    "band_upper",
    "p",
    "p_adjusted",
    "units",
)
BALANCE_COLUMNS = ("analysis_id", "variable", "adopters", "others", "difference")
REPORTING_COLUMNS = ("analysis_id", "period", "observed", "units")
# Tables that an older release does not have: their frames are empty then.
_OPTIONAL = {
    "network_funnel": ("fct_network_funnel", FUNNEL_COLUMNS),
    "control_chart": ("fct_control_chart", CONTROL_COLUMNS),
    "metric_change": ("fct_metric_change", CHANGE_COLUMNS),
    "release_history": ("release_history", HISTORY_COLUMNS),
    "time_curve": ("fct_time_curve", CURVE_COLUMNS),
    "time_test": ("fct_time_test", TEST_COLUMNS),
    "time_test_group": ("fct_time_test_group", TEST_GROUP_COLUMNS),
    "analysis": ("dim_analysis", ANALYSIS_COLUMNS),
    "impact_estimate": ("fct_impact_estimate", ESTIMATE_COLUMNS),
    "impact_balance": ("fct_impact_balance", BALANCE_COLUMNS),
    "impact_reporting": ("fct_impact_reporting", REPORTING_COLUMNS),
}


def _nothing(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True)
class SiteInputs:
    """Published tables plus registry and release facts.

    ``metric_value`` and ``metric_breakdown`` hold controlled values only: a suppressed row has no value.
    ``practice`` may be empty; networks are then found by name and code but not by practice. ``sensitivity`` holds
    figures over the networks that reported every time, and may be empty too; so may ``network_funnel`` (limits for
    each network), ``control_chart`` (limits for England's months), ``metric_change`` (England's figures that are not
    what they were in the release before), ``time_curve`` (shares by month after the start), ``time_test`` and
    ``time_test_group`` (whether groups differ in them) and the four tables of impact analyses, whose ``plans`` are read
    from their files. ``release_history`` are the releases before this one, ``downloads`` files of the release to offer
    on the site.
    """

    metric_value: pd.DataFrame
    metric_breakdown: pd.DataFrame
    organisation: pd.DataFrame
    feed_status: pd.DataFrame
    check_result: pd.DataFrame
    metrics: dict[str, Metric]
    programme: Programme
    release: ReleaseInfo
    practice: pd.DataFrame = field(default_factory=lambda: _nothing(PRACTICE_COLUMNS))
    sensitivity: pd.DataFrame = field(default_factory=lambda: _nothing(SENSITIVITY_COLUMNS))
    network_funnel: pd.DataFrame = field(default_factory=lambda: _nothing(FUNNEL_COLUMNS))
    control_chart: pd.DataFrame = field(default_factory=lambda: _nothing(CONTROL_COLUMNS))
    metric_change: pd.DataFrame = field(default_factory=lambda: _nothing(CHANGE_COLUMNS))
    release_history: pd.DataFrame = field(default_factory=lambda: _nothing(HISTORY_COLUMNS))
    time_curve: pd.DataFrame = field(default_factory=lambda: _nothing(CURVE_COLUMNS))
    time_test: pd.DataFrame = field(default_factory=lambda: _nothing(TEST_COLUMNS))
    time_test_group: pd.DataFrame = field(default_factory=lambda: _nothing(TEST_GROUP_COLUMNS))
    analysis: pd.DataFrame = field(default_factory=lambda: _nothing(ANALYSIS_COLUMNS))
    impact_estimate: pd.DataFrame = field(default_factory=lambda: _nothing(ESTIMATE_COLUMNS))
    impact_balance: pd.DataFrame = field(default_factory=lambda: _nothing(BALANCE_COLUMNS))
    impact_reporting: pd.DataFrame = field(default_factory=lambda: _nothing(REPORTING_COLUMNS))
    plans: dict[str, AnyPlan] = field(default_factory=load_plans)
    downloads: tuple[Download, ...] = ()

    def __post_init__(self) -> None:
        """Refuse frames without the promised columns, and suppressed rows that still carry a value."""
        _require("metric_value", self.metric_value, VALUE_COLUMNS)
        _require("metric_breakdown", self.metric_breakdown, BREAKDOWN_COLUMNS)
        _require("organisation", self.organisation, ORGANISATION_COLUMNS)
        _require("feed_status", self.feed_status, FEED_COLUMNS)
        _require("check_result", self.check_result, CHECK_COLUMNS)
        _require("practice", self.practice, PRACTICE_COLUMNS)
        _require("sensitivity", self.sensitivity, SENSITIVITY_COLUMNS)
        for name, (_, columns) in _OPTIONAL.items():
            _require(name, getattr(self, name), columns)
        _refuse_leaks("metric_value", self.metric_value)
        _refuse_leaks("metric_breakdown", self.metric_breakdown)

    @classmethod
    def from_published(
        cls,
        path: Path,
        *,
        metrics: dict[str, Metric] | None = None,
        programme: Programme | None = None,
        downloads: tuple[Download, ...] = (),
    ) -> SiteInputs:
        """Read the published DuckDB of one release (never the warehouse).

        Only what pages show is read: sector detail for England, and for networks the three newest periods.
        Raises :class:`InputError` where a table or column is missing.
        """
        with duckdb.connect(str(path), read_only=True) as connection:
            frames: dict[str, Any] = {name: _query(connection, name, sql) for name, sql in _QUERIES.items()}
            present = {
                row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()
            }
            frames |= {
                name: _query(connection, name, f"select * from {table}")
                for name, (table, _) in _OPTIONAL.items()
                if table in present
            }
            release = read_release(connection)
        return cls(
            **frames,
            metrics=load_metrics() if metrics is None else metrics,
            programme=load_programme() if programme is None else programme,
            release=release,
            downloads=downloads,
        )


def read_release(connection: duckdb.DuckDBPyConnection) -> ReleaseInfo:
    """The facts of the release a published database belongs to. Raises :class:`InputError`."""
    release = _query(connection, "release_info", "select * from release_info")
    if len(release) != 1:
        raise InputError(f"release_info: found {len(release)} rows, expected 1")
    return _release(cast("dict[str, Any]", release.to_dict("records")[0]))


_SHOWN_VALUES = """
    select *
    from {table}
    where org_level in ('england', 'region', 'icb', 'pcn') and (sector = 'all' or org_level = 'england')
    qualify org_level <> 'pcn' or dense_rank() over (
        partition by metric_id, org_level, period_grain order by period_start desc
    ) <= 3
"""
_QUERIES = {
    "metric_value": _SHOWN_VALUES.format(table="fct_metric_value"),
    "metric_breakdown": _SHOWN_VALUES.format(table="fct_metric_breakdown"),
    "organisation": "select * from dim_organisation",
    "sensitivity": "select * from fct_metric_sensitivity where variant = 'constant_reporters'",
    "practice": "select practice_code, practice_name, pcn_code from dim_practice",
    "feed_status": "select * from feed_status",
    "check_result": "select * from check_result",
}


def _query(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> pd.DataFrame:
    try:
        return connection.execute(sql).df()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise InputError(f"published table behind {name} cannot be read: {error}") from error


def _release(row: dict[str, Any]) -> ReleaseInfo:
    published = pd.Timestamp(row["published_at"])
    return ReleaseInfo(
        release_id=str(row["release_id"]),
        published_at=published.to_pydatetime(),
        data_to=pd.Timestamp(row["data_to"]).date(),
        next_update=None if pd.isna(row["next_update"]) else pd.Timestamp(row["next_update"]).date(),
        gate_status=str(row["gate_status"]),
        demonstration=bool(row["demonstration"]),
        override_reason=None if pd.isna(row.get("override_reason")) else str(row["override_reason"]),
        code_version="" if pd.isna(row.get("code_version")) else str(row["code_version"]),
        as_at=None if pd.isna(row.get("as_at")) else pd.Timestamp(row["as_at"]).date(),
        changed_from=None if pd.isna(row.get("changed_from")) else str(row["changed_from"]),
        changes_told=bool(row.get("changes_told", True)),
    )


def _require(name: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(f"{name}: columns missing: {', '.join(missing)}")


def _refuse_leaks(name: str, frame: pd.DataFrame) -> None:
    hidden = frame["suppressed"].fillna(False).astype(bool) | frame["symbol"].isin(WITHHELD)
    leaking = hidden & frame["value"].notna()
    if leaking.any():
        first = frame.loc[leaking].iloc[0]
        raise InputError(
            f"{name}: {int(leaking.sum())} withheld cells carry a value, first {first['metric_id']} at"
            f" {first['org_level']} level, {first['period_grain']} from {first['period_start']}:"
            " expected none"
        )
