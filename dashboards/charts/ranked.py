"""Places side by side: a dot each, its 95% interval, and England as the line to compare with."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table, interval_cell, value_cell
from dashboards.charts.axes import hover, value_axis, wrapped
from dashboards.values import Value
from dbt_project.registry import Metric

_ROW = 40
_FRAME = 64
_ROOM = 20  # characters that fit beside the chart on a phone


def ranked(
    metric: Metric,
    places: list[tuple[str, Value | None]],
    *,
    figure_id: str,
    title: str,
    england: Value | None,
    unit_of_place: str = "region",
) -> Figure:
    """A dot-and-interval chart, highest first; places without a number stay in the table."""
    shown = sorted(
        ((name, value) for name, value in places if value and value.value is not None),
        key=lambda item: (item[1].value or 0, item[0]),
    )
    unit = shown[0][1].unit
    known = [value for _, value in places if value] + ([england] if england else [])
    top = max(value.upper or value.value or 0 for value in known)
    height = _FRAME + _ROW * len(shown)
    shapes, notes = _england_line(england, top)
    layout: dict[str, Any] = {
        "xaxis": {
            **value_axis(unit),
            "range": [0, top * 1.08 or 1],
            "showgrid": True,
            "showline": False,
            "side": "bottom",
        },
        "yaxis": {
            "type": "category",
            "showgrid": False,
            **theme.LABEL_GAP,
            "tickfont": {"size": theme.FONT_SIZE},
        },
        "margin": {"l": 196, "r": 28, "t": 30, "b": 34},
        "shapes": shapes,
        "annotations": notes,
    }
    narrow = {
        "margin": {"l": 120, "r": 18, "t": 30, "b": 32},
        "yaxis": {**layout["yaxis"], "tickfont": {"size": theme.FONT_SIZE_NARROW}},
        "xaxis": {**layout["xaxis"], "nticks": 4},
    }
    period = shown[0][1]
    return Figure(
        figure_id,
        title,
        f"{metric.label} by {unit_of_place}, {formatting.period_of(period)}",
        _summary(shown, england, unit_of_place),
        (_dots(shown),),
        layout,
        narrow,
        height,
        height,
        _table(
            places, england, f"{title}. {metric.label} by {unit_of_place}, {formatting.period_of(period)}"
        ),
        metric.id,
    )


def _dots(shown: list[tuple[str, Value]]) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [value.value for _, value in shown],
        "y": [wrapped(name, _ROOM) for name, _ in shown],
        "customdata": [[name, _with_interval(value)] for name, value in shown],
        "hovertemplate": hover(),
        "marker": {"color": theme.BLUE, "size": 12, "symbol": "circle"},
        "cliponaxis": False,
    }
    if any(value.upper is not None for _, value in shown):
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [round((v.upper or v.value or 0) - (v.value or 0), 6) for _, v in shown],
            "arrayminus": [
                round((v.value or 0) - (v.lower if v.lower is not None else v.value or 0), 6)
                for _, v in shown
            ],
            "color": theme.BLUE,
            "thickness": 2,
            "width": 0,
        }
    return trace


def _with_interval(value: Value) -> str:
    bounds = formatting.interval(value)
    return f"{formatting.cell(value)} ({bounds})" if bounds else formatting.cell(value)


def _england_line(england: Value | None, top: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if england is None or england.value is None:
        return [], []
    line = {
        "type": "line",
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "x0": england.value,
        "x1": england.value,
        "layer": "below",
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    text = {
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "x": england.value,
        # In the right half the label runs leftwards, so that the frame does not cut it off.
        "xanchor": "right" if england.value > top / 2 else "left",
        "text": f"England {formatting.plain(england.value, england.unit)}",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    return [line], [text]


def _summary(shown: list[tuple[str, Value]], england: Value | None, unit_of_place: str) -> str:
    (low_name, low), (high_name, high) = shown[0], shown[-1]
    text = (
        f"Highest {unit_of_place}: {high_name}, {_with_interval(high)}. "
        f"Lowest: {low_name}, {_with_interval(low)}."
    )
    if england and england.value is not None:
        text += f" England: {_with_interval(england)}."
    return text


def _table(places: list[tuple[str, Value | None]], england: Value | None, caption: str) -> Table:
    rows = sorted(places, key=lambda item: item[0])
    everyone = [*rows, ("England", england)]
    columns = [Column("Place"), Column("Value", True)]
    with_interval = any(formatting.interval(value) for _, value in everyone)
    if with_interval:
        columns.append(Column(wording.INTERVAL_NAME, True))
    body = tuple(
        (Cell(name), value_cell(value), *((interval_cell(value),) if with_interval else ()))
        for name, value in everyone
    )
    return Table(caption, tuple(columns), body)
