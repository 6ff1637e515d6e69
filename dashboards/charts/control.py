"""A control chart: England's months between the limits that their own month-to-month changes set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover, value_axis
from dbt_project.registry import Metric

_HEIGHT = 320
_HEIGHT_NARROW = 300


@dataclass(frozen=True)
class ControlPoint:
    """One month as published: its value, the mean and limits of all months, and whether it is a signal."""

    start: date
    value: float
    mean: float
    lower: float
    upper: float
    signal: bool


def control_chart(metric: Metric, points: tuple[ControlPoint, ...], *, figure_id: str) -> Figure:
    """Months in order with mean and limits; months that are signals are drawn as orange diamonds."""
    signals = sum(point.signal for point in points)
    mean = formatting.plain(points[-1].mean, metric.unit)
    title = f"{metric.label}: {mean} a month, {signals or 'no'} month{'' if signals == 1 else 's'} out of the ordinary"
    months = [point.start.isoformat() for point in points]
    lowest = min(min(point.lower, point.value) for point in points)
    top = max(max(point.upper, point.value) for point in points)
    layout: dict[str, Any] = {
        "xaxis": {"type": "date", "tickformat": "%b %Y", "nticks": 7},
        "yaxis": {
            **value_axis(metric.unit),
            "range": [min(0, lowest * 1.1), top * 1.1 or 1],
            "rangemode": "normal",
        },
        "margin": {"l": 62, "r": 92, "t": 14, "b": 36},
        **_rules(points[-1], metric.unit),
    }
    narrow = {"xaxis": {**layout["xaxis"], "nticks": 4}, "margin": {"l": 46, "r": 78, "t": 14, "b": 32}}
    subtitle = f"{metric.label}, England, the newest {len(points)} complete months"
    return Figure(
        figure_id,
        title,
        subtitle,
        _summary(metric, points),
        (_line(metric, points, months),),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(metric, points, f"{title}. {subtitle}"),
        metric.id,
        "Between the limits, months differ by chance. Out of the ordinary: beyond a limit, seven in a row on one side"
        " of the mean or in one direction, or two of three close to a limit. Courses that end at the same time each"
        " year make a season, which this reads as out of the ordinary too.",
    )


def _line(metric: Metric, points: tuple[ControlPoint, ...], months: list[str]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": metric.label,
        "x": months,
        "y": [point.value for point in points],
        "customdata": [
            [formatting.period(point.start, "month"), formatting.plain(point.value, metric.unit)]
            for point in points
        ],
        "hovertemplate": hover(),
        "line": {"color": theme.BLUE, "width": 2},
        "marker": {
            "color": [theme.ORANGE if point.signal else theme.BLUE for point in points],
            "symbol": ["diamond" if point.signal else "circle" for point in points],
            "size": 9,
        },
        "cliponaxis": False,
    }


def _rules(last: ControlPoint, unit: str) -> dict[str, Any]:
    """Mean and limits as lines, each named at its end."""
    drawn = ((last.mean, "Mean", "solid"), (last.upper, "Limit", "dash"), (last.lower, "Limit", "dash"))
    return {
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": y,
                "y1": y,
                "layer": "below",
                "line": {"color": theme.REFERENCE, "width": 1.5, "dash": dash},
            }
            for y, _, dash in drawn
        ],
        "annotations": [
            {
                "xref": "paper",
                "x": 1,
                "xanchor": "left",
                "xshift": 6,
                "y": y,
                "text": f"{name} {formatting.plain(y, unit)}",
                "showarrow": False,
                "font": {"color": theme.REFERENCE},
            }
            for y, name, _ in drawn
        ],
    }


def _summary(metric: Metric, points: tuple[ControlPoint, ...]) -> str:
    last = points[-1]
    unit = metric.unit
    text = (
        f"{metric.label}: {formatting.plain(last.value, unit)} in {formatting.period(last.start, 'month')}; mean"
        f" {formatting.plain(last.mean, unit)}, limits {formatting.plain(last.lower, unit)} to"
        f" {formatting.plain(last.upper, unit)}."
    )
    told = [formatting.period(point.start, "month") for point in points if point.signal]
    return (
        f"{text} Out of the ordinary: {', '.join(told)}."
        if told
        else f"{text} No month is out of the ordinary."
    )


def _table(metric: Metric, points: tuple[ControlPoint, ...], caption: str) -> Table:
    columns = (
        Column("Month"),
        Column("Value", True),
        Column("Mean", True),
        Column("Lower limit", True),
        Column("Upper limit", True),
        Column("Out of the ordinary"),
    )
    rows = tuple(
        (
            Cell(formatting.period(point.start, "month")),
            *(
                Cell(formatting.plain(number, metric.unit), number)
                for number in (point.value, point.mean, point.lower, point.upper)
            ),
            Cell("Yes" if point.signal else wording.NOTHING),
        )
        for point in points
    )
    return Table(caption, columns, rows)
