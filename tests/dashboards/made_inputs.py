"""Small made-up inputs with every board of the tile grid: every page, chart and symbol occurs."""

from __future__ import annotations

import csv
import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import made_impact
import pandas as pd

from dashboards import ReleaseInfo, SiteInputs
from dashboards.inputs import BREAKDOWN_COLUMNS, CHANGE_COLUMNS, CHANGE_PARTS, HISTORY_COLUMNS, VALUE_COLUMNS
from dbt_project.registry import Metric, Programme, load_metrics, load_programme
from evaluation.funnel import rate_funnel
from evaluation.process_control import process_chart

DATA_TO = date(2026, 9, 30)
START = date(2021, 4, 1)
REGIONS = {
    "Y56": "London",
    "Y58": "South West",
    "Y59": "South East",
    "Y60": "Midlands",
    "Y61": "East of England",
    "Y62": "North West",
    "Y63": "North East and Yorkshire",
}
BOARDS_FILE = Path(__file__).parent / "boards.csv"
SECRET = 777.25  # planted behind suppressed cells; must appear in no file
SECRETS = ("777.25", "777,25")
Row = dict[str, Any]


def share(*parts: object) -> float:
    """A number between 0 and 1 that depends on its arguments alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def boards() -> list[dict[str, str]]:
    """The 42 boards: code, name, region code."""
    with BOARDS_FILE.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def organisation(networks_each: int = 4) -> pd.DataFrame:
    """England, regions, boards and a few networks per board."""
    rows: list[Row] = [_organisation("england", "ENG", "England")]
    rows += [_organisation("region", code, name, region=code) for code, name in REGIONS.items()]
    for number, board in enumerate(boards()):
        code, region = board["icb_code"], board["region_code"]
        rows.append(_organisation("icb", code, board["icb_name"], icb=code, region=region))
        for k in range(networks_each):
            name = f"{('NORTH', 'SOUTH', 'EAST', 'WEST', 'CENTRAL')[k % 5]} VALLEY {k + 1} AND THE HILLS PCN"
            rows.append(_organisation("pcn", f"U{number:02d}{k:03d}", name, icb=code, region=region))
    return pd.DataFrame(rows)


def _organisation(
    level: str, code: str, name: str, *, icb: str | None = None, region: str | None = None
) -> Row:
    return {
        "org_level": level,
        "org_code": code,
        "org_name": name,
        "sub_icb_code": None,
        "icb_code": icb,
        "region_code": region,
        "valid_from": START,
        "valid_to": None,
        "is_current": True,
        "successor_code": None,
    }


def _periods(grain: str) -> list[date]:
    if grain == "all":
        return [START]
    step = {"month": 1, "quarter": 3, "year": 12}[grain]
    months = range(0, (DATA_TO.year - START.year) * 12 + DATA_TO.month - START.month + 1, step)
    return [date(START.year + (START.month - 1 + m) // 12, (START.month - 1 + m) % 12 + 1, 1) for m in months]


_SIZE = {"england": 1.0, "region": 1 / 7, "icb": 1 / 42, "pcn": 1 / 1250}
_BASE = {
    "people": 4000.0,
    "count": 900.0,
    "fte": 5200.0,
    "rate": 8.0,
    "percent": 62.0,
    "days": 74.0,
    "gbp": 6100.0,
    "ratio": 1.4,
    "difference": 2.5,
}
_PART_OF_YEAR = {"month": 1 / 12, "quarter": 1 / 4, "year": 1.0, "all": 5.2}


def _numbers(metric: Metric, place: tuple[str, str], period: tuple[str, date], cut: str) -> Row:
    """A value of the right size for the place and period, with the parts and interval its unit has."""
    (level, code), (grain, start) = place, period
    years = (start - START).days / 365
    wobble = 0.8 + 0.4 * share(metric.id, code) + 0.06 * share(metric.id, code, start, grain, cut)
    value = _BASE[metric.unit] * wobble * (0.7 + 0.08 * years if grain != "all" else 1.0)
    found: Row = dict.fromkeys(("numerator", "denominator", "lower_95", "upper_95"))
    if metric.id == "spend_against_ceiling":
        found |= {"numerator": 15_900_000 * min(0.99, 0.02 + 0.17 * years), "denominator": 15_900_000.0}
        value = 100 * found["numerator"] / found["denominator"]
    elif metric.id == "prescribers_in_post" and level == "pcn" and share(code, "nobody") < 1 / 4:
        value = 0.0
    elif metric.unit in ("people", "count", "fte"):
        value *= _SIZE[level] * (_PART_OF_YEAR[grain] if metric.kind == "flow" else 1.0)
        value = round(value, 0 if metric.unit != "fte" else 2)
    elif metric.unit == "percent":
        size = round(20000 * _SIZE[level] * wobble) + 12
        found |= {"numerator": round(size * min(value, 97.0) / 100), "denominator": size}
        value = 100 * found["numerator"] / size
        half = 196 * (value / 100 * (1 - value / 100) / size) ** 0.5
        found |= {"lower_95": max(0.0, value - half), "upper_95": min(100.0, value + half)}
    elif metric.method == "unit_cost":
        people = round(900 * wobble)
        found |= {"numerator": round(value * people), "denominator": people}
        value = found["numerator"] / people
    elif metric.unit == "rate":
        found["denominator"] = round(62_000_000 * _SIZE[level] * wobble)
    if metric.interval != "none" and metric.unit != "percent":
        found |= {"lower_95": value * 0.9, "upper_95": value * 1.1}
    return {"value": value, **found}


def _symbol(metric: Metric, level: str, code: str, grain: str, start: date) -> str:
    if metric.kind == "cohort" and (grain == "all" or start > date(2024, 9, 1)):
        return "e"
    hidden = {"pcn": 0.5, "icb": 0.08}.get(level, 0.0) if metric.disclosure_class != "A" else 0.0
    if metric.unit in ("people", "count", "rate") and share(code, metric.id, "hide") < hidden:
        return "c"
    return "p" if start >= date(2026, 7, 1) else ""


def _cell(metric: Metric, place: tuple[str, str], period: tuple[str, date], strand: str, sector: str) -> Row:
    (level, code), (grain, start) = place, period
    cut = strand + sector if len(metric.strands) > 1 or sector != "all" else ""
    shown = _numbers(metric, place, period, cut)
    symbol = _symbol(metric, level, code, grain, start)
    if symbol in ("c", "e"):
        # A release hides the value; the parts left behind here must not come through either.
        shown = {**dict.fromkeys(shown, SECRET), "value": None}
    return {
        "metric_id": metric.id,
        "org_level": level,
        "org_code": code,
        "strand": strand,
        "sector": sector,
        "period_start": start,
        "period_grain": grain,
        "geography": "as_now",
        **shown,
        "unit": metric.unit,
        "status": {"e": "too_early", "p": "provisional"}.get(symbol, "final"),
        "suppressed": symbol == "c",
        "symbol": symbol,
        "definition_version": metric.version,
        "vintage": DATA_TO,
    }


def metric_value(
    metrics: dict[str, Metric], places: pd.DataFrame, *, without: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Rows of every metric for every place and period it is defined for; ``without`` leaves metrics out."""
    rows: list[Row] = []
    for metric in metrics.values():
        if metric.id in without:
            continue
        for level, code in zip(places["org_level"], places["org_code"], strict=True):
            if level not in metric.levels:
                continue
            for grain in metric.grains:
                if level == "pcn" and grain != ("all" if "all" in metric.grains else "month"):
                    continue
                periods = _periods(grain)[-2:] if level == "pcn" else _periods(grain)
                strands = ("all", *metric.strands) if level != "pcn" else ("all",)
                sectors = ("all", "community_pharmacy", "general_practice") if metric.by_sector else ("all",)
                for start in periods:
                    for strand in strands:
                        for sector in sectors if level == "england" and strand != "all" else ("all",):
                            rows.append(_cell(metric, (level, code), (grain, start), strand, sector))
    return pd.DataFrame(rows, columns=[*VALUE_COLUMNS, "definition_version", "vintage"])


