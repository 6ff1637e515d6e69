"""Networks in a funnel plot: each against the limits that chance sets for its size; nothing is ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover
from dashboards.values import Place
from dbt_project.registry import Metric

_HEIGHT = 400
_HEIGHT_NARROW = 340
_LEAST_DRAWN = 3
_SHADED = "Shaded: where 95% and 99.8% of networks of a size would lie if all had the same rate"
_WIDER = "wider by as much as networks everywhere differ by more than chance (variance times {phi:.2f})"
_ASK = "A network outside is a question to ask, not a verdict."
_SIDES = {
    "95": (("lower_95", "upper_95"), "rgba(18,67,109,0.14)"),
    "99.8": (("lower_998", "upper_998"), "rgba(18,67,109,0.08)"),
}


@dataclass(frozen=True)
class FunnelPoint:
    """One network as published: people, patients, their rate, the rate of all networks, limits and signal."""

    place: Place
    period: str
    people: float
    patients: float
    rate: float
    overall: float
    lower_95: float
    upper_95: float
    lower_998: float
    upper_998: float
    signal: str
    per: int
    phi: float  # how many times the variance of chance alone networks have; limits are wider where it is above 1

    @property
    def outside(self) -> bool:
        """Whether the network lies beyond the 95 % limits."""
        return self.signal != "within"

    @property
    def expected(self) -> str:
        """The 95 % limits in words."""
        return f"{formatting.plain(self.lower_95, 'rate')} to {formatting.plain(self.upper_95, 'rate')}"


def network_funnel(
    metric: Metric, points: tuple[FunnelPoint, ...], *, figure_id: str, where: str
) -> Figure | None:
    """The plot of one board's networks with the limits at their sizes; None below three networks."""
    if len(points) < _LEAST_DRAWN:
        return None
    by_size = sorted(points, key=lambda point: (point.patients, point.place.code))
    outside = sum(point.outside for point in points)
    rate = f"{metric.label}, per {points[0].per:,} patients"
    title = f"{outside or 'None'} of {len(points)} networks lie{'s' if outside == 1 else ''} outside the 95% limits"
    top = max(max(point.rate, point.upper_998) for point in points)
    layout: dict[str, Any] = {
        "xaxis": {
            "tickformat": ",",
            "nticks": 6,
            "rangemode": "normal",
            "title": {"text": "Registered patients"},
            "showline": True,
        },
        "yaxis": {"tickformat": ",.3~g", "nticks": 6, "range": [0, top * 1.05]},
        "margin": {"l": 56, "r": 112, "t": 14, "b": 54},
        **_labels(by_size),
    }
    narrow = {"margin": {"l": 40, "r": 92, "t": 14, "b": 52}, "xaxis": {**layout["xaxis"], "nticks": 3}}
    subtitle = f"{rate}, networks in {where}, {points[0].period}"
    return Figure(
        figure_id,
        title,
        subtitle,
        _summary(points),
        (*_bands(by_size), _dots(by_size)),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        _table(points, f"{title}. {subtitle}"),
        metric.id,
        _note(points[0].phi),
    )


def _note(phi: float) -> str:
    """How to read the limits; ``phi`` is missing where there are too few networks."""
    return f"{_SHADED}, {_WIDER.format(phi=phi)}. {_ASK}" if phi > 1 else f"{_SHADED}. {_ASK}"


def _bands(points: list[FunnelPoint]) -> list[dict[str, Any]]:
    sizes = [point.patients for point in points]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{name}% limits",
            "x": sizes + sizes[::-1],
            "y": [getattr(p, low) for p in points] + [getattr(p, high) for p in reversed(points)],
            "fill": "toself",
            "fillcolor": fill,
            "line": {"width": 1, "color": theme.REFERENCE, "dash": "dot"},
            "hoverinfo": "skip",
        }
        for name, ((low, high), fill) in reversed(_SIDES.items())
    ]


def _dots(points: list[FunnelPoint]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.patients for point in points],
        "y": [point.rate for point in points],
        "ids": [point.place.code for point in points],  # by which a script finds the one that is asked for
        "customdata": [
            [
                formatting.short_name(point.place),
                f"{formatting.plain(point.rate, 'rate')}, 95% limits {point.expected}",
            ]
            for point in points
        ],
        "hovertemplate": hover(),
        "marker": {
            "color": [theme.ORANGE if point.outside else theme.BLUE for point in points],
            "symbol": ["diamond" if point.outside else "circle" for point in points],
            "size": 10,
            "line": {"color": theme.PAPER, "width": 1},
        },
        "cliponaxis": False,
    }


def _labels(points: list[FunnelPoint]) -> dict[str, Any]:
    last = points[-1]
    line = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": last.overall,
        "y1": last.overall,
        "layer": "below",
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    shared = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 6, "align": "left", "showarrow": False}
    text = [
        (last.overall, f"All networks<br>{formatting.plain(last.overall, 'rate')}"),
        (last.upper_95, "95% limit"),
        (last.upper_998, "99.8% limit"),
    ]
    return {
        "shapes": [line],
        "annotations": [
            {**shared, "y": y, "text": words, "font": {"color": theme.REFERENCE}} for y, words in text
        ],
    }


def _summary(points: tuple[FunnelPoint, ...]) -> str:
    overall = formatting.plain(points[0].overall, "rate")
    text = f"{len(points)} networks; all of England's together have {overall} per {points[0].per:,} patients."
    beyond = [
        f"{formatting.short_name(p.place)}: {wording.SIGNAL[p.signal].lower()}" for p in points if p.outside
    ]
    return f"{text} {'; '.join(beyond)}." if beyond else f"{text} None lies outside the 95% limits."


def _table(points: tuple[FunnelPoint, ...], caption: str) -> Table:
    columns = (
        Column("Network"),
        Column("Code"),
        Column("Registered patients", True),
        Column("People", True),
        Column(f"Per {points[0].per:,} patients", True),
        *(Column(f"{name}% limit, {side}", True) for name in _SIDES for side in ("lower", "upper")),
        Column("Reading"),
    )
    rows = tuple(
        (
            Cell(formatting.short_name(point.place)),
            Cell(point.place.code),
            Cell(f"{point.patients:,.0f}", point.patients),
            Cell(formatting.plain(point.people, "people"), point.people),
            _rate(point.rate),
            *(_rate(getattr(point, bound)) for bounds, _ in _SIDES.values() for bound in bounds),
            Cell(wording.SIGNAL[point.signal]),
        )
        for point in points
    )
    return Table(caption, columns, rows)


def _rate(value: float) -> Cell:
    return Cell(formatting.plain(value, "rate"), value)
