"""How many went from where to where: a tile for every pair, shaded by size, with its number or the sign that hides it.

There are no totals of rows or columns, here or in the table: they would give away what is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table, value_cell
from dashboards.charts.axes import hover, wrapped
from dashboards.charts.bands import band_words, bands_of
from dashboards.values import Value
from dbt_project.registry import Metric

Pair = tuple[str, str]  # from and to

_ROW, _ROW_NARROW = 54, 48
_TOP, _TOP_NARROW = 66, 136
_BOTTOM, _BOTTOM_NARROW = 46, 110
_LEFT, _LEFT_NARROW = 180, 100
_ROOM, _ROOM_NARROW = 16, 14  # characters of a line of a name
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
        "text": [_number(value) for value in members.values()],
        "customdata": [
            [f"{names[origin]} to {names[destination]}", formatting.cell(value)]
            for (origin, destination), value in members.items()
        ],
        "hovertemplate": hover(),
        "textfont": {"color": colour, "size": 14},
        "showlegend": False,
    }


def _number(value: Value) -> str:
    """The number alone where it is provisional: the line under the title says so for all."""
    return formatting.cell(value).removesuffix(" [p]")


def _layout(names: Mapping[str, str], sides: Pair, *, narrow: bool) -> dict[str, Any]:
    """Axes that count tiles, which no reader needs; the names stand where ticks would."""
    hidden = {"visible": False, "showgrid": False, "fixedrange": True}
    ends = [-_HALF, len(names) - _HALF]
    return {
        "xaxis": {**hidden, "range": ends, "rangemode": "normal"},
        "yaxis": {**hidden, "range": ends[::-1], "rangemode": "normal"},
        "annotations": [*_names(names, narrow=narrow), *_sides(sides, narrow=narrow)],
        "margin": {
            "l": _LEFT_NARROW if narrow else _LEFT,
            "r": 6,
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


def _names(names: Mapping[str, str], *, narrow: bool) -> Iterator[dict[str, Any]]:
    """Beside every row and over every column; upright over the narrow columns of a phone."""
    plain = {"showarrow": False, "font": {"size": 12 if narrow else 14}}
    for position, name in enumerate(names.values()):
        text = wrapped(name, _ROOM_NARROW if narrow else _ROOM)
        row = {"x": 0, "xref": "paper", "xanchor": "right", "xshift": -8, "y": position, "align": "right"}
        column = {"y": 1, "yref": "paper", "yanchor": "bottom", "yshift": 4, "x": position}
        yield {**plain, **row, "text": text}
        yield {**plain, **column, "text": text, **({"textangle": -90} if narrow else {})}


def _sides(sides: Pair, *, narrow: bool) -> Iterator[dict[str, Any]]:
    """What the rows and the columns are: at the corner where both begin."""
    quiet = {"showarrow": False, "xref": "paper", "yref": "paper", "font": {"color": theme.MUTED, "size": 12}}
    left = _LEFT_NARROW if narrow else _LEFT
    yield {
        **quiet,
        "text": f"{sides[0]} ↓",
        "x": 0,
        "xanchor": "right",
        "xshift": -8,
        "y": 1,
        "yanchor": "bottom",
    }
    yield {
        **quiet,
        "text": f"{sides[1]} →",
        "x": 0,
        "xanchor": "left",
        "xshift": 8 - left if narrow else 0,
        "y": 1,
        "yanchor": "bottom",
        "yshift": (_TOP_NARROW if narrow else _TOP) - 22,
    }


def _summary(names: Mapping[str, str], cells: Mapping[Pair, Value]) -> str:
    """From each origin the numbers in order of size, and how many destinations are withheld."""
    told: list[str] = []
    for origin, name in names.items():
        mine = [(names[to], value) for (start, to), value in cells.items() if start == origin]
        numbers = sorted(
            ((to, value) for to, value in mine if value.value is not None),
            key=lambda each: -(each[1].value or 0),
        )
        parts = [f"{_number(value)} {to}" for to, value in numbers]
        if withheld := len(mine) - len(numbers):
            parts.append(f"{withheld} withheld")
        told.append(f"from {name}: {', '.join(parts) or wording.NOTHING}")
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}."


def _table(names: Mapping[str, str], cells: Mapping[Pair, Value], sides: Pair, caption: str) -> Table:
    columns = (Column(sides[0]), *(Column(name, numeric=True) for name in names.values()))
    rows = tuple(
        (Cell(name), *(value_cell(cells.get((origin, destination))) for destination in names))
        for origin, name in names.items()
    )
    return Table(f"{caption}. Columns: {sides[1][:1].lower()}{sides[1][1:]}", columns, rows)
