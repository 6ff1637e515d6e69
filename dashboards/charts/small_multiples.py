"""The same course in many places: one small panel each on one scale, in order of name, England behind each."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table, value_cell
from dashboards.charts.axes import hover, value_axis, wrapped
from dashboards.charts.trend import Series
from dashboards.values import Value
from dbt_project.registry import Metric

_COLUMNS, _COLUMNS_NARROW = 3, 2
_ROW, _ROW_NARROW = 170, 150
_FRAME = 60
_GAP_ACROSS, _GAP_DOWN = 0.05, 50  # of the width; pixels, for the name above a panel
_ROOM, _ROOM_NARROW = 34, 20
_LEAST_PANELS = 2


def small_multiples(
    metric: Metric,
    panels: tuple[Series, ...],
    *,
    reference: Series | None,
    figure_id: str,
    title: str,
    where: str,
) -> Figure | None:
    """A panel for each series that has a number; None below two. ``reference`` is drawn dashed in every panel."""
    shown = tuple(panel for panel in panels if panel.last is not None)
    if len(shown) < _LEAST_PANELS:
        return None
    drawn = [panel.values for panel in shown] + ([reference.values] if reference else [])
    top = max(value.value or 0 for values in drawn for value in values)
    low = min(value.value or 0 for values in drawn for value in values)
    unit, grain = shown[0].values[-1].unit, shown[0].values[-1].grain
    span = [min(0, low * 1.08), top * 1.08 or 1]
    data: list[dict[str, Any]] = []
    for position, panel in enumerate(shown):
        if reference:
            data.append(_line(reference, position, dashed=True))
        data.append(_line(panel, position, dashed=False))
    wide, height = _layout(shown, unit, span, narrow=False)
    narrow, height_narrow = _layout(shown, unit, span, narrow=True)
    subtitle = f"{metric.label}, {where}, {wording.GRAIN[grain]}"
    return Figure(
        figure_id,
        title,
        subtitle,
        _summary(shown, reference),
        tuple(data),
        wide,
        narrow,
        height,
        height_narrow,
        _table(shown, reference, f"{title}. {subtitle}"),
        metric.id,
        f"Every panel has the same scale. Dashed: {reference.label}."
        if reference
        else "Every panel has the same scale.",
    )


def _axis(letter: str, position: int) -> str:
    return letter if position == 0 else f"{letter}{position + 1}"


def _line(line: Series, position: int, *, dashed: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": line.label,
        "x": [value.period_start.isoformat() for value in line.values],
        "y": [value.value for value in line.values],
        "xaxis": _axis("x", position),
        "yaxis": _axis("y", position),
        "customdata": [
            [f"{line.label}, {formatting.period_of(value)}", formatting.cell(value)] for value in line.values
        ],
        "hovertemplate": hover(),
        "line": {
            "color": theme.REFERENCE if dashed else theme.BLUE,
            "dash": "dash" if dashed else "solid",
            "width": 1.25 if dashed else 2.25,
        },
        "connectgaps": False,
    }


def _layout(
    panels: tuple[Series, ...], unit: str, span: list[float], *, narrow: bool
) -> tuple[dict[str, Any], int]:
    """Axes in a grid, the name and newest number above each panel, and the height they need in pixels."""
    columns = _COLUMNS_NARROW if narrow else _COLUMNS
    room = _ROOM_NARROW if narrow else _ROOM
    rows = -(-len(panels) // columns)
    row = _ROW_NARROW if narrow else _ROW
    inner = rows * row
    layout: dict[str, Any] = {
        "margin": {"l": 44 if narrow else 52, "r": 12, "t": _FRAME // 2, "b": _FRAME // 2},
        "annotations": [],
    }
    for position, panel in enumerate(panels):
        across, down = position % columns, position // columns
        width = (1 - _GAP_ACROSS * (columns - 1)) / columns
        left, roof = across * (width + _GAP_ACROSS), 1 - (down * row + _GAP_DOWN) / inner
        floor = 1 - (down + 1) * row / inner + 0.02
        first_in_row, last_in_column = across == 0, position + columns >= len(panels)
        layout[f"xaxis{position + 1 if position else ''}"] = {
            "type": "date",
            "domain": [round(left, 4), round(left + width, 4)],
            "anchor": _axis("y", position),
            "tickformat": "%Y",
            "nticks": 4,
            "showticklabels": last_in_column,
        }
        layout[f"yaxis{position + 1 if position else ''}"] = {
            **value_axis(unit),
            "nticks": 4,
            "range": span,
            "rangemode": "normal",
            "domain": [round(floor, 4), round(roof, 4)],
            "anchor": _axis("x", position),
            "showticklabels": first_in_row,
        }
        layout["annotations"].append(
            {
                "xref": "paper",
                "yref": "paper",
                "x": round(left, 4),
                "y": round(roof, 4),
                "xanchor": "left",
                "yanchor": "bottom",
                "align": "left",
                "showarrow": False,
                "text": f"{wrapped(panel.label, room)}<br>{formatting.cell(panel.last)}",
                "font": {"size": theme.FONT_SIZE_NARROW, "color": theme.INK},
            }
        )
    return layout, inner + _FRAME


def _summary(panels: tuple[Series, ...], reference: Series | None) -> str:
    newest: list[tuple[str, Value]] = [(panel.label, panel.last) for panel in panels if panel.last]
    text = "; ".join(
        f"{name}: {formatting.cell(value)} {formatting.in_period(value)}" for name, value in newest
    )
    if reference and reference.last:
        text += (
            f". {reference.label}: {formatting.cell(reference.last)} {formatting.in_period(reference.last)}"
        )
    return f"{text}."


def _table(panels: tuple[Series, ...], reference: Series | None, caption: str) -> Table:
    lines = (*panels, *((reference,) if reference else ()))
    known = [{value.period_start: value for value in line.values} for line in lines]
    starts = sorted({start for cells in known for start in cells})
    grain = panels[0].values[-1].grain
    rows = tuple(
        (Cell(formatting.period(start, grain)), *(value_cell(cells.get(start)) for cells in known))
        for start in starts
    )
    return Table(caption, (Column("Period"), *(Column(line.label, True) for line in lines)), rows)
