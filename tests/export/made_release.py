"""A small made-up build and its published database: every metric, every symbol, and names that try to be formulas."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pandas as pd
import yaml

from dbt_project.registry import DBT_PROJECT_DIR, Metric, load_metrics, load_programme
from dbt_project.registry.published_tables import load_published_tables
from orchestration.disclosed import write_published
from orchestration.offered import offer
from orchestration.protecting import Protection

Row = dict[str, Any]

DATA_TO = date(2026, 6, 30)
PUBLISHED_AT = datetime(2026, 7, 9, 8, 30, 14, tzinfo=UTC)
RELEASE_ID = "2026-06-30-0a1b2c3d"
SILENT = "U00006"  # the network that does not report
TRICKY = {
    "U00001": '=HYPERLINK("http://example.test","NORTH") PCN',
    "U00002": "+SOUTH & EAST, <ALL> PCN",
    "U00003": "-2 WEST PCN",
    "U00004": "@SUM(A1) PCN",
    "U00005": "\tTAB AND\nLINE PCN",
    SILENT: '\'S QUOTED "CAFÉ" PCN ',
}
PLACES = (
    ("england", "ENG", "England"),
    ("region", "Y58", "South West"),
    ("region", "Y60", "Midlands"),
    ("icb", "QAA", "NHS First Integrated Care Board"),
    ("icb", "QBB", "NHS Second Integrated Care Board"),
    ("icb", "QCC", "NHS Third Integrated Care Board"),
    ("sub_icb", "01A", "NHS First ICB - 01A"),
    *(("pcn", code, name) for code, name in TRICKY.items()),
)
SIZES = {"england": 4000, "region": 1500, "icb": 300, "sub_icb": 60, "pcn": 14}
PERIODS = {
    "month": (date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)),
    "quarter": (date(2026, 1, 1), date(2026, 4, 1)),
    "year": (date(2024, 4, 1), date(2025, 4, 1), date(2026, 4, 1)),
    "all": (date(2021, 4, 1),),
}


def contracts() -> dict[str, dict[str, str]]:
    """Columns and types of every mart, as dbt enforces them."""
    path = DBT_PROJECT_DIR / "models" / "marts" / "_marts__models.yml"
    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in models
    }


def write_build(path: Path, raw: Path) -> None:
    """A build: marts in tables and one view, and a raw view that reads ``raw``, a Parquet file made here."""
    duckdb.sql("select 'U00001' as pcn_code, 7 as secret_count").write_parquet(str(raw))
    rows = _marts()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as wh")
        connection.execute("use wh")
        connection.execute("create schema wh.marts")
        connection.execute("create schema wh.raw")
        connection.execute(f"create view wh.raw.source as from read_parquet('{raw}')")
        connection.execute(
            "create table wh.raw.build_info as select '000001-abc' as build_id, ?::date as vintage", [DATA_TO]
        )
        for table, columns in contracts().items():
            if table != "fct_metric_unit":
                _create(connection, table, columns, rows.get(table, ()))
        connection.execute("create schema wh.intermediate")
        connection.execute(
            "create view wh.intermediate.int_organisation_period as "
            "select distinct org_level, org_code, geography, period_grain, period_start from wh.marts.fct_metric_value"
        )
        connection.execute(
            "create view wh.marts.fct_metric_unit as "
            "select metric_id, org_code as unit_key from wh.marts.fct_metric_value"
        )


def _marts() -> dict[str, Sequence[Row]]:
    """Rows of the marts that hold any."""
    metrics = load_metrics()
    return {
        "fct_metric_value": [row for metric in metrics.values() for row in figures(metric)],
        "fct_metric_breakdown": [
            {**row, "dimension": name, "category": category}
            for metric in metrics.values()
            for name in metric.breakdowns
            for category in ("first_group", "second_group")
            for row in figures(metric, category)
            if row["sector"] == "all"
        ],
        "fct_metric_sensitivity": [
            {**row, "variant": "constant_reporters", "vintage": DATA_TO}
            for metric in metrics.values()
            if metric.unit in ("people", "fte")
            for row in figures(metric)
            if row["geography"] == "as_now" and row["strand"] == row["sector"] == "all"
        ],
        "dim_organisation": [
            {"org_level": level, "org_code": code, "org_name": name, "is_current": True}
            for level, code, name in PLACES
        ],
        "dim_metric": [definition(metric) for metric in metrics.values()],
        "dim_practice": [
            {
                "practice_code": f"P{n}",
                "practice_name": f"SURGERY {n}",
                "pcn_code": code,
                "patients": 9000 + n,
            }
            for n, code in enumerate(TRICKY)
        ],
        "dim_practice_pcn_membership": [
            {"practice_code": f"P{n}", "pcn_code": code, "valid_from": date(2021, 4, 1)}
            for n, code in enumerate(TRICKY)
        ],
        "dim_person": [{"person_key": "k1", "profession": "pharmacist"}],
        "fct_event": [
            {
                "event_id": "e1",
                "person_key": "k1",
                "strand": "independent_prescribing",
                "event_type": "started",
                "event_date": date(2025, 4, 7),
                "source": "provider_return",
            }
        ],
    }


def _create(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], rows: Sequence[Row]
) -> None:
    connection.execute(
        f"create table wh.marts.{table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
    )
    if rows:
        frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows]).astype(object)
        frame = frame.where(frame.notna(), None)
        connection.register("made", pd.DataFrame(frame))
        connection.execute(f"insert into wh.marts.{table} by name from made")
        connection.unregister("made")


def write_release(build: Path, target: Path, **release: Any) -> None:
    """The published database of a build, through the disclosure control that real releases go through."""
    info = {
        "release_id": RELEASE_ID,
        "published_at": PUBLISHED_AT,
        "data_to": DATA_TO,
        "next_update": date(2026, 8, 9),
        "gate_status": "passed",
        "demonstration": True,
        "override_reason": None,
        "code_version": "0123456789ab",
        **release,
    }
    feeds = [
        {
            "feed": "spend",
            "title": "Finance return",
            "status": "received",
            "files": 1,
            "rows_accepted": 9,
            "rows_quarantined": 0,
            "files_refused": 0,
            "latest_data": DATA_TO,
            "owner": "Programme evaluation data team",
        }
    ]
    checks = dict.fromkeys(
        ("check_id", "asset", "severity", "status", "seen", "bound", "owner", "description"), "x"
    )
    # made-up figures are no counts of the same people, and contradict one another: there is nothing to audit
    with patch.object(Protection, "protect"):
        write_published(
            build,
            target,
            metrics=load_metrics(),
            programme=load_programme(),
            frames={
                "release_info": pd.DataFrame([info]),
                "feed_status": pd.DataFrame(feeds),
                "check_result": pd.DataFrame([{**checks, "severity": "info", "status": "passed", "rows": 0}]),
                **worked_out(),
            },
        )
    offer(target)


DAY = pd.Timestamp("2026-03-02")
SHOWN, REFUSED, WAITING = "made_shown", "made_refused", "made_waiting"


def worked_out() -> dict[str, pd.DataFrame]:
    """Tables that a release works out after dbt: an analysis that is shown, and two that may show nothing."""
    made = _times() | _impact() | _charts()
    kinds = {
        "varchar": "string",
        "double": "float64",
        "bigint": "Int64",
        "boolean": "bool",
        "date": "datetime64[us]",
    }
    return {
        name: pd.DataFrame(made[name], columns=[column.name for column in table.columns]).astype(
            {column.name: kinds[column.data_type] for column in table.columns}
        )
        for name, table in load_published_tables().items()
    }


def _times() -> dict[str, list[Row]]:
    """A curve in England and one region, and a test between regions."""
    curve = {"metric_id": "median_days_to_qualify", "strand": "independent_prescribing"}
    return {
        "fct_time_curve": [
            {
                **curve,
                "org_level": level,
                "org_code": code,
                "months": 6,
                "share": 33.3,
                "lower_95": None,
                "upper_95": 35.0,
            }
            for level, code in (("england", "ENG"), ("region", "Y58"))
        ],
        "fct_time_test": [
            {**curve, "comparison": "region", "statistic": 3.2, "degrees_of_freedom": 1, "p": 0.0736}
        ],
        "fct_time_test_group": [
            {**curve, "comparison": "region", "group_code": "Y58", "people": 310, "is_compared": True},
            {**curve, "comparison": "region", "group_code": "Y60", "people": None, "is_compared": False},
        ],
    }


def _impact() -> dict[str, list[Row]]:
    """Analyses and what is published of them."""
    standings = ((SHOWN, "published", DAY), (REFUSED, "refused", DAY), (WAITING, "awaiting_lock", pd.NaT))
    analyses = [
        {
            **{column.name: "" for column in load_published_tables()["dim_analysis"].columns},
            "analysis_id": name,
            "title": f"=Analysis {name}",
            "outcome": "pcn_coverage",
            "status": status,
            "refused_because": "Fit too poor.\n-Too few donors." if status == "refused" else "",
            "locked_on": locked,
            "first_period": pd.Timestamp("2021-04-01"),
            "last_period": pd.NaT,
            "adopters": 849 if status == "published" else None,
            "others": 305 if status == "published" else None,
            "vintage": pd.Timestamp(DATA_TO),
        }
        for name, status, locked in standings
    ]
    numbers = {"se": 0.25, "lower_95": -1.5, "upper_95": 1 / 3, "band_lower": None, "p": 1e-12}
    estimates = [
        {"analysis_id": SHOWN, "part": "overall", "estimate": 0.1 + 0.2, **numbers, "units": 849},
        {"analysis_id": SHOWN, "part": "cohort", "cohort": DAY, "position": -2.0, "estimate": 1e16},
        {"analysis_id": SHOWN, "part": "leave_icb", "label": "+QAA", "estimate": 0.5},
    ]
    return {
        "dim_analysis": analyses,
        "fct_impact_estimate": estimates,
        "fct_impact_balance": [
            {
                "analysis_id": SHOWN,
                "variable": "deprivation",
                "adopters": 0.1,
                "others": 0.0,
                "difference": 0.05,
            }
        ],
        "fct_impact_reporting": [
            {"analysis_id": name, "period": DAY, "observed": 900, "units": 1200} for name in (SHOWN, REFUSED)
        ],
    }


def _charts() -> dict[str, list[Row]]:
    """Networks, months and links that stand out."""
    return {
        "fct_network_funnel": [
            {
                "metric_id": "prescribers_in_post",
                "org_code": code,
                "period_start": DAY,
                "period_grain": "month",
                "observed": people,
                "population": 51718.0,
                "rate": people / 5.1718,
                "expected": 12.5,
                "overall": 2.4142,
                "lower_95": 0.0,
                "upper_95": 3.83,
                "lower_998": 0.0,
                "upper_998": 4.2 + 0.1,
                "signal": signal,
                "per": 10_000,
                "phi": 1.5,
            }
            for code, people, signal in (("U00001", 12.0, "within"), ("U00002", 24.0, "high_998"))
        ],
        "fct_control_chart": [
            {
                "metric_id": "new_independent_prescribers",
                "period_start": DAY,
                "period_grain": "month",
                "value": 4.0,
                "mean": 11 / 6,
                "lower": -1.636,
                "upper": 5.302,
                **dict.fromkeys(("is_outside", "is_shift", "is_trend"), False),
                **dict.fromkeys(("is_close", "is_signal"), True),
            }
        ],
        "fct_linkage_band": [
            {
                "metric_id": "new_independent_prescribers",
                "strand": "all",
                "sector": "all",
                "period_start": DAY,
                "period_grain": "month",
                "geography": "as_now",
                "value": 4.0,
                "strict": 3.0,
                "lenient": 4.0,
            }
        ],
    }


def share(*parts: object) -> float:
    """A number between 0 and 1 that depends on its arguments alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def figures(metric: Metric, category: str = "") -> Iterator[Row]:
    """Figures of one metric as a build holds them: exact, for every place, grain and geography it is made for."""
    strands = ("all", *metric.strands)
    for level, code, _ in PLACES:
        if level not in metric.levels:
            continue
        for grain in metric.grains:
            for start in PERIODS[grain]:
                for strand in strands:
                    sectors = (
                        ("all", "hospital") if metric.by_sector and level in ("england", "icb") else ("all",)
                    )
                    for sector in sectors:
                        for geography in ("as_was", "as_now"):
                            key = {
                                "metric_id": metric.id,
                                "org_level": level,
                                "org_code": code,
                                "strand": strand,
                                "sector": sector,
                                "period_start": start,
                                "period_grain": grain,
                                "geography": geography,
                            }
                            yield {**key, **_numbers(metric, key, category)}


