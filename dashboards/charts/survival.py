"""Time to an event: the share that has had it by each published month after the start, beside England's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover
from dashboards.curve_words import CURVES
from dashboards.values import ENGLAND
from dbt_project.registry import Metric

_HEIGHT = 360
_HEIGHT_NARROW = 320
_LEAST_DRAWN = 2
_HALF = 50.0


@dataclass(frozen=True)
class CurvePoint:
    """The share in percent by so many months after the start, with its 95 % interval."""

    months: int
    share: float
    lower: float | None
    upper: float | None

    @property
    def interval(self) -> str:
        """``60.1% to 66.2%``; empty where there is none."""
        if self.lower is None or self.upper is None:
            return ""
        return f"{formatting.plain(self.lower, 'percent')} to {formatting.plain(self.upper, 'percent')}"

    @property
    def after(self) -> str:
        """``12 months``."""
        return f"{self.months} month{'' if self.months == 1 else 's'}"


Named = tuple[str, tuple[CurvePoint, ...]]


def survival(
    metric: Metric, curves: tuple[Named, ...], *, figure_id: str, strand: str, where: str, test: str = ""
) -> Figure | None:
    """The curve of the first place with its interval, and those of others; None where the first has too few points.

    ``metric`` is one of :data:`dashboards.curve_words.CURVES`. ``test`` says below the chart whether curves differ.
    """
    name, points = curves[0]
    if len(points) < _LEAST_DRAWN:
        return None
    drawn = [(label, found) for label, found in curves if found]
    last = points[-1]
    words = CURVES[metric.id]
    share = formatting.plain(last.share, "percent")
    title = f"{strand}: {share} {words.happened} {last.after} after {words.since}"
    subtitle = f"Share of {words.who} who {words.happened}, by months after {words.start}, {where}"
    layout: dict[str, Any] = {
        "xaxis": {
            "type": "linear",
            "rangemode": "tozero",
            "dtick": 6,
            "title": {"text": f"Months after {words.start}"},
        },
        "yaxis": {"ticksuffix": "%", "tickformat": ",.0f", "range": [0, 100], "nticks": 6},
        "margin": {"l": 56, "r": 24 + 9 * max(len(label) for label, _ in drawn), "t": 14, "b": 54},
        **_half(words.happened),
    }
    layout["annotations"] += [
        _label(label, found[-1], position) for position, (label, found) in enumerate(drawn)
    ]
    narrow = {
        "margin": {"l": 46, "r": 18, "t": 14, "b": 92},
        "annotations": _half(words.happened)["annotations"],
        "showlegend": len(drawn) > 1,
        "legend": {"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top", "xanchor": "left"},
    }
    data = [*_band(points), *(_line(label, found, position) for position, (label, found) in enumerate(drawn))]
    return Figure(
        figure_id,
        title,
        subtitle,
        f"{name}: {'; '.join(f'after {point.after} {_words(point)}' for point in points)}.",
        tuple(data),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(drawn, f"{title}. {subtitle}"),
        metric.id,
        f"{words.note} {test}".strip(),
        {number: {"showlegend": False} for number in range(len(_band(points)))},
    )


def _words(point: CurvePoint) -> str:
    number = formatting.plain(point.share, "percent")
    return f"{number} ({point.interval})" if point.interval else number


def _band(points: tuple[CurvePoint, ...]) -> list[dict[str, Any]]:
    both = [point for point in points if point.lower is not None and point.upper is not None]
    if len(both) < _LEAST_DRAWN:
        return []
    months = [str(point.months) for point in both]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": months + months[::-1],
            "y": [point.upper for point in both] + [point.lower for point in reversed(both)],
            "fill": "toself",
            "fillcolor": theme.BAND_FILL,
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
    ]


def _line(label: str, points: tuple[CurvePoint, ...], position: int) -> dict[str, Any]:
    colour = theme.SERIES_COLOURS[position]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label,
        # as texts: a month is a place on the axis, not a figure
        "x": [str(point.months) for point in points],
        "y": [point.share for point in points],
        "customdata": [[f"{label}, after {point.after}", _words(point)] for point in points],
        "hovertemplate": hover(),
        "line": {"color": colour, "dash": theme.SERIES_DASHES[position], "width": 2.5},
        "marker": {"color": colour, "size": 7, "symbol": theme.SERIES_MARKERS[position]},
        "cliponaxis": False,
    }


def _label(label: str, last: CurvePoint, position: int) -> dict[str, Any]:
    return {
        "x": last.months,
        "y": last.share,
        "text": label,
        "xanchor": "left",
        "xshift": 8,
        "yshift": -10 if label == ENGLAND.name and position else 6,
        "showarrow": False,
        "font": {"color": theme.SERIES_COLOURS[position]},
    }


def _half(happened: str) -> dict[str, Any]:
    line = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": _HALF,
        "y1": _HALF,
        "layer": "below",
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    text = {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "xshift": 4,
        "y": _HALF,
        "yanchor": "bottom",
        "text": f"Half {happened}",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    return {"shapes": [line], "annotations": [text]}


def _table(curves: list[Named], caption: str) -> Table:
    name = curves[0][0]
    columns = [Column("After"), Column(name, True), Column(f"{name}, {wording.INTERVAL_NAME}", True)]
    columns += [Column(label, True) for label, _ in curves[1:]]
    months = sorted({point.months for _, found in curves for point in found})
    by_month = [{point.months: point for point in found} for _, found in curves]
    names = {point.months: point.after for _, found in curves for point in found}
    rows: list[tuple[Cell, ...]] = []
    for month in months:
        mine = by_month[0].get(month)
        others = [_share_cell(found.get(month)) for found in by_month[1:]]
        interval = Cell(mine.interval if mine and mine.interval else wording.NOTHING)
        rows.append((Cell(names[month]), _share_cell(mine), interval, *others))
    return Table(caption, tuple(columns), tuple(rows))


def _share_cell(point: CurvePoint | None) -> Cell:
    if point is None:
        return Cell(wording.NOTHING)
    return Cell(formatting.plain(point.share, "percent"), point.share)
