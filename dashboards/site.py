"""What every page may ask: places, metrics, values and the feeds that are missing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from dashboards import formatting, messages, wording
from dashboards.analyses import Analysis, read_analyses
from dashboards.charts.control import ControlPoint
from dashboards.charts.network_funnel import FunnelPoint
from dashboards.charts.survival import CurvePoint
from dashboards.charts.waterfall import Change
from dashboards.curve_tests import CurveTest, read_tests
from dashboards.inputs import CHANGE_PARTS, ReleaseInfo, SiteInputs
from dashboards.values import ENGLAND, Place, Value, Values
from dbt_project.registry import Metric, Programme
from dbt_project.registry.metrics import Strand

_FUNNEL_NUMBERS = (
    "observed",
    "population",
    "rate",
    "overall",
    "lower_95",
    "upper_95",
    "lower_998",
    "upper_998",
)
_LONGEST_FIRST = ("all", "year", "quarter", "month")


@dataclass(frozen=True)
class Feed:
    """The state of one feed in this release."""

    id: str
    title: str
    status: str
    files: int
    rows_accepted: int
    rows_quarantined: int
    files_refused: int
    latest_data: date | None
    owner: str


@dataclass(frozen=True)
class Practice:
    """A general practice of a network."""

    code: str
    name: str


class Site:
    """The inputs of one build, arranged for the pages."""

    def __init__(self, inputs: SiteInputs) -> None:
        self.inputs = inputs
        self.values = Values(inputs.metric_value, inputs.metric_breakdown, data_to=inputs.release.data_to)

    @property
    def release(self) -> ReleaseInfo:
        """The facts of the release."""
        return self.inputs.release

    @property
    def programme(self) -> Programme:
        """Strands, ceiling, sectors."""
        return self.inputs.programme

    def metric(self, metric_id: str) -> Metric | None:
        """The registry entry, or None where the registry does not hold it."""
        return self.inputs.metrics.get(metric_id)

    @cached_property
    def places(self) -> dict[str, tuple[Place, ...]]:
        """Current organisations by level, in name order."""
        found: dict[str, list[Place]] = {}
        for row in records(self.inputs.organisation):
            if row["org_level"] in ("region", "icb", "pcn") and _true(row["is_current"]):
                place = Place(
                    str(row["org_level"]),
                    str(row["org_code"]),
                    _text(row["org_name"]) or str(row["org_code"]),
                    _text(row["icb_code"]),
                    _text(row["region_code"]),
                )
                found.setdefault(place.level, []).append(place)
        return {
            level: tuple(sorted(places, key=lambda place: (formatting.short_name(place).lower(), place.code)))
            for level, places in found.items()
        }

    @property
    def regions(self) -> tuple[Place, ...]:
        """The NHS regions."""
        return self.places.get("region", ())

    @property
    def boards(self) -> tuple[Place, ...]:
        """The integrated care boards."""
        return self.places.get("icb", ())

    @cached_property
    def networks(self) -> dict[str, tuple[Place, ...]]:
        """Networks by the code of their board."""
        found: dict[str, list[Place]] = {}
        for place in self.places.get("pcn", ()):
            if place.icb_code:
                found.setdefault(place.icb_code, []).append(place)
        return {code: tuple(places) for code, places in found.items()}

    @cached_property
    def practices(self) -> dict[str, tuple[Practice, ...]]:
        """Practices by the code of their network, in name order."""
        found: dict[str, list[Practice]] = {}
        for row in records(self.inputs.practice):
            if code := _text(row["pcn_code"]):
                name = formatting.short_name(Place("practice", "", _text(row["practice_name"]) or ""))
                found.setdefault(code, []).append(Practice(str(row["practice_code"]), name))
        return {
            code: tuple(sorted(practices, key=lambda practice: (practice.name, practice.code)))
            for code, practices in found.items()
        }

    def region_of(self, board: Place) -> Place | None:
        """The region a board lies in."""
        return next((region for region in self.regions if region.code == board.region_code), None)

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """The feeds by id, in published order."""
        return {
            str(row["feed"]): Feed(
                str(row["feed"]),
                str(row["title"]),
                str(row["status"]),
                _whole(row["files"]),
                _whole(row["rows_accepted"]),
                _whole(row["rows_quarantined"]),
                _whole(row["files_refused"]),
                _day(row["latest_data"]),
                _text(row["owner"]) or "",
            )
            for row in records(self.inputs.feed_status)
        }

    @cached_property
    def _constant(self) -> dict[tuple[str, str, str], dict[tuple[date, str], float]]:
        """Figures over the networks that reported every time, by metric and place, then by period and grain."""
        found: dict[tuple[str, str, str], dict[tuple[date, str], float]] = {}
        for row in records(self.inputs.sensitivity):
            start = _day(row["period_start"])
            if start is not None and _text(row["value"]) is not None:
                key = (str(row["metric_id"]), str(row["org_level"]), str(row["org_code"]))
                found.setdefault(key, {})[(start, str(row["period_grain"]))] = round(float(row["value"]), 6)
        return found

    def constant_reporters(
        self, metric: Metric, place: Place, series: tuple[Value, ...]
    ) -> tuple[Value, ...]:
        """The values of a series over the networks that reported every time, for the periods that have one."""
        known = self._constant.get((metric.id, place.level, place.code), {})
        return tuple(
            replace(
                value,
                value=known[value.period_start, value.grain],
                lower=None,
                upper=None,
                numerator=None,
                denominator=None,
            )
            for value in series
            if value.shown and (value.period_start, value.grain) in known
        )

    def funnel_of(self, metric: Metric, networks: tuple[Place, ...]) -> tuple[FunnelPoint, ...]:
        """Published funnel limits of these networks, in their order."""
        known = self._funnels.get(metric.id, {})
        return tuple(
            FunnelPoint(
                network,
                formatting.period(pd.Timestamp(row["period_start"]).date(), str(row["period_grain"])),
                *(round(float(row[name]), 6) for name in _FUNNEL_NUMBERS),
                signal=str(row["signal"]),
                per=int(row["per"]),
                phi=float(row["phi"]),
            )
            for network in networks
            if (row := known.get(network.code)) is not None
        )

    @cached_property
    def _funnels(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Rows of the funnel by metric, then by network."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for row in records(self.inputs.network_funnel):
            found.setdefault(str(row["metric_id"]), {})[str(row["org_code"])] = row
        return found

    def control_of(self, metric: Metric) -> tuple[ControlPoint, ...]:
        """England's months with their control limits, oldest first; none where they are not published."""
        points = [
            ControlPoint(
                pd.Timestamp(row["period_start"]).date(),
                *(round(float(row[name]), 6) for name in ("value", "mean", "lower", "upper")),
                signal=bool(row["is_signal"]),
            )
            for row in records(self.inputs.control_chart)
            if row["metric_id"] == metric.id
        ]
        return tuple(sorted(points, key=lambda point: point.start))

    def curve_of(self, metric: Metric, place: Place, strand: Strand) -> tuple[CurvePoint, ...]:
        """The share with the event by month after the start; empty where it is not published."""
        points = self._curves.get((metric.id, place.level, place.code, strand.id), [])
        return tuple(sorted(points, key=lambda point: point.months))

    def curve_tests_of(self, metric: Metric, strand: Strand) -> tuple[CurveTest, ...]:
        """Whether groups of learners differ in the curve, one test each comparison; empty where none is published."""
        return self._curve_tests.get((metric.id, strand.id), ())

    @cached_property
    def _curve_tests(self) -> dict[tuple[str, str], tuple[CurveTest, ...]]:
        return read_tests(self.inputs.time_test, self.inputs.time_test_group)

    @cached_property
    def _curves(self) -> dict[tuple[str, ...], list[CurvePoint]]:
        found: dict[tuple[str, ...], list[CurvePoint]] = {}
        for row in records(self.inputs.time_curve):
            key = tuple(str(row[name]) for name in ("metric_id", "org_level", "org_code", "strand"))
            numbers = (
                None if _text(row[name]) is None else round(float(row[name]), 6)
                for name in ("lower_95", "upper_95")
            )
            point = CurvePoint(int(row["months"]), round(float(row["share"]), 6), *numbers)
            found.setdefault(key, []).append(point)
        return found

    def change_of(self, metric: Metric) -> Change | None:
        """How England's figure changed since the release before: of the longest period, and the newest, with parts."""
        return self._changes.get(metric.id)

    @cached_property
    def _changes(self) -> dict[str, Change]:
        """The most telling change of each metric: all strands and sectors, organisations as they are now."""
        best: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        for row in records(self.inputs.metric_change):
            if (row["strand"], row["sector"]) != ("all", "all") or _text(row["reason"]) is not None:
                continue
            start = pd.Timestamp(row["period_start"])
            rank = (row["geography"] == "as_now", -_LONGEST_FIRST.index(str(row["period_grain"])), start)
            if row["metric_id"] not in best or rank > best[row["metric_id"]][0]:
                best[str(row["metric_id"])] = (rank, row)
        return {name: _change(row) for name, (_, row) in best.items()}

    @cached_property
    def analyses(self) -> tuple[Analysis, ...]:
        """The impact analyses of this release."""
        inputs = self.inputs
        return read_analyses(
            inputs.analysis,
            inputs.impact_estimate,
            inputs.impact_balance,
            inputs.impact_reporting,
            inputs.plans,
        )

    def strand_of(self, metric: Metric, strand: Strand) -> str:
        """The strand key a metric's rows carry: its own where the registry breaks it down, else the total."""
        return strand.id if strand.id in metric.strands else "all"

    def whys_missing(self, metric: Metric) -> str:
        """Why a metric has no value: the feeds it waits for, or that nothing was reported."""
        waiting = [
            feed.title
            for name in metric.feeds
            if (feed := self.feeds.get(name)) is not None and feed.status == "missing"
        ]
        if waiting:
            return f"{metric.label} cannot be shown: waiting for {messages.listed(waiting)}."
        return f"{metric.label} cannot be shown: no value is published for this release."

    def quality(self, metric: Metric) -> str:
        """How good the data behind a metric are: each feed it stands on, how far it reaches and what was held back."""
        told = [_feed_words(feed) for name in metric.feeds if (feed := self.feeds.get(name)) is not None]
        return " ".join(told) or "Nothing is recorded about the data behind this measure."

    def by_place(
        self, metric: Metric, places: tuple[Place, ...], *, strand: str = "all"
    ) -> list[tuple[Place, Value | None]]:
        """Each place with its value for England's newest period, so that all stand for the same time."""
        england = self.values.latest(metric, ENGLAND, strand=strand)
        if england is not None:
            same = [(place, self.values.at(metric, place, england, strand=strand)) for place in places]
            if any(value is not None for _, value in same):
                return same
        newest = [(place, self.values.latest(metric, place, strand=strand)) for place in places]
        shown = [value for _, value in newest if value is not None]
        if not shown:
            return newest
        period = max(value.period_start for value in shown)
        return [(place, value if value and value.period_start == period else None) for place, value in newest]


