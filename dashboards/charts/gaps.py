"""Gaps between groups or places, or of one gap over years: a dot and its interval each, beside the line of no gap."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme, verdicts, wording
from dashboards.blocks import Cell, Column, Figure, Table, interval_cell, value_cell
from dashboards.charts.axes import hover, wrapped
from dashboards.values import Value
from dbt_project.registry import Metric

_ROW = 40
_FRAME = 72
_ROOM, _ROOM_NARROW = 26, 18  # characters beside the chart
_NOTE = (
    "Orange diamonds: the interval does not reach the line of no gap. Of twenty groups without any gap, one would"
    " still look so by chance."
)


def gaps(
    metric: Metric,
    rows: list[tuple[str, Value]],
    *,
    figure_id: str,
    title: str,
    what: str,
    first: str,
    note: str = _NOTE,
) -> Figure | None:
    """The chart of ``rows`` (name and value) in their order; None where fewer than two have a number.

    ``first`` heads the column of names; ``what`` says what is compared and when.
    """
    shown = [(name, value) for name, value in rows if value.value is not None]
    if len(shown) <= 1:
        return None
    unit = shown[0][1].unit
    line = verdicts.no_gap(unit)
    ends = [end for _, value in shown for end in (value.value, value.lower, value.upper) if end is not None]
    low, high = min(*ends, line), max(*ends, line)
    room = (high - low) * 0.08 or 0.1
    height = _FRAME + _ROW * len(shown)
    layout: dict[str, Any] = {
        "xaxis": {
            "tickformat": ",.2~f",
            "nticks": 6,
            "rangemode": "normal",
            "range": [low - room, high + room],
            "showgrid": True,
            "showline": False,
        },
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, **theme.LABEL_GAP},
        "margin": {"l": 196, "r": 28, "t": 30, "b": 34},
        **_reference(line),
    }
    narrow = {"margin": {"l": 124, "r": 18, "t": 30, "b": 32}, "xaxis": {**layout["xaxis"], "nticks": 4}}
    return Figure(
        figure_id,
        title,
        f"{metric.label}: {what}",
        _summary(shown),
        (_dots(shown),),
        layout,
        narrow,
        height,
        height,
        _table(rows, first, f"{title}. {metric.label}: {what}"),
        metric.id,
        note,
        {0: {"y": [wrapped(name, _ROOM_NARROW) for name, _ in shown]}},
    )


def _reference(line: float) -> dict[str, Any]:
    shape = {
        "type": "line",
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "x0": line,
        "x1": line,
        "layer": "below",
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    label = {
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "x": line,
        "text": "No gap",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    return {"shapes": [shape], "annotations": [label]}


def _dots(shown: list[tuple[str, Value]]) -> dict[str, Any]:
    beyond = [verdicts.gap_reading(value).endswith(", beyond chance") for _, value in shown]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [value.value for _, value in shown],
        "y": [wrapped(name, _ROOM) for name, _ in shown],
        "customdata": [[name, _words(value)] for name, value in shown],
        "hovertemplate": hover(),
        "marker": {
            "color": [theme.ORANGE if far else theme.BLUE for far in beyond],
            "symbol": ["diamond" if far else "circle" for far in beyond],
            "size": 11,
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(value.upper, value.value) for _, value in shown],
            "arrayminus": [_reach(value.value, value.lower) for _, value in shown],
            "color": theme.BLUE,
            "thickness": 2,
            "width": 0,
        },
        "cliponaxis": False,
    }


def _reach(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else round(high - low, 6)


def _words(value: Value) -> str:
    bounds = formatting.interval(value)
    return f"{formatting.cell(value)} ({bounds})" if bounds else formatting.cell(value)


def _summary(shown: list[tuple[str, Value]]) -> str:
    told = [f"{name}: {_words(value)}, {verdicts.gap_reading(value).lower()}" for name, value in shown]
    return f"{'; '.join(told)}."


def _table(rows: list[tuple[str, Value]], first: str, caption: str) -> Table:
    columns = (Column(first), Column("Value", True), Column(wording.INTERVAL_NAME, True), Column("Reading"))
    body = tuple(
        (Cell(name), value_cell(value), interval_cell(value), Cell(verdicts.gap_reading(value)))
        for name, value in rows
    )
    return Table(caption, columns, body)
