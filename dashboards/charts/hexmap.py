"""Every integrated care board as one hexagon of the same size, shaded in four bands and labelled."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme
from dashboards.blocks import Cell, Column, Figure, Table, interval_cell, value_cell
from dashboards.charts.axes import hover
from dashboards.charts.bands import band_words, bands_of
from dashboards.geography import Tile, tiles
from dashboards.values import Place, Value
from dbt_project.registry import Metric

_HEIGHT = 600
_HEIGHT_NARROW = 400
_LEAST_SHOWN = 8  # two boards a band; with fewer a map says less than the table


def hex_map(
    metric: Metric,
    places: list[tuple[Place, Value | None]],
    *,
    figure_id: str,
    title: str,
) -> Figure | None:
    """The map, or None where fewer than eight boards of the tile grid have a number."""
    positioned = [(tiles()[place.code], place, value) for place, value in places if place.code in tiles()]
    shown = [(tile, place, v) for tile, place, v in positioned if v and v.value is not None]
    if len(shown) < _LEAST_SHOWN:
        return None
    unit = shown[0][2].unit
    bands = bands_of([value.value or 0 for _, _, value in shown])
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    members: list[tuple[Tile, Place, Value | None]]
    for number, (low, high) in enumerate(bands):
        members = [item for item in shown if low <= (item[2].value or 0) <= high]
        data.append(_hexagons([m[0] for m in members], theme.BANDS[number], band_words(low, high, unit)))
        labels.append(_labels(members, theme.BAND_INK[number]))
    withheld = [(tile, place, value) for tile, place, value in positioned if not (value and value.shown)]
    if withheld:
        data.append(_hexagons([m[0] for m in withheld], theme.WITHHELD_FILL, "No number shown"))
        labels.append(_labels(withheld, theme.INK))
    period = formatting.period_of(shown[0][2])
    if any(value.symbol == "p" for _, _, value in shown):
        period += ", provisional"
    return Figure(
        figure_id,
        title,
        f"{metric.label} by integrated care board, {period}",
        _summary(shown),
        tuple(data + labels),
        _layout({"x": 0, "y": 1, "xanchor": "left", "yanchor": "top"}, 13),
        _layout({"orientation": "h", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top"}, 12, bottom=72),
        _HEIGHT,
        _HEIGHT_NARROW + 60,
        _table(places, f"{title}. {metric.label} by integrated care board, {period}"),
        metric.id,
        _off_grid(places),
        _narrow_labels(data + labels),
    )


def _hexagons(members: list[Tile], fill: str, name: str) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    for tile in members:
        xs, ys = tile.outline()
        x += [*xs, None]
        y += [*ys, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x[:-1],
        "y": y[:-1],
        "fill": "toself",
        "fillcolor": fill,
        "line": {"color": theme.HEX_OUTLINE, "width": 1},
        "hoverinfo": "skip",
        "showlegend": True,
    }


def _labels(members: list[tuple[Tile, Place, Value | None]], colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [tile.x for tile, _, _ in members],
        "y": [tile.y for tile, _, _ in members],
        "text": [f"{tile.label}<br>{_in_tile(value)}" for tile, _, value in members],
        "customdata": [[formatting.short_name(place), formatting.cell(value)] for _, place, value in members],
        "hovertemplate": hover(),
        "textfont": {"color": colour, "size": 12},
        "showlegend": False,
    }


def _in_tile(value: Value | None) -> str:
    """The number alone where it is provisional: the line under the title says so for the whole map."""
    return formatting.cell(value).removesuffix(" [p]")


def _narrow_labels(data: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """On a phone a tile has room for its letters only; the numbers stand in the table."""
    return {
        position: {
            "text": [text.partition("<br>")[0] for text in trace["text"]],
            "textfont": {**trace["textfont"], "size": 10},
        }
        for position, trace in enumerate(data)
        if trace["mode"] == "text"
    }


def _layout(legend: dict[str, Any], legend_size: int, *, bottom: int = 4) -> dict[str, Any]:
    hidden = {"visible": False, "showgrid": False}
    return {
        "xaxis": {**hidden, "range": [-1.2, 15.2]},
        "yaxis": {**hidden, "range": [0.4, 17.0], "scaleanchor": "x", "rangemode": "normal"},
        "margin": {"l": 4, "r": 4, "t": 4, "b": bottom},
        "showlegend": True,
        "legend": {
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": legend_size},
            **legend,
        },
    }


def _summary(shown: list[tuple[Tile, Place, Value]]) -> str:
    ordered = sorted(shown, key=lambda item: (item[2].value or 0, item[1].name))
    (_, low_place, low), (_, high_place, high) = ordered[0], ordered[-1]
    return (
        f"{len(shown)} boards with a number: {formatting.cell(low)} in {formatting.short_name(low_place)}"
        f" to {formatting.cell(high)} in {formatting.short_name(high_place)}."
    )


def _off_grid(places: list[tuple[Place, Value | None]]) -> str:
    missing = [formatting.short_name(place) for place, _ in places if place.code not in tiles()]
    return f"In the table but not on the map: {', '.join(missing)}." if missing else ""


def _table(places: list[tuple[Place, Value | None]], caption: str) -> Table:
    columns = [Column("Integrated care board"), Column("Code"), Column("Value", True)]
    with_interval = any(formatting.interval(value) for _, value in places)
    if with_interval:
        columns.append(Column("95% interval", True))
    rows = tuple(
        (
            Cell(formatting.short_name(place)),
            Cell(place.code),
            value_cell(value),
            *((interval_cell(value),) if with_interval else ()),
        )
        for place, value in sorted(places, key=lambda item: formatting.short_name(item[0]))
    )
    return Table(caption, tuple(columns), rows)