def _change(row: dict[str, Any]) -> Change:
    return Change(
        pd.Timestamp(row["period_start"]).date(),
        str(row["period_grain"]),
        *(round(float(row[name]), 6) for name in ("old_value", "new_value", "change")),
        parts=tuple((wording.CHANGE_PART[name], round(float(row[name]), 6)) for name in CHANGE_PARTS),
    )


def _feed_words(feed: Feed) -> str:
    """``Finance return: received, to 30 June 2026; 12 of 3,000 rows held back.``."""
    status = wording.FEED_STATUS.get(feed.status, feed.status).lower()
    reach = f", data to {formatting.day(feed.latest_data)}" if feed.latest_data else ""
    rows = feed.rows_accepted + feed.rows_quarantined
    held = f"; {feed.rows_quarantined:,} of {rows:,} rows held back" if feed.rows_quarantined else ""
    files = "file" if feed.files_refused == 1 else "files"
    refused = f"; {feed.files_refused:,} {files} refused" if feed.files_refused else ""
    return f"{feed.title}: {status}{reach}{held}{refused}."


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries."""
    columns = [str(column) for column in frame.columns]
    rows = zip(*(frame[column].tolist() for column in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _text(value: Any) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value)


def _true(value: Any) -> bool:
    return _text(value) is not None and bool(value)


def _whole(value: Any) -> int:
    return 0 if _text(value) is None else int(value)


def _day(value: Any) -> date | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()