def _numbers(metric: Metric, key: Row, category: str) -> Row:
    size = SIZES[key["org_level"]] * (1 if key["strand"] == "all" else 0.5)
    lot = share(category, *key.values())
    denominator = float(round(size * (0.5 + lot)))
    numerator = float(round(denominator * share("part", category, *key.values())))
    found: Row = {"numerator": numerator, "denominator": None, "lower_95": None, "upper_95": None}
    value = numerator
    if metric.denominator is not None or metric.unit in ("percent", "rate", "ratio"):
        found["denominator"] = denominator
        value = numerator / max(denominator, 1) * (100 if metric.unit == "percent" else metric.per)
    elif metric.unit in ("days", "gbp", "difference"):
        found["denominator"] = denominator
        value = numerator * 1.37
    elif metric.unit == "fte":
        value = found["numerator"] = numerator * 1.0625
    if metric.interval != "none":
        found |= {"lower_95": value * 0.9, "upper_95": value * 1.1}
    status = "final"
    if key["org_code"] == SILENT and metric.kind == "stock":
        status = "not_reported"
        found |= {"numerator": 0.0, "denominator": None, "lower_95": None, "upper_95": None}
        value = 0.0
    elif metric.kind == "cohort" and key["period_start"] >= date(2026, 1, 1):
        status, value = "too_early", None
    elif found["denominator"] is not None and found["denominator"] < metric.unreliable_below:
        status = "unreliable"
    elif metric.kind != "stock" and key["period_start"] >= date(2026, 4, 1):
        status = "provisional"
    if value is None:
        found |= {"lower_95": None, "upper_95": None}
    return {
        **found,
        "value": value,
        "unit": metric.unit,
        "status": status,
        "definition_version": metric.version,
        "vintage": DATA_TO,
    }


def definition(metric: Metric) -> Row:
    """The entry of the registry as the build's own table holds it."""
    return {
        "metric_id": metric.id,
        "catalogue_number": metric.catalogue,
        "label": metric.label,
        "definition": metric.description,
        "question": metric.question,
        "why_it_matters": metric.why,
        "unit": metric.unit,
        "per": metric.per,
        "kind": metric.kind,
        "owner": metric.owner,
        "review_date": metric.review_date,
        "definition_version": metric.version,
    }
