"""How far people come: one bar per stage of a strand's event chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table, interval_cell, value_cell
from dashboards.charts.axes import wrapped
from dashboards.values import Value
from dbt_project.registry import Metric

_ROW = 44
_FRAME = 40
_ROOM, _ROOM_NARROW = 28, 18  # characters beside the bars


@dataclass(frozen=True)
class Stage:
    """One stage: how many reached it, the published share of the stage before, and any row of its period."""

    label: str
    reached: float | None
    share: Value | None
    row: Value


def pathway(metric: Metric, stages: list[Stage], *, figure_id: str, title: str, where: str) -> Figure:
    """Horizontal bars in the order of the chain, with the number and the share of the stage before."""
    drawn = list(reversed(stages))
    height = _FRAME + _ROW * len(stages)
    top = max((stage.reached or 0 for stage in stages), default=0)
    bars: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": [stage.reached for stage in drawn],
        "y": [wrapped(stage.label, _ROOM) for stage in drawn],
        "text": [_bar_label(stage) for stage in drawn],
        "textposition": "outside",
        "textfont": {"color": theme.INK},
        "marker": {"color": theme.BLUE},
        "hoverinfo": "skip",
        "cliponaxis": False,
        "width": 0.62,
    }
    layout: dict[str, Any] = {
        "xaxis": {"visible": False, "range": [0, top * 1.35 or 1]},
        "yaxis": {"type": "category", "showgrid": False, **theme.LABEL_GAP},
        "margin": {"l": 210, "r": 16, "t": 6, "b": 10},
    }
    narrow = {
        "margin": {"l": 128, "r": 8, "t": 6, "b": 10},
        "xaxis": {"visible": False, "range": [0, top * 1.7 or 1]},
    }
    period = formatting.period_of(stages[0].row)
    return Figure(
        figure_id,
        title,
        f"People who reached each stage, {where}, started {period}",
        _summary(stages),
        (bars,),
        layout,
        narrow,
        height,
        height,
        _table(stages, f"{title}. People who reached each stage, {where}, started {period}"),
        metric.id,
        "Everyone here has had the full time the measure allows. In brackets: the share of the stage before.",
        {0: {"y": [wrapped(stage.label, _ROOM_NARROW) for stage in drawn]}},
    )


def _bar_label(stage: Stage) -> str:
    number = "" if stage.reached is None else f"{stage.reached:,.0f}"
    return f"{number} ({formatting.cell(stage.share)})" if stage.share else number


def _label(stage: Stage) -> str:
    number = "[x]" if stage.reached is None else f"{stage.reached:,.0f}"
    return f"{number} ({formatting.cell(stage.share)} of the stage before)" if stage.share else number


def _summary(stages: list[Stage]) -> str:
    return "; ".join(f"{stage.label}: {_label(stage)}" for stage in stages) + "."


def _table(stages: list[Stage], caption: str) -> Table:
    columns = (
        Column("Stage"),
        Column("People", True),
        Column("Share of the stage before", True),
        Column(wording.INTERVAL_NAME, True),
    )
    rows = tuple(
        (
            Cell(stage.label),
            value_cell(None) if stage.reached is None else Cell(f"{stage.reached:,.0f}", stage.reached),
            value_cell(stage.share) if stage.share else Cell(wording.NOTHING),
            interval_cell(stage.share),
        )
        for stage in stages
    )
    return Table(caption, columns, rows)
