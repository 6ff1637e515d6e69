"""Two builds made by hand: units, events and the figures that follow from the units, computed here and not in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from dbt_project.registry import Metric
from evaluation.estimates import TIME_ESTIMATORS
from orchestration.builds import Build, Input
from orchestration.fingerprint import figures_version
from orchestration.history.picture import Picture
from orchestration.settings import Settings, load_settings

OLD_CUT_OFF, NEW_CUT_OFF = date(2025, 6, 30), date(2025, 9, 30)
START = date(2021, 4, 1)
NETWORKS = {  # network: sub-ICB location, board, region
    "U1": ("L1", "QA1", "Y1"),
    "U2": ("L2", "QA2", "Y1"),
    "U3": ("L3", "QB1", "Y2"),
}
LEVELS = ("england", "region", "icb", "pcn")
FIGURE_KEY = ("org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography")


@dataclass(frozen=True)
class Unit:
    """Who is counted, when and where; in the numerator too if ``is_reached``."""

    key: str
    day: date
    network: str = "U1"
    strand: str = "independent_prescribing"
    sector: str = "pcn"
    amount: float = 1.0
    is_reached: bool = True
    duration: float | None = None
    outcome: int | None = None


@dataclass(frozen=True)
class Event:
    """Something told of a person: what the steps look up to tell a correction from news."""

    event_id: str
    person: str
    day: date
    strand: str = "independent_prescribing"


@dataclass
class World:
    """What one build knows of one metric."""

    units: list[Unit] = field(default_factory=list[Unit])
    events: list[Event] = field(default_factory=list[Event])


def make_pictures(folder: Path, metric: Metric, old: World, new: World) -> tuple[Picture, Picture]:
    """Two finished builds of today's code, below ``folder``."""
    settings = load_settings(home=folder).prepare()
    return (
        _picture(settings, "000001-old", OLD_CUT_OFF, metric, old),
        _picture(settings, "000002-new", NEW_CUT_OFF, metric, new),
    )


def _picture(settings: Settings, name: str, cut_off: date, metric: Metric, world: World) -> Picture:
    build = Build(name, name, "", cut_off, (Input("f", "t", "0"),), (), None, figures_version())
    path = build.path(settings)
    path.unlink(missing_ok=True)
    units = pd.DataFrame(
        [row for unit in world.units for row in _unit_rows(metric, unit)], columns=_UNIT_COLUMNS
    )
    events = pd.DataFrame(
        [(event.event_id, event.person, None, event.strand, event.day) for event in world.events],
        columns=["event_id", "person_key", "enrolment_id", "strand", "event_date"],
    )
    figures = figures_of(metric, world.units, cut_off)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for table, frame, types in (
            ("fct_metric_unit", units, _UNIT_TYPES),
            ("fct_event", events, _EVENT_TYPES),
            ("fct_metric_value", figures, _FIGURE_TYPES),
        ):
            connection.register("frame", frame)
            picked = ", ".join(
                f"cast({column} as {types.get(column, 'varchar')}) as {column}" for column in frame
            )
            connection.execute(f"create table marts.{table} as select {picked} from frame")
            connection.unregister("frame")
    return Picture(build, settings)


def _unit_rows(metric: Metric, unit: Unit) -> Iterable[tuple[object, ...]]:
    parts = ["numerator"] if unit.is_reached else []
    parts += ["denominator"] if metric.denominator is not None else []
    for part in parts:
        for geography in ("as_was", "as_now"):
            place = (unit.network, *NETWORKS[unit.network])
            time = (unit.duration, unit.outcome) if metric.method == "estimate" else (None, None)
            yield (
                metric.id, part, unit.key, unit.day, unit.strand, unit.sector, None, unit.amount, geography,
                *place, *time,
            )  # fmt: skip


def figures_of(metric: Metric, units: list[Unit], cut_off: date) -> pd.DataFrame:
    """The metric's figures by definition: every unit in each of its cells, then a value a cell."""
    cells: dict[tuple[object, ...], list[Unit]] = {}
    for unit in units:
        if START <= unit.day <= cut_off:
            for cell in _cells(metric, unit):
                cells.setdefault(cell, []).append(unit)
    rows = [(metric.id, *cell, *_value(metric, members)) for cell, members in cells.items()]
    return pd.DataFrame(rows, columns=["metric_id", *FIGURE_KEY, "value", "numerator", "denominator"])


def _cells(metric: Metric, unit: Unit) -> Iterable[tuple[object, ...]]:
    places = dict(
        zip(("pcn", "sub_icb", "icb", "region"), (unit.network, *NETWORKS[unit.network]), strict=True)
    )
    places["england"] = "ENG"
    for level in metric.levels:
        for strand in ("all", unit.strand) if metric.strands else ("all",):
            for sector in ("all", unit.sector) if metric.by_sector and level != "pcn" else ("all",):
                for grain in metric.grains:
                    for geography in ("as_was", "as_now"):
                        period = _period(grain, unit.day)
                        yield (level, places[level], strand, sector, period, grain, geography)


def _period(grain: str, day: date) -> date:
    if grain == "all":
        return START
    if grain == "year":
        return date(day.year - (day.month < 4), 4, 1)
    month = day.month if grain == "month" else 3 * ((day.month - 1) // 3) + 1
    return date(day.year, month, 1)


def _value(metric: Metric, members: list[Unit]) -> tuple[float | None, float | None, float | None]:
    reached = [unit for unit in members if unit.is_reached]
    if metric.method == "estimate":
        frame = pd.DataFrame(
            {
                "cell": 0,
                "duration_days": [u.duration for u in members],
                "outcome": [u.outcome for u in members],
            }
        )
        found = TIME_ESTIMATORS[str(metric.estimator)](frame, 1, float(metric.horizon_days or 0))
        scale = 100.0 if metric.unit == "percent" else 1.0
        estimate = found["estimate"].iloc[0]
        return (None if pd.isna(estimate) else scale * estimate, float(len(reached)), float(len(members)))
    if metric.numerator.agg == "median":
        middle = float(pd.Series([unit.amount for unit in reached]).median())
        return (middle, middle, float(len(members)))
    if metric.denominator is None:
        return (float(len(reached)), float(len(reached)), None)
    return (100.0 * len(reached) / len(members), float(len(reached)), float(len(members)))


_UNIT_COLUMNS = [
    "metric_id", "part", "unit_key", "event_date", "strand", "sector", "category", "amount", "geography",
    "pcn_code", "sub_icb_code", "icb_code", "region_code", "duration_days", "outcome",
]  # fmt: skip
_UNIT_TYPES = {"event_date": "date", "amount": "double", "duration_days": "double", "outcome": "integer"}
_EVENT_TYPES = {"event_date": "date"}
_FIGURE_TYPES = {"period_start": "date", "value": "double", "numerator": "double", "denominator": "double"}