def metric_breakdown(metrics: dict[str, Metric], programme: Programme) -> pd.DataFrame:
    """The stages of every strand's funnel: of those who reached it, those who went on."""
    rows: list[Row] = []
    metric = metrics["funnel_conversion"]
    for strand in programme.strands:
        for start in _periods("year"):
            reached = 3000
            for stage in strand.stages[:-1]:
                onward = round(reached * (0.7 + 0.25 * share(strand.id, stage)))
                row = _cell(metric, ("england", "ENG"), ("year", start), strand.id, "all")
                if row["value"] is not None:
                    row |= {"numerator": onward, "denominator": reached, "value": 100 * onward / reached}
                    row |= {"lower_95": row["value"] - 1.5, "upper_95": row["value"] + 1.5}
                rows.append({**row, "dimension": "stage", "category": stage})
                reached = onward
    rows += [row for name, parts in GROUPS.items() for row in _groups(metrics[name], parts)]
    rows += _paths(metrics["sector_pathways"], tuple(programme.sectors))
    return pd.DataFrame(rows, columns=[*BREAKDOWN_COLUMNS, "definition_version", "vintage"])


_PEOPLE = {"age_band": ("under_30", "30_39", "60_and_over"), "sex": ("female", "male", "other")}
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "region_gap": {"region": tuple(REGIONS)},
    "sector_gap": {"sector": ("community_pharmacy", "pcn", "unknown")},
    "representation": {**_PEOPLE, "ethnic_group": ("asian", "other")},
    "completion_gap": _PEOPLE,
}


