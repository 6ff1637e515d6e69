"""A dose response: the effect of each band of dose at its mean dose, and the line through no effect at no dose."""

from __future__ import annotations

from typing import Any

from dashboards import formatting, theme, wording
from dashboards.analyses import Estimate
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover
from dashboards.charts.event_study import between, reach, signed
from dbt_project.registry import Metric

_HEIGHT = 380
_HEIGHT_NARROW = 340
_NOTE = (
    "Dots: the effect on the networks of one band of dose, with its 95% interval. Line and shade: a straight line"
    " through no effect at no dose, with its interval. Networks chose their dose."
)


def dose_curve(
    metric: Metric, bands: tuple[Estimate, ...], line: tuple[Estimate, ...], *, per: str
) -> Figure:
    """The chart of the ``band`` estimates of one analysis, and its ``line`` from no dose on."""
    title = "The effect by how many prescribers a network got"
    subtitle = (
        f"{metric.label}: networks that adopted against networks that never did, by prescribers per {per}"
    )
    furthest = max(each.position or 0.0 for each in bands)
    ends = [
        end for each in (*bands, *line) for end in (each.value, each.lower, each.upper) if end is not None
    ]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    room = (high - low) * 0.06 or 0.1
    layout: dict[str, Any] = {
        "xaxis": {
            "type": "linear",
            "range": [0, furthest * 1.08],
            "nticks": 7,
            "tickformat": ",.2~f",
            "title": {"text": f"Prescribers per {per}"},
            "showgrid": False,
        },
        "yaxis": {
            "tickformat": ",.2~f",
            "nticks": 7,
            "rangemode": "normal",
            "range": [low - room, high + room],
        },
        "margin": {"l": 58, "r": 24, "t": 20, "b": 54},
        "shapes": [_nil()],
    }
    narrow = {"margin": {"l": 46, "r": 14, "t": 20, "b": 52}, "xaxis": {**layout["xaxis"], "nticks": 5}}
    return Figure(
        "dose",
        title,
        subtitle,
        "; ".join(f"{each.label} prescribers: {_words(each)}" for each in bands) + ".",
        (*_ray(line), _dots(bands)),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(bands, f"{title}. {subtitle}"),
        metric.id,
        _NOTE,
    )


def _words(each: Estimate) -> str:
    return f"{signed(each.value)} ({between(each.lower, each.upper)})"


def _nil() -> dict[str, Any]:
    line = {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"}
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 0,
        "layer": "below",
        "line": line,
    }


def _ray(line: tuple[Estimate, ...]) -> list[dict[str, Any]]:
    """The line and its interval, which widens from nothing at no dose."""
    doses = [each.position for each in line]
    straight = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    return [
        {
            **straight,
            "x": doses + doses[::-1],
            "y": [each.upper for each in line] + [each.lower for each in reversed(line)],
            "fill": "toself",
            "fillcolor": theme.BAND_FILL,
            "line": {"width": 0},
        },
        {
            **straight,
            "x": doses,
            "y": [each.value for each in line],
            "line": {"color": theme.BLUE, "width": 2},
        },
    ]


def _dots(bands: tuple[Estimate, ...]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [each.position for each in bands],
        "y": [each.value for each in bands],
        "customdata": [[f"{each.label} prescribers", _words(each)] for each in bands],
        "hovertemplate": hover(),
        "marker": {"color": theme.ORANGE, "symbol": "diamond", "size": 11},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [reach(each.upper, each.value) for each in bands],
            "arrayminus": [reach(each.value, each.lower) for each in bands],
            "color": theme.ORANGE,
            "thickness": 2,
            "width": 0,
        },
        "cliponaxis": False,
    }


def _table(bands: tuple[Estimate, ...], caption: str) -> Table:
    columns = (
        Column("Dose", whole=True),
        Column("Mean dose", True),
        Column("Networks", True),
        Column("Effect", True),
        Column(wording.INTERVAL_NAME, True),
        Column("p", True),
    )
    rows = tuple(
        (
            Cell(each.label),
            Cell(f"{each.position or 0:.2f}", each.position),
            Cell(f"{each.units or 0:,}", each.units),
            Cell(signed(each.value), each.value),
            Cell(between(each.lower, each.upper)),
            Cell(wording.NOTHING) if each.p is None else Cell(formatting.p_value(each.p), each.p),
        )
        for each in bands
    )
    return Table(caption, columns, rows)
