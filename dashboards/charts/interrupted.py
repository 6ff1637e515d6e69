"""An interrupted time series: what was seen, and what was to be expected without the event, with its interval."""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.analyses import Estimate
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover, value_axis
from dbt_project.registry import Metric

_HEIGHT = 380
_HEIGHT_NARROW = 340
_NOTE = (
    "Dots: what was seen. Dashed: what was to be expected from the months before, with its 95% interval. The line is"
    " the model of what was seen."
)


def interrupted(
    metric: Metric,
    observed: tuple[Estimate, ...],
    fitted: tuple[Estimate, ...],
    expected: tuple[Estimate, ...],
    *,
    figure_id: str,
    since: date,
) -> Figure:
    """The chart of the three series of one analysis, each in order of its position (months since the event)."""
    when = formatting.period(since, "month")
    title = f"What was seen since {when}, and what was to be expected"
    subtitle = f"{metric.label}, England, by month"
    layout: dict[str, Any] = {
        "xaxis": {"type": "date", "nticks": 8, "showgrid": False},
        "yaxis": {**value_axis(metric.unit), "rangemode": "tozero"},
        "margin": {"l": 58, "r": 24, "t": 30, "b": 40},
        **_event(since),
    }
    narrow = {"margin": {"l": 44, "r": 14, "t": 30, "b": 36}, "xaxis": {**layout["xaxis"], "nticks": 4}}
    return Figure(
        figure_id,
        title,
        subtitle,
        _summary(metric, observed, expected, since),
        (
            _band(expected, since),
            _line(expected, since, dashed=True),
            _line(fitted, since),
            _dots(metric, observed, since),
        ),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(metric, observed, expected, since, f"{title}. {subtitle}"),
        metric.id,
        _NOTE,
    )


def month_of(each: Estimate, since: date) -> date:
    """The month of a point, so many months after the event."""
    months = since.year * 12 + since.month - 1 + int(each.position or 0)
    return date(months // 12, months % 12 + 1, 1)


def _event(since: date) -> dict[str, Any]:
    day = since.isoformat()
    line = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": day, "x1": day, "layer": "below"}
    style = {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"}
    label = {"yref": "paper", "y": 1, "yanchor": "bottom", "x": day, "showarrow": False}
    words = {"text": formatting.period(since, "month"), "font": {"color": theme.REFERENCE}}
    return {"shapes": [{**line, "line": style}], "annotations": [{**label, **words}]}


def _band(expected: tuple[Estimate, ...], since: date) -> dict[str, Any]:
    days = [month_of(each, since).isoformat() for each in expected]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": days + days[::-1],
        "y": [each.upper for each in expected] + [each.lower for each in reversed(expected)],
        "fill": "toself",
        "fillcolor": theme.BAND_FILL,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _line(series: tuple[Estimate, ...], since: date, *, dashed: bool = False) -> dict[str, Any]:
    colour = theme.REFERENCE if dashed else theme.BLUE
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [month_of(each, since).isoformat() for each in series],
        "y": [each.value for each in series],
        "line": {"color": colour, "width": 2, "dash": "dash" if dashed else "solid"},
        "hoverinfo": "skip",
    }


def _dots(metric: Metric, observed: tuple[Estimate, ...], since: date) -> dict[str, Any]:
    days = [month_of(each, since) for each in observed]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [day.isoformat() for day in days],
        "y": [each.value for each in observed],
        "customdata": [
            [formatting.period(day, "month"), formatting.plain(each.value or 0, metric.unit)]
            for day, each in zip(days, observed, strict=True)
        ],
        "hovertemplate": hover(),
        "marker": {"color": theme.ORANGE, "size": 7, "symbol": "diamond"},
        "cliponaxis": False,
    }


def _summary(
    metric: Metric, observed: tuple[Estimate, ...], expected: tuple[Estimate, ...], since: date
) -> str:
    seen, without = observed[-1], expected[-1]
    when = formatting.period(month_of(seen, since), "month")
    return (
        f"In {when} {formatting.plain(seen.value or 0, metric.unit)} were seen;"
        f" {formatting.plain(without.value or 0, metric.unit)} were to be expected without the event."
    )


def _table(
    metric: Metric, observed: tuple[Estimate, ...], expected: tuple[Estimate, ...], since: date, caption: str
) -> Table:
    columns = (
        Column("Month", whole=True),
        Column("Seen", True),
        Column("To be expected", True),
        Column(wording.INTERVAL_NAME, True),
    )
    without = {each.position: each for each in expected}
    rows = tuple(
        (
            Cell(formatting.period(month_of(each, since), "month")),
            Cell(formatting.plain(each.value or 0, metric.unit), each.value),
            *_expected(without.get(each.position), metric.unit),
        )
        for each in observed
    )
    return Table(caption, columns, rows)


def _expected(each: Estimate | None, unit: str) -> tuple[Cell, Cell]:
    if each is None or each.value is None or each.lower is None or each.upper is None:
        return Cell(wording.NOTHING), Cell(wording.NOTHING)
    reach = f"{formatting.plain(each.lower, unit)} to {formatting.plain(each.upper, unit)}"
    return Cell(formatting.plain(each.value, unit), each.value), Cell(reach)