def _groups(metric: Metric, parts: dict[str, tuple[str, ...]]) -> list[Row]:
    """England's gaps since the start by group: some above, some below, some that chance could have made."""
    rows: list[Row] = []
    for number, (dimension, category) in enumerate((d, c) for d, found in parts.items() for c in found):
        row = _cell(metric, ("england", "ENG"), ("all", START), "all", "all")
        middle = 1.0 if metric.unit == "ratio" else 0.0
        value = round(middle + 0.1 * (number % 3 - 1) + 0.01 * share(metric.id, dimension, category), 4)
        row |= {"value": value, "lower_95": value - 0.04, "upper_95": value + 0.04}
        rows.append({**row, "dimension": dimension, "category": category})
    return rows


def _paths(metric: Metric, sectors: tuple[str, ...]) -> list[Row]:
    """People by sector at the start and sector later; what is 7 or less, and some beside it, is withheld."""
    rows: list[Row] = []
    for origin in sectors:
        for destination in sectors:
            row = _cell(metric, ("england", "ENG"), ("all", START), "all", "all")
            number = float(5 * round(200 * share(metric.id, origin, destination) ** 3))
            withheld = number < 10 or destination == "hospital"
            kept = (
                {"value": None, "numerator": SECRET}
                if withheld
                else dict.fromkeys(("value", "numerator"), number)
            )
            told = {"status": "provisional", "suppressed": withheld, "symbol": "c" if withheld else "p"}
            rows.append({**row, **kept, **told, "dimension": f"from_{origin}", "category": destination})
    return rows


CONSTANT_FROM = date(2023, 10, 1)
CONSTANT_SHARE = 0.875


def sensitivity(values: pd.DataFrame) -> pd.DataFrame:
    """Network staff over the networks that reported every time: a fixed part of each figure, in a window."""
    staff = values["metric_id"].str.match(r"pcn_.*_(fte|headcount)$")
    above = values["org_level"].isin(["england", "region", "icb"])
    rows = values[staff & above & (values["period_start"] >= CONSTANT_FROM)]
    return pd.DataFrame(
        rows[["metric_id", "org_level", "org_code", "period_start", "period_grain"]].assign(
            variant="constant_reporters", value=rows["value"].astype(float) * CONSTANT_SHARE
        )
    )


def network_funnel(places: pd.DataFrame) -> pd.DataFrame:
    """Prescribers in post of every network against their limits; one network in eight has many."""
    codes = places.loc[places["org_level"] == "pcn", "org_code"].tolist()
    patients = [25_000 + round(60_000 * share(code, "patients")) for code in codes]
    people = [12 if share(code, "many") < 1 / 8 else round(4 * share(code, "people")) for code in codes]
    frame = rate_funnel(people, patients, per=10_000)
    return frame.assign(
        metric_id="prescribers_in_post",
        org_code=codes,
        period_start=date(2026, 9, 1),
        period_grain="month",
        per=10_000,
        phi=1.0,
    )


def control_chart() -> pd.DataFrame:
    """Two years of new prescribers by month, one of them far above the others."""
    months = pd.date_range("2024-10-01", periods=24, freq="MS")
    values = [100.0 + round(20 * share(month)) for month in months]
    values[10] = 220.0
    chart = process_chart(pd.DataFrame({"period": months, "value": values}))
    return chart.rename(columns={"period": "period_start"}).assign(
        metric_id="new_independent_prescribers", period_grain="month"
    )


CHANGED = ("new_independent_prescribers", "pcn_coverage", "spend_against_ceiling", "pcn_pharmacists_fte")


