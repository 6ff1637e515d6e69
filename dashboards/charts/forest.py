"""The same effect estimated in several ways: a dot and its interval each, beside the line of no effect."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme, wording
from dashboards.analyses import Estimate
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover, wrapped
from dashboards.charts.event_study import between, reach, signed
from dbt_project.registry import Metric

_ROW = 36
_FRAME = 76
_ROOM, _ROOM_NARROW = 29, 18  # characters beside the chart


def forest(
    metric: Metric,
    rows: list[tuple[str, Estimate]],
    *,
    figure_id: str,
    title: str,
    what: str,
    note: str,
    nil: float = 0.0,
) -> Figure:
    """The chart of ``rows`` (name and estimate, the first being the planned one) in their order.

    ``nil`` is the value of no effect: 0 of a difference, 1 of a ratio.
    """
    drawn = [(name, each) for name, each in rows if each.value is not None]
    ends = [end for _, each in drawn for end in (each.value, each.lower, each.upper) if end is not None]
    low, high = min(*ends, nil), max(*ends, nil)
    room = (high - low) * 0.08 or 0.1
    height = _FRAME + _ROW * len(drawn)
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
        "margin": {"l": 250, "r": 28, "t": 30, "b": 34},
        **_line(nil),
    }
    narrow = {"margin": {"l": 140, "r": 14, "t": 30, "b": 32}, "xaxis": {**layout["xaxis"], "nticks": 4}}
    return Figure(
        figure_id,
        title,
        f"{metric.label}: {what}",
        "; ".join(f"{name}: {_words(each, nil)}" for name, each in rows) + ".",
        (_dots(drawn, nil),),
        layout,
        narrow,
        height,
        height,
        _table(rows, f"{title}. {metric.label}: {what}", nil),
        metric.id,
        note,
        {0: {"y": [wrapped(name, _ROOM_NARROW) for name, _ in drawn]}},
    )


def written(value: float | None, nil: float = 0.0) -> str:
    """A difference with its sign, a ratio without."""
    return signed(value) if nil == 0 or value is None else f"{value:,.2f}"


def reaching(each: Estimate, nil: float = 0.0) -> str:
    """The interval of an estimate, as :func:`written`; a dash where there is none."""
    if nil == 0 or each.lower is None or each.upper is None:
        return between(each.lower, each.upper)
    return f"{written(each.lower, nil)} to {written(each.upper, nil)}"


def _words(each: Estimate, nil: float) -> str:
    return "too few networks" if each.value is None else f"{written(each.value, nil)} ({reaching(each, nil)})"


def _line(nil: float) -> dict[str, Any]:
    shape = {
        "type": "line",
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "x0": nil,
        "x1": nil,
        "layer": "below",
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    label = {
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "x": nil,
        "text": "No effect",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    return {"shapes": [shape], "annotations": [label]}


def _dots(drawn: list[tuple[str, Estimate]], nil: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [each.value for _, each in drawn],
        "y": [wrapped(name, _ROOM) for name, _ in drawn],
        "customdata": [[name, _words(each, nil)] for name, each in drawn],
        "hovertemplate": hover(),
        "marker": {
            "color": [theme.ORANGE if each.is_told_from(nil) else theme.BLUE for _, each in drawn],
            "symbol": ["diamond" if each.is_told_from(nil) else "circle" for _, each in drawn],
            "size": 11,
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [reach(each.upper, each.value) for _, each in drawn],
            "arrayminus": [reach(each.value, each.lower) for _, each in drawn],
            "color": theme.BLUE,
            "thickness": 2,
            "width": 0,
        },
        "cliponaxis": False,
    }


def _table(rows: list[tuple[str, Estimate]], caption: str, nil: float) -> Table:
    columns = (
        Column("Choice"),
        Column("Effect", True),
        Column(wording.INTERVAL_NAME, True),
        Column("p", True),
    )
    body = tuple(
        (
            Cell(name),
            Cell("too few networks") if each.value is None else Cell(written(each.value, nil), each.value),
            Cell(reaching(each, nil)),
            Cell(wording.NOTHING) if each.p is None else Cell(formatting.p_value(each.p), each.p),
        )
        for name, each in rows
    )
    return Table(caption, columns, body)
