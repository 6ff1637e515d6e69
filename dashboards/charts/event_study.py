"""An event study: the difference between adopters and others by quarter around adoption, with both bands."""

from __future__ import annotations

from typing import Any

from dashboards import theme, wording
from dashboards.analyses import Estimate
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover
from dbt_project.registry import Metric

_HEIGHT = 380
_HEIGHT_NARROW = 340
_NOTE = (
    "Bars: the 95% interval of one quarter. Shade: the interval that holds for all quarters at once. Before adoption"
    " the difference should be near nil; that it is does not prove that it would have stayed so."
)


def event_study(metric: Metric, points: tuple[Estimate, ...], *, figure_id: str, anticipation: int) -> Figure:
    """The chart of the ``event`` estimates of one analysis, in order of their position."""
    title = "The difference from other networks, before and after the first funded prescriber"
    subtitle = (
        f"{metric.label}: adopters against networks that had not adopted yet, by quarters since adoption"
    )
    ends = [
        end
        for point in points
        for end in (point.value, point.lower, point.upper, point.band_lower, point.band_upper)
        if end is not None
    ]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    room = (high - low) * 0.06 or 0.1
    layout: dict[str, Any] = {
        "xaxis": {
            "type": "linear",
            "dtick": 1,
            "rangemode": "normal",
            "title": {"text": "Quarters since adoption"},
            "showgrid": False,
        },
        "yaxis": {
            "tickformat": ",.2~f",
            "nticks": 7,
            "rangemode": "normal",
            "range": [low - room, high + room],
        },
        "margin": {"l": 58, "r": 24, "t": 26, "b": 54},
        **_marks(anticipation),
    }
    narrow = {"margin": {"l": 46, "r": 14, "t": 26, "b": 52}, "xaxis": {**layout["xaxis"], "dtick": 2}}
    return Figure(
        figure_id,
        title,
        subtitle,
        _summary(points),
        (*_band(points), _dots(points)),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(points, f"{title}. {subtitle}"),
        metric.id,
        _NOTE,
    )


def quarters(position: float | None) -> str:
    """``2 quarters after``, ``1 quarter before``, ``the quarter of adoption``."""
    number = int(position or 0)
    if number == 0:
        return "the quarter of adoption"
    return f"{abs(number)} quarter{'' if abs(number) == 1 else 's'} {'after' if number > 0 else 'before'}"


def signed(value: float | None) -> str:
    """``+0.23``, ``-0.10``, ``0.00``; a dash where there is none."""
    if value is None:
        return wording.NOTHING
    text = f"{abs(value):,.2f}"
    return text if float(text.replace(",", "")) == 0 else f"{'+' if value > 0 else '-'}{text}"


def between(lower: float | None, upper: float | None) -> str:
    """``-0.02 to +0.49``; a dash where there is none."""
    return wording.NOTHING if lower is None or upper is None else f"{signed(lower)} to {signed(upper)}"


def _marks(anticipation: int) -> dict[str, Any]:
    nil = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "layer": "below"}
    adopted = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": -0.5, "x1": -0.5, "layer": "below"}
    line = {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"}
    label = {
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    base = {**label, "x": -1 - anticipation, "text": "compared<br>with", "yanchor": "top", "y": 0.99}
    return {
        "shapes": [{**nil, "line": line}, {**adopted, "line": line}],
        "annotations": [{**label, "x": -0.5, "text": "adoption"}, base],
    }


def _band(points: tuple[Estimate, ...]) -> list[dict[str, Any]]:
    """The simultaneous band, in one piece on either side of the base."""
    found: list[dict[str, Any]] = []
    piece: list[Estimate] = []
    for point in (*points, None):
        if point is not None and point.band_lower is not None and point.band_upper is not None:
            piece.append(point)
            continue
        if len(piece) > 1:
            there = [str(int(each.position or 0)) for each in piece]
            found.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": there + there[::-1],
                    "y": [each.band_upper for each in piece] + [each.band_lower for each in reversed(piece)],
                    "fill": "toself",
                    "fillcolor": theme.BAND_FILL,
                    "line": {"width": 0},
                    "hoverinfo": "skip",
                }
            )
        piece = []
    return found


def _dots(points: tuple[Estimate, ...]) -> dict[str, Any]:
    drawn = [point for point in points if point.value is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        # as texts: a quarter is a place on the axis, not a figure
        "x": [str(int(point.position or 0)) for point in drawn],
        "y": [point.value for point in drawn],
        "customdata": [
            [
                quarters(point.position).capitalize(),
                f"{signed(point.value)} ({between(point.lower, point.upper)})",
            ]
            for point in drawn
        ],
        "hovertemplate": hover(),
        "marker": {
            "color": [theme.ORANGE if (point.position or 0) >= 0 else theme.BLUE for point in drawn],
            "symbol": ["diamond" if (point.position or 0) >= 0 else "circle" for point in drawn],
            "size": 9,
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [reach(point.upper, point.value) for point in drawn],
            "arrayminus": [reach(point.value, point.lower) for point in drawn],
            "color": theme.BLUE,
            "thickness": 2,
            "width": 0,
        },
        "cliponaxis": False,
    }


def reach(high: float | None, low: float | None) -> float:
    """How far an interval reaches from its estimate; nil where there is none."""
    return 0.0 if high is None or low is None else round(high - low, 9)


def _summary(points: tuple[Estimate, ...]) -> str:
    told = [
        f"{quarters(point.position)} {signed(point.value)}" for point in points if point.lower is not None
    ]
    return f"The difference by quarter: {'; '.join(told)}."


def _table(points: tuple[Estimate, ...], caption: str) -> Table:
    columns = (
        Column("Quarter", whole=True),
        Column("Difference", True),
        Column(wording.INTERVAL_NAME, True),
        Column("Interval for all quarters at once", True),
    )
    rows = tuple(
        (
            Cell(quarters(point.position).capitalize()),
            Cell(signed(point.value), point.value),
            Cell("compared with" if point.lower is None else between(point.lower, point.upper)),
            Cell(between(point.band_lower, point.band_upper)),
        )
        for point in points
    )
    return Table(caption, columns, rows)