def metric_change(values: pd.DataFrame) -> pd.DataFrame:
    """England's newest figure of four measures, each moved by other causes, beside rows that must not be shown."""
    england = values[
        (values["org_level"] == "england") & (values["strand"] == "all") & values["value"].notna()
    ]
    rows: list[Row] = []
    for number, metric in enumerate(name for name in CHANGED if name in set(england["metric_id"])):
        mine = england[(england["metric_id"] == metric) & (england["sector"] == "all")]
        if mine.empty:
            continue  # a measure that the inputs leave out
        longest = mine[mine["period_grain"] == ("all" if "all" in set(mine["period_grain"]) else "month")]
        newest = longest.sort_values("period_start").iloc[-1]
        parts = dict.fromkeys(CHANGE_PARTS, 0.0)
        for place, name in enumerate(CHANGE_PARTS[: number + 2]):
            parts[name] = float((-1) ** place * (place + 2))
        cell: Row = {name: newest[name] for name in VALUE_COLUMNS[:8]}
        change = sum(parts.values())
        now = round(float(newest["value"]), 6)
        told = {"old_value": now - change, "new_value": now, "change": change, **parts, "reason": None}
        rows += [{**cell, **told}, {**cell, **told, "geography": "as_was", "old_value": SECRET}]
        rows.append({**cell, **told, "reason": "no value in the earlier release", "old_value": None})
    frame = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    return frame.astype({"reason": "string"})


BEFORE = "2026-10-22-0f1e2d"


def release_history() -> pd.DataFrame:
    """Two releases before this one, one of them a picture of the past."""
    cells = (
        (BEFORE, "2026-10-22", "2026-08-31", "", "passed"),
        ("2026-10-21-5a4b3c", "2026-10-21", "2026-08-31", "2026-03-31", "overridden"),
    )
    return pd.DataFrame(cells, columns=list(HISTORY_COLUMNS))


LATER_CURVES = (
    "median_days_qualified_to_annotated",
    "median_days_annotated_to_deployed",
    "retention_12_months_same_pcn",
    "retention_12_months_primary_care",
)


def time_curve() -> pd.DataFrame:
    """Shares that have passed by month, in England and in two regions, for one strand; in England what comes after."""
    rows: list[Row] = []
    for metric_id in LATER_CURVES:
        for months in (2, 5, 12):
            so_far = round(3 * months + 5 * share(metric_id, months), 1)
            rows.append(
                {
                    "metric_id": metric_id,
                    "org_level": "england",
                    "org_code": "ENG",
                    "strand": "independent_prescribing",
                    "months": months,
                    "share": so_far,
                    "lower_95": round(so_far - 1.2, 1),
                    "upper_95": round(so_far + 1.2, 1),
                }
            )
    for level, code in (("england", "ENG"), ("region", "Y56"), ("region", "Y63")):
        for months in (6, 9, 12, 18):
            passed = round(4.5 * months + 5 * share(code, months), 1)
            key = {"metric_id": "median_days_to_qualify", "org_level": level, "org_code": code}
            bounds = {"lower_95": round(passed - 1.5, 1), "upper_95": round(passed + 1.5, 1)}
            rows.append(
                {**key, "strand": "independent_prescribing", "months": months, "share": passed, **bounds}
            )
    return pd.DataFrame(rows)


def time_test() -> pd.DataFrame:
    """A test that finds a difference, one that does not, and one that is far beyond any doubt."""
    key = {"metric_id": "median_days_to_qualify", "strand": "independent_prescribing"}
    results = (("cohort", 31.4, 3, 7.03e-07), ("region", 3.2, 2, 0.202), ("sector", 3.9, 1, 0.0483))
    names = ("comparison", "statistic", "degrees_of_freedom", "p")
    passes = [{**key, **dict(zip(names, result, strict=True))} for result in results]
    left = {**key, "metric_id": LATER_CURVES[2], **dict(zip(names, ("region", 2.86, 2, 0.239), strict=True))}
    return pd.DataFrame([*passes, left])


def time_test_group() -> pd.DataFrame:
    """Who was compared: a small sector, one left out, and one withheld because of it."""
    key = {"metric_id": "median_days_to_qualify", "strand": "independent_prescribing"}
    members = {
        "cohort": (("2022-04-01", 1240), ("2023-04-01", 1310), ("2024-04-01", 1105), ("2025-04-01", 990)),
        "region": (("Y56", 450), ("Y61", 520), ("Y63", 610)),
        "sector": (("hospital", 85), ("other", None), ("pcn", None)),
    }
    frame = pd.DataFrame(
        {**key, "comparison": name, "group_code": code, "people": people, "is_compared": code != "other"}
        for name, groups in members.items()
        for code, people in groups
    )
    left = frame[frame["comparison"] == "region"].assign(metric_id=LATER_CURVES[2])
    return pd.concat([frame, left], ignore_index=True).astype({"people": "Int64"})


