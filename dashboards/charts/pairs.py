"""How many went from where to where: a tile for every pair, shaded by size, with its number or the sign that hides it.

There are no totals of rows or columns, here or in the table: they would give away what is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table, value_cell
from dashboards.charts.axes import hover, wrapped
from dashboards.charts.bands import band_words, bands_of
from dashboards.values import Value
from dbt_project.registry import Metric

Pair = tuple[str, str]  # from and to

_ROW, _ROW_NARROW = 54, 48
_TOP, _TOP_NARROW = 66, 150
_BOTTOM, _BOTTOM_NARROW = 46, 120
_ROOM, _ROOM_NARROW = 20, 14  # characters of a name
_HALF = 0.5  # of a tile, as are the outlines


def pairs(
    metric: Metric,
    names: Mapping[str, str],
    cells: Mapping[Pair, Value],
    *,
    figure_id: str,
    title: str,
    what: str,
    sides: Pair,
    note: str,
) -> Figure | None:
    """The tiles; None where no pair has a number.

    ``names``: every origin and destination with its words, in order. ``cells``: the published value of each pair.
    ``what`` says what is counted, ``sides`` what the rows and the columns are.
    """
    shown = {pair: value for pair, value in cells.items() if value.value is not None}
    if not shown:
        return None
    places = list(names)
    unit = next(iter(shown.values())).unit
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for number, (low, high) in enumerate(bands_of([value.value or 0 for value in shown.values()])):
        members = {pair: value for pair, value in shown.items() if low <= (value.value or 0) <= high}
        data.append(_tiles(list(members), places, theme.BANDS[number], band_words(low, high, unit)))
        labels.append(_numbers(members, names, theme.BAND_INK[number]))
    if hidden := {pair: value for pair, value in cells.items() if value.value is None}:
        data.append(_tiles(list(hidden), places, theme.WITHHELD_FILL, "Withheld"))
        labels.append(_numbers(hidden, names, theme.INK))
    return Figure(
        figure_id,
        title,
        what,
        _summary(names, cells),
        tuple(data + labels),
        _layout(names, sides, narrow=False),
        _layout(names, sides, narrow=True),
        _TOP + _ROW * len(names) + _BOTTOM,
        _TOP_NARROW + _ROW_NARROW * len(names) + _BOTTOM_NARROW,
        _table(names, cells, sides, f"{title}. {what}"),
        metric.id,
        note,
        {
            position: {"textfont": {**trace["textfont"], "size": 11}}
            for position, trace in enumerate(data + labels)
            if trace["mode"] == "text"
        },
    )


def _tiles(members: list[Pair], places: list[str], fill: str, name: str) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    for origin, destination in members:
        across, down = places.index(destination), places.index(origin)
        x += [across - _HALF, across + _HALF, across + _HALF, across - _HALF, across - _HALF, None]
        y += [down - _HALF, down - _HALF, down + _HALF, down + _HALF, down - _HALF, None]
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


def _numbers(members: Mapping[Pair, Value], names: Mapping[str, str], colour: str) -> dict[str, Any]:
    places = list(names)
    return {
        "type": "scatter",
        "mode": "text",
        "x": [places.index(destination) for _, destination in members],
        "y": [places.index(origin) for origin, _ in members],
        "text": [formatting.cell(value).removesuffix(" [p]") for value in members.values()],
        "customdata": [
            [f"{names[origin]} to {names[destination]}", formatting.cell(value)]
            for (origin, destination), value in members.items()
        ],
        "hovertemplate": hover(),
        "textfont": {"color": colour, "size": 14},
        "showlegend": False,
    }


def _layout(names: Mapping[str, str], sides: Pair, *, narrow: bool) -> dict[str, Any]:
    last = len(names) - _HALF
    ticks = {"tickvals": list(range(len(names))), "showgrid": False, "showline": False, "fixedrange": True}
    room = _ROOM_NARROW if narrow else _ROOM
    written = [wrapped(name, room) for name in names.values()]
    return {
        "xaxis": {
            **ticks,
            "side": "top",
            "range": [-_HALF, last],
            "ticktext": written,
            "tickangle": -90 if narrow else 0,
            "title": {"text": sides[1], "standoff": 4},
        },
        "yaxis": {
            **ticks,
            "range": [last, -_HALF],
            "rangemode": "normal",
            "ticktext": written,
            "title": {"text": sides[0], "standoff": 4},
            **theme.LABEL_GAP,
        },
        "margin": {
            "l": 112 if narrow else 190,
            "r": 4,
            "t": _TOP_NARROW if narrow else _TOP,
            "b": _BOTTOM_NARROW if narrow else _BOTTOM,
        },
        "showlegend": True,
        "legend": {
            "traceorder": "normal",
            "orientation": "h",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": 12 if narrow else 13},
            "x": 0,
            "y": 0,
            "xanchor": "left",
            "yanchor": "top",
        },
    }


def _summary(names: Mapping[str, str], cells: Mapping[Pair, Value]) -> str:
    """From each origin the numbers in order of size, and how many destinations are withheld."""
    told: list[str] = []
    for origin, name in names.items():
        mine = [(names[to], value) for (start, to), value in cells.items() if start == origin]
        numbers = sorted(
            ((to, value) for to, value in mine if value.value is not None), key=lambda each: -(each[1].value or 0)
        )
        parts = [f"{formatting.cell(value)} to {to}" for to, value in numbers]
        if withheld := len(mine) - len(numbers):
            parts.append(f"{withheld} withheld")
        told.append(f"{name}: {', '.join(parts)}" if parts else f"{name}: {wording.NOTHING}")
    return f"{'; '.join(told)}."


def _table(names: Mapping[str, str], cells: Mapping[Pair, Value], sides: Pair, caption: str) -> Table:
    columns = (Column(sides[0]), *(Column(name, numeric=True) for name in names.values()))
    rows = tuple(
        (Cell(name), *(value_cell(cells.get((origin, destination))) for destination in names))
        for origin, name in names.items()
    )
    return Table(f"{caption}. Columns: {sides[1][:1].lower()}{sides[1][1:]}", columns, rows)
