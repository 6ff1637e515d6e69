"""Why a figure is not what it was in the release before: one floating bar for each cause, between then and now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards import formatting, theme
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import value_axis, wrapped
from dbt_project.registry import Metric

_ROW = 42
_FRAME = 56
_ROOM = 20
_BEFORE, _NOW = "In the release before", "In this release"
_NOTE = "The axis begins near the figures, so that small parts are seen: bars show parts, dots the figures themselves."


@dataclass(frozen=True)
class Change:
    """A published change of one figure: what it was, what it is, and what each cause adds, in order of the table."""

    start: date
    grain: str
    before: float
    now: float
    change: float
    parts: tuple[tuple[str, float], ...]

    @property
    def told(self) -> tuple[tuple[str, float], ...]:
        """The causes that add or take something."""
        return tuple((cause, amount) for cause, amount in self.parts if amount)

    @property
    def mainly(self) -> str:
        """The cause with the largest part; empty where no part is above zero in size."""
        return max(self.told, key=lambda part: abs(part[1]))[0] if self.told else ""


def step_unit(unit: str) -> str:
    """The unit of a part: of a share it is percentage points."""
    return "difference" if unit == "percent" else unit


def waterfall(metric: Metric, change: Change, *, figure_id: str, title: str) -> Figure | None:
    """The steps from the figure of the release before to that of this one; None where no cause adds anything."""
    if not change.told:
        return None
    ends = _ends(change)
    low, high = min(min(pair) for pair in ends), max(max(pair) for pair in ends)
    room = (high - low) * 0.25 or 1.0
    height = _FRAME + _ROW * (len(change.told) + 2)
    order = [_NOW, *(cause for cause, _ in reversed(change.told)), _BEFORE]
    layout: dict[str, Any] = {
        "xaxis": {
            **value_axis(metric.unit),
            "tickformat": ",.6~g",
            "rangemode": "normal",
            "range": [low - room, high + room],
            "showgrid": True,
        },
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [wrapped(name, _ROOM) for name in order],
            "showgrid": False,
            **theme.LABEL_GAP,
        },
        "margin": {"l": 176, "r": 28, "t": 10, "b": 40},
        "barmode": "overlay",
    }
    narrow = {"margin": {"l": 124, "r": 14, "t": 10, "b": 36}, "xaxis": {**layout["xaxis"], "nticks": 3}}
    period = formatting.period(change.start, change.grain)
    subtitle = f"{metric.label}, England, {period}: the release before and this one"
    return Figure(
        figure_id,
        title,
        subtitle,
        _summary(change, metric.unit),
        (_bars(change, metric.unit), _dots(change, metric.unit)),
        layout,
        narrow,
        height,
        height,
        _table(change, metric.unit, f"{title}. {subtitle}"),
        metric.id,
        _NOTE,
    )


def _ends(change: Change) -> list[tuple[float, float]]:
    """Where each bar begins and ends: each part stands on the sum of those before it."""
    found: list[tuple[float, float]] = []
    at = change.before
    for _, amount in change.told:
        found.append((at, round(at + amount, 6)))
        at = found[-1][1]
    return [*found, (change.before, change.now)]


def _bars(change: Change, unit: str) -> dict[str, Any]:
    """Falls are outlined and every bar carries its sign: the direction does not hang on colour."""
    rises = [amount > 0 for _, amount in change.told]
    return {
        "type": "bar",
        "orientation": "h",
        "x": [amount for _, amount in change.told],
        "base": [start for start, _ in _ends(change)[:-1]],
        "y": [wrapped(cause, _ROOM) for cause, _ in change.told],
        "text": [_signed(amount, unit) for _, amount in change.told],
        "textposition": "outside",
        "textfont": {"color": theme.INK},
        "marker": {
            "color": [theme.TURQUOISE if rise else theme.PLUM for rise in rises],
            # hatching would be printed as a picture of dots: what falls is outlined instead, and its sign is written
            "line": {"color": theme.INK, "width": [0 if rise else 1.5 for rise in rises]},
        },
        "hoverinfo": "skip",
        "cliponaxis": False,
        "width": 0.6,
    }


def _dots(change: Change, unit: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [change.before, change.now],
        "y": [wrapped(_BEFORE, _ROOM), wrapped(_NOW, _ROOM)],
        "text": [formatting.plain(change.before, unit), formatting.plain(change.now, unit)],
        "textposition": "top center",
        "marker": {"color": theme.BLUE, "size": 12, "symbol": ["circle", "diamond"]},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _signed(amount: float, unit: str) -> str:
    sign = "+" if amount > 0 else ""
    return sign + formatting.plain(amount, step_unit(unit))


def _summary(change: Change, unit: str) -> str:
    parts = "; ".join(f"{cause.lower()} {_signed(amount, unit)}" for cause, amount in change.told)
    return f"From {formatting.plain(change.before, unit)} to {formatting.plain(change.now, unit)}: {parts}."


def _table(change: Change, unit: str, caption: str) -> Table:
    points = " (parts in percentage points)" if unit == "percent" else ""
    rows = [
        (Cell(_BEFORE), Cell(formatting.plain(change.before, unit), change.before)),
        *(
            (Cell(cause), Cell(formatting.plain(amount, step_unit(unit)), amount))
            for cause, amount in change.told
        ),
        (Cell(_NOW), Cell(formatting.plain(change.now, unit), change.now)),
    ]
    return Table(caption, (Column("Step"), Column(f"Value{points}", True)), tuple(rows))