FEEDS = (
    ("provider_return", "Provider returns", "received", 214, 48_211, 62, 3, DATA_TO),
    ("gphc_register", "Professional register", "received", 54, 3_210_442, 0, 0, DATA_TO),
    ("pcn_workforce", "PCN Workforce, individual level", "received", 22, 401_223, 0, 1, DATA_TO),
    ("deployment_return", "Deployment returns", "stale", 12, 8_121, 4, 0, date(2026, 3, 31)),
    ("spend", "Finance return", "received", 5, 300, 0, 0, DATA_TO),
    ("accredited_courses", "Accredited courses", "missing", 0, 0, 0, 0, None),
)


def feed_status() -> pd.DataFrame:
    """Feeds in each state."""
    names = ("feed", "title", "status", "files", "rows_accepted", "rows_quarantined", "files_refused")
    return pd.DataFrame(
        [
            {
                **dict(zip((*names, "latest_data"), feed, strict=True)),
                "owner": "Programme evaluation data team",
            }
            for feed in FEEDS
        ]
    )


def check_result() -> pd.DataFrame:
    """Gate checks in each state."""
    cells: list[tuple[str, ...]] = [
        ("funnel", "fct_metric_breakdown", "critical", "passed", "0 rises", "0", "No funnel rises"),
        (
            "movement",
            "fct_metric_value",
            "warning",
            "failed",
            "18.2%",
            "at most 15%",
            "Pharmacists move little",
        ),
        ("freshness", "deployment_return", "info", "crashed", "", "92 days", "Deployment returns are fresh"),
    ]
    for number in range(24):
        seen, told = str(number), f"Share {number} lies within its bounds"
        cells.append((f"bounds_{number}", "fct_metric_value", "critical", "passed", seen, "0 to 100", told))
    names = ("check_id", "asset", "severity", "status", "seen", "bound", "description")
    return pd.DataFrame(
        [{**dict(zip(names, cell, strict=True)), "owner": "Data team", "rows": None} for cell in cells]
    )


def practice(places: pd.DataFrame) -> pd.DataFrame:
    """Two practices for each network."""
    rows: list[Row] = []
    for code in places.loc[places["org_level"] == "pcn", "org_code"].tolist():
        for k, name in enumerate(("ABBEY", "LAKE")):
            practice_name = f"{name} SURGERY {code}"
            rows.append(
                {"practice_code": f"P{code[1:]}{k}", "practice_name": practice_name, "pcn_code": code}
            )
    return pd.DataFrame(rows)


def release(**changes: Any) -> ReleaseInfo:
    """The facts of a made-up release."""
    facts: dict[str, Any] = {
        "release_id": "2026-11-22-a1b2c3",
        "published_at": datetime(2026, 11, 22, 9, 30),
        "data_to": DATA_TO,
        "next_update": date(2026, 12, 17),
        "gate_status": "passed_with_warnings",
        "demonstration": True,
        "code_version": "0.1.0",
        "changed_from": BEFORE,
    }
    return ReleaseInfo(**{**facts, **changes})


@cache
def _values(networks_each: int, without: tuple[str, ...]) -> pd.DataFrame:
    """The figures, made once a process: many tests ask for the same."""
    return metric_value(load_metrics(), organisation(networks_each), without=without)


def inputs(
    *, networks_each: int = 4, without: tuple[str, ...] = ("courses_accredited",), **changes: Any
) -> SiteInputs:
    """Complete inputs; keyword arguments change the release."""
    metrics, programme, places = load_metrics(), load_programme(), organisation(networks_each)
    values = _values(networks_each, without).copy()
    return SiteInputs(
        metric_value=values,
        metric_breakdown=metric_breakdown(metrics, programme),
        organisation=places,
        feed_status=feed_status(),
        check_result=check_result(),
        metrics=metrics,
        programme=programme,
        release=release(**changes),
        practice=practice(places),
        sensitivity=sensitivity(values),
        network_funnel=network_funnel(places),
        control_chart=control_chart(),
        metric_change=metric_change(values),
        release_history=release_history(),
        time_curve=time_curve(),
        time_test=time_test(),
        time_test_group=time_test_group(),
        **made_impact.frames(),
        plans=made_impact.plans(),
    )
