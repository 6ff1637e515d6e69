"""Picking published values: which number stands for a place, a period and a strand; none is computed."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from dbt_project.registry import Metric

# The finest period first that still reads well, by kind of metric and place.
_GRAINS_BY_KIND: dict[str, tuple[str, ...]] = {
    "flow": ("year", "all", "quarter", "month"),
    "stock": ("month", "quarter", "year", "all"),
    "cohort": ("year", "all", "quarter", "month"),
    "cumulative": ("month", "quarter", "year", "all"),
}
_TREND_GRAINS: dict[str, tuple[str, ...]] = {
    "flow": ("quarter", "month", "year"),
    "stock": ("month", "quarter", "year"),
    "cohort": ("quarter", "year", "month"),
    "cumulative": ("month", "quarter", "year"),
}
# Network values of a flow are mostly small, so they are published as totals since the start.
_NETWORK_FLOW_GRAINS = ("all", "year", "quarter", "month")
_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
_GEOGRAPHY_PREFERENCE = {"as_now": 0, "as_was": 1}
_PERIODS_KEPT_FOR_NETWORKS = 3
LEAST_COURSE = 3  # numbers that make a course over time
WITHHELD = frozenset({"c", "x", "n", "e", "m"})  # symbols of a cell without a number


@dataclass(frozen=True)
class Value:
    """One published cell. ``value`` is in ``unit``; None where a symbol stands instead of a number."""

    value: float | None
    lower: float | None
    upper: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    status: str
    symbol: str
    period_start: date
    grain: str

    @property
    def shown(self) -> bool:
        """Whether the cell has a number."""
        return self.value is not None


@dataclass(frozen=True)
class Place:
    """An organisation: England, a region, an ICB or a network."""

    level: str
    code: str
    name: str
    icb_code: str | None = None
    region_code: str | None = None


ENGLAND = Place("england", "ENG", "England")


def period_end(start: date, grain: str, *, data_to: date) -> date:
    """Last day of a period; a period of grain ``all`` ends with the data."""
    if grain not in _MONTHS_IN:
        return data_to
    month = start.month - 1 + _MONTHS_IN[grain] - 1
    year, month = start.year + month // 12, month % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


class Values:
    """Look-up over the published values of one release."""

    def __init__(self, frame: pd.DataFrame, breakdown: pd.DataFrame, *, data_to: date) -> None:
        self.data_to = data_to
        self._cells: dict[tuple[str, ...], list[Value]] = {}
        self._parts: dict[tuple[str, ...], dict[tuple[str, str], list[Value]]] = {}
        for key, value in _rows(frame):
            self._cells.setdefault(key, []).append(value)
        for key, category, value in _parts(breakdown):
            self._parts.setdefault(key, {}).setdefault(category, []).append(value)

    def series(
        self, metric: Metric, place: Place, *, grain: str, strand: str = "all", sector: str = "all"
    ) -> tuple[Value, ...]:
        """Every complete period in order; one that has only begun is left out: its total is not one yet."""
        cells = self._cells.get((metric.id, place.level, place.code, strand, sector, grain), [])
        return tuple(cell for cell in cells if self._complete(cell, metric))

    def latest(
        self,
        metric: Metric,
        place: Place,
        *,
        strand: str = "all",
        sector: str = "all",
        grain: str | None = None,
    ) -> Value | None:
        """The newest complete period that is not "too early"; None where the place has no row."""
        for candidate in (grain,) if grain else self._grains(metric, place):
            series = self.series(metric, place, grain=candidate, strand=strand, sector=sector)
            if series:
                mature = [cell for cell in series if cell.symbol != "e"]
                return (mature or list(series))[-1]
        return None

    def headline(self, metric: Metric, place: Place, *, strand: str = "all") -> Value | None:
        """The value that answers for the metric: of the kind of period its target is for, else the newest."""
        if metric.target is not None and metric.target.level == place.level:
            aimed = self.latest(metric, place, strand=strand, grain=metric.target.grain)
            if aimed is not None and aimed.shown:
                return aimed
        return self.latest(metric, place, strand=strand)

    def at(self, metric: Metric, place: Place, like: Value, *, strand: str = "all") -> Value | None:
        """The value of the same period and grain as ``like`` at another place."""
        cells = self._cells.get((metric.id, place.level, place.code, strand, "all", like.grain), [])
        return next((cell for cell in cells if cell.period_start == like.period_start), None)

    def before(self, metric: Metric, place: Place, like: Value, *, strand: str = "all") -> Value | None:
        """The value one year earlier than ``like``, same grain; None where there is none with a number."""
        if like.grain == "all":
            return None
        wanted = like.period_start.replace(year=like.period_start.year - 1)
        cells = self._cells.get((metric.id, place.level, place.code, strand, "all", like.grain), [])
        return next((cell for cell in cells if cell.period_start == wanted and cell.shown), None)

    def trend(
        self, metric: Metric, place: Place, *, strand: str = "all", sector: str = "all"
    ) -> tuple[Value, ...]:
        """The series at the grain that shows its course best: the first with enough numbers."""
        for grain in _TREND_GRAINS[metric.kind]:
            series = self.series(metric, place, grain=grain, strand=strand, sector=sector)
            if sum(cell.shown for cell in series) >= LEAST_COURSE:
                return series
        return ()

    def breakdown(self, metric: Metric, place: Place, *, strand: str = "all") -> dict[str, Value]:
        """Values by category of the metric's one breakdown, all of one period.

        That period is the longest and then the newest for which every category has a number.
        """
        for grain in ("all", "year", "quarter", "month"):
            parts = self._parts.get((metric.id, place.level, place.code, strand, grain), {})
            shown = [{cell.period_start for cell in cells if cell.shown} for cells in parts.values()]
            periods: set[date] = shown[0].intersection(*shown[1:]) if shown else set()
            if periods:
                newest = max(periods)
                return {
                    category: next(cell for cell in cells if cell.period_start == newest)
                    for (_, category), cells in parts.items()
                }
        return {}

    def parts_of(
        self, metric: Metric, place: Place, like: Value, *, strand: str = "all"
    ) -> dict[tuple[str, str], Value]:
        """Values of the period of ``like`` by dimension and category, for a metric with several breakdowns."""
        parts = self._parts.get((metric.id, place.level, place.code, strand, like.grain), {})
        return {
            part: cell
            for part, cells in parts.items()
            for cell in cells
            if cell.period_start == like.period_start
        }

    def _complete(self, cell: Value, metric: Metric) -> bool:
        if metric.kind in ("stock", "cumulative"):
            return cell.period_start <= self.data_to
        return period_end(cell.period_start, cell.grain, data_to=self.data_to) <= self.data_to

    def _grains(self, metric: Metric, place: Place) -> tuple[str, ...]:
        if place.level == "pcn" and metric.kind == "flow":
            return _NETWORK_FLOW_GRAINS
        return _GRAINS_BY_KIND[metric.kind]


_CELL_COLUMNS = (
    "value",
    "lower_95",
    "upper_95",
    "numerator",
    "denominator",
    "unit",
    "status",
    "symbol",
    "suppressed",
    "period_start",
    "period_grain",
)


def _rows(frame: pd.DataFrame) -> Iterable[tuple[tuple[str, ...], Value]]:
    keys = ("metric_id", "org_level", "org_code", "strand", "sector", "period_grain")
    frame = _ordered(frame, keys)
    for key, cell in zip(_columns(frame, keys), _columns(frame, _CELL_COLUMNS), strict=True):
        yield cast("tuple[str, ...]", key), _cell(cell)


def _parts(frame: pd.DataFrame) -> Iterable[tuple[tuple[str, ...], tuple[str, str], Value]]:
    keys, part = ("metric_id", "org_level", "org_code", "strand", "period_grain"), ("dimension", "category")
    frame = _ordered(frame[frame["sector"] == "all"], (*keys, *part))
    columns = zip(_columns(frame, keys), _columns(frame, part), _columns(frame, _CELL_COLUMNS), strict=True)
    for key, (dimension, category), cell in columns:
        yield cast("tuple[str, ...]", key), (str(dimension), str(category)), _cell(cell)


def _ordered(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """One geography per metric (as it is now, else as it was), in period order, few periods for networks."""
    if frame.empty:
        return frame
    rank = frame["geography"].map(_GEOGRAPHY_PREFERENCE).fillna(len(_GEOGRAPHY_PREFERENCE))
    best = rank.groupby(frame["metric_id"]).transform("min")
    frame = frame[(rank == best) & (frame["org_level"] != "sub_icb")]
    frame = frame.assign(period_start=pd.to_datetime(frame["period_start"])).sort_values(
        [*keys, "period_start"], kind="stable"
    )
    networks = frame["org_level"] == "pcn"
    newest = frame[networks].groupby(list(keys), sort=False).tail(_PERIODS_KEPT_FOR_NETWORKS)
    return pd.concat([frame[~networks], newest])


def _columns(frame: pd.DataFrame, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return zip(*(frame[name].tolist() for name in names), strict=True)


def _cell(row: tuple[Any, ...]) -> Value:
    value, lower, upper, numerator, denominator, unit, status, symbol, suppressed, start, grain = row
    symbol = str(symbol or "") if not _missing(symbol) else ""
    if suppressed is True and not symbol:
        symbol = "c"
    number = _number(value)
    if symbol in WITHHELD or number is None:
        # A withheld cell keeps no part from which the number could be worked out.
        return Value(None, None, None, None, None, unit, status, symbol or "x", start.date(), grain)
    return Value(
        number,
        _number(lower),
        _number(upper),
        _number(numerator),
        _number(denominator),
        unit,
        status,
        symbol,
        start.date(),
        grain,
    )


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> float | None:
    """A float, rounded where binary noise would otherwise reach a file; None for null."""
    return None if _missing(value) or value is pd.NA else round(float(value), 6)
