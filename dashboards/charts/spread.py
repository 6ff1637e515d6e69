"""Networks by size: a dot each, so that small ones are seen to vary more, instead of a league table."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme
from dashboards.blocks import Cell, Column, Figure, Table, interval_cell, value_cell
from dashboards.charts.axes import hover, value_axis
from dashboards.values import Place, Value
from dbt_project.registry import Metric

_HEIGHT = 380
_HEIGHT_NARROW = 320
_LEAST_DRAWN = 3


def spread(
    metric: Metric,
    places: list[tuple[Place, Value | None]],
    *,
    figure_id: str,
    title: str,
    where: str,
    size_label: str,
    england: Value | None,
) -> Figure | None:
    """Value against the published denominator, England as reference; None below three dots."""
    drawn = [(place, v) for place, v in places if v and v.value is not None and v.denominator]
    if len(drawn) < _LEAST_DRAWN:
        return None
    unit = drawn[0][1].unit
    top = max(value.value or 0 for _, value in drawn)
    reference = england.value if england else None
    dots: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [value.denominator for _, value in drawn],
        "y": [value.value for _, value in drawn],
        "ids": [place.code for place, _ in drawn],
        "customdata": [[formatting.short_name(place), formatting.cell(value)] for place, value in drawn],
        "hovertemplate": hover(),
        "marker": {
            "color": theme.BLUE,
            "size": 10,
            "symbol": "circle",
            "line": {"color": "#FFFFFF", "width": 1},
        },
        "cliponaxis": False,
    }
    layout: dict[str, Any] = {
        "xaxis": {
            "tickformat": ",",
            "nticks": 6,
            "rangemode": "normal",
            "title": {"text": size_label},
            "showline": True,
        },
        "yaxis": {**value_axis(unit), "range": [0, max(top, reference or 0) * 1.12 or 1]},
        "margin": {"l": 56, "r": 76, "t": 14, "b": 54},
        **_reference(england),
    }
    narrow = {"margin": {"l": 44, "r": 64, "t": 14, "b": 52}, "xaxis": {**layout["xaxis"], "nticks": 3}}
    period = formatting.period_of(drawn[0][1])
    return Figure(
        figure_id,
        title,
        f"{metric.label} against {size_label.lower()}, networks in {where}, {period}",
        _summary(drawn, england),
        (dots,),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(places, f"{title}. {metric.label}, networks in {where}, {period}", size_label),
        metric.id,
        "Small networks vary more by chance. A dot far from the line is a question to ask, not a verdict.",
    )


def _reference(england: Value | None) -> dict[str, Any]:
    if england is None or england.value is None:
        return {}
    line = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": england.value,
        "y1": england.value,
        "layer": "below",
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    text = {
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "xshift": 6,
        "y": england.value,
        "text": f"England<br>{formatting.plain(england.value, england.unit)}",
        "align": "left",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    return {"shapes": [line], "annotations": [text]}


def _summary(drawn: list[tuple[Place, Value]], england: Value | None) -> str:
    ordered = sorted(drawn, key=lambda item: (item[1].value or 0, item[0].name))
    low, high = ordered[0][1], ordered[-1][1]
    text = f"{len(drawn)} networks with a number, from {formatting.cell(low)} to {formatting.cell(high)}."
    if england and england.value is not None:
        text += f" England: {formatting.cell(england)}."
    return text


def _table(places: list[tuple[Place, Value | None]], caption: str, size_label: str) -> Table:
    columns = (Column("Network"), Column("Code"), Column(size_label, True), Column("Value", True))
    with_interval = any(formatting.interval(value) for _, value in places)
    if with_interval:
        columns = (*columns, Column("95% interval", True))
    rows = tuple(
        (
            Cell(formatting.short_name(place)),
            Cell(place.code),
            _size(value),
            value_cell(value),
            *((interval_cell(value),) if with_interval else ()),
        )
        for place, value in sorted(places, key=lambda item: (item[0].name, item[0].code))
    )
    return Table(caption, columns, rows)


def _size(value: Value | None) -> Cell:
    if value is None or value.denominator is None:
        return value_cell(None)
    return Cell(f"{value.denominator:,.0f}", value.denominator)
