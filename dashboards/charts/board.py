"""One board against its mix of donors: both series, the gap among the gaps of donors, and the test's ranking."""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.analyses import Estimate
from dashboards.blocks import Cell, Column, Figure, Table
from dashboards.charts.axes import hover, wrapped
from dashboards.charts.event_study import signed
from dbt_project.registry import Metric

_HEIGHT = 380
_HEIGHT_NARROW = 340
_ROW = 30
_ROW_NARROW = 38  # names take two lines there
_FRAME = 60
_ROOM, _ROOM_NARROW = 44, 24  # characters beside the chart
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_MIX_NOTE = (
    "Before the date the mix was chosen to go along with the board, so that it does says little; how far they part"
    " after it is the estimate."
)
_GAP_NOTE = (
    "Orange: the board. Grey: every donor, compared in the same way as if it had been the one. An effect is worth"
    " believing where the orange line leaves the grey ones after the date, and lies among them before it."
)
_RATIO_NOTE = (
    "How many times larger the gap is after the date than before. With no effect the board is as likely to come"
    " anywhere in this order as any donor."
)


def against_mix(
    metric: Metric, board: str, observed: tuple[Estimate, ...], mix: tuple[Estimate, ...], since: date
) -> Figure:
    """What was seen in the board and in its mix of donors, by quarter."""
    title = f"{board}, and the mix of boards it went along with"
    subtitle = f"{metric.label}, by quarter"
    last = (observed[-1].value or 0, mix[-1].value or 0)
    when = formatting.period(_day(observed[-1], since), "quarter")
    both = [each.value for each in (*observed, *mix) if each.value is not None]
    rows = tuple(
        (
            Cell(formatting.period(_day(seen, since), "quarter")),
            Cell(_plain(seen.value), seen.value),
            Cell(_plain(other.value), other.value),
        )
        for seen, other in zip(observed, mix, strict=True)
    )
    columns = (Column("Quarter", whole=True), Column("Seen in the board", True), Column("In the mix", True))
    layout, narrow = _layout(since, (min(both), max(both)))
    return Figure(
        "mix",
        title,
        subtitle,
        f"In {when} {_plain(last[0])} in the board, {_plain(last[1])} in the mix.",
        (
            _line(mix, since, "Mix", colour=theme.REFERENCE, dash="dash"),
            _line(observed, since, board, colour=theme.ORANGE),
        ),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        Table(f"{title}. {subtitle}", columns, rows),
        metric.id,
        f"Orange: the board. Dashed: the mix. {_MIX_NOTE}",
    )


def gaps(
    metric: Metric,
    board: str,
    gap: tuple[Estimate, ...],
    others: dict[str, tuple[Estimate, ...]],
    since: date,
) -> Figure:
    """The gap of the board among those of the donors, by quarter."""
    title = "The gap between board and mix, among the gaps of other boards"
    subtitle = f"{metric.label}: difference from the mix, by quarter"
    grey = [_faint(_line(series, since, name, colour=theme.MUTED)) for name, series in others.items()]
    values = [each.value for series in (gap, *others.values()) for each in series if each.value is not None]
    table = _gap_table(gap, others, since, f"{title}. {subtitle}")
    layout, narrow = _layout(since, (min(*values, 0.0), max(*values, 0.0)), nil=True)
    last = [cell.text for cell in table.rows[-1]]
    return Figure(
        "gaps",
        title,
        subtitle,
        f"In {last[0]} the gap is {last[1]}; those of {len(others)} donors lie between {last[2]} and {last[3]}.",
        (*grey, _line(gap, since, board, colour=theme.ORANGE, signs=True)),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW,
        table,
        metric.id,
        _GAP_NOTE,
    )


def _faint(trace: dict[str, Any]) -> dict[str, Any]:
    """A line to be seen among others, not read."""
    kept = {key: value for key, value in trace.items() if key not in ("customdata", "hovertemplate")}
    return {**kept, "opacity": 0.35, "hoverinfo": "skip"}


def _gap_table(
    gap: tuple[Estimate, ...], others: dict[str, tuple[Estimate, ...]], since: date, caption: str
) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in gap:
        beside = [
            other.value
            for series in others.values()
            for other in series
            if other.position == each.position and other.value is not None
        ]
        low, high = min(beside), max(beside)
        when = formatting.period(_day(each, since), "quarter")
        rows.append(
            (
                Cell(when),
                Cell(signed(each.value), each.value),
                Cell(signed(low), low),
                Cell(signed(high), high),
            )
        )
    columns = (
        Column("Quarter", whole=True),
        Column("Gap of the board", True),
        Column("Lowest of a donor", True),
        Column("Highest of a donor", True),
    )
    return Table(caption, columns, tuple(rows))


def ratios(metric: Metric, board: str, ranked: list[tuple[str, float]]) -> Figure:
    """The ratio of the gap after to the gap before of every board, highest first."""
    place = [name for name, _ in ranked].index(board) + 1
    title = f"Of {len(ranked)} boards the gap of {board} comes {_ordinal(place)}"
    subtitle = f"{metric.label}: gap after the date over gap before it"
    height = _FRAME + _ROW * len(ranked)
    names = [name for name, _ in ranked]
    layout: dict[str, Any] = {
        "xaxis": {
            "rangemode": "tozero",
            "nticks": 6,
            "tickformat": ",.3~g",
            "showgrid": True,
            "showline": False,
        },
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, **theme.LABEL_GAP},
        "margin": {"l": 330, "r": 28, "t": 20, "b": 34},
    }
    narrow = {"margin": {"l": 156, "r": 14, "t": 20, "b": 32}, "xaxis": {**layout["xaxis"], "nticks": 4}}
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [ratio for _, ratio in ranked],
        "y": [wrapped(name, _ROOM) for name in names],
        "customdata": [[name, f"{ratio:,.2f}"] for name, ratio in ranked],
        "hovertemplate": hover(),
        "marker": {
            "color": [theme.ORANGE if name == board else theme.BLUE for name in names],
            "symbol": ["diamond" if name == board else "circle" for name in names],
            "size": 11,
        },
        "cliponaxis": False,
    }
    table = Table(
        f"{title}. {subtitle}",
        (Column("Board"), Column("Gap after over gap before", True)),
        tuple((Cell(name), Cell(f"{ratio:,.2f}", ratio)) for name, ratio in ranked),
    )
    return Figure(
        "ratios",
        title,
        subtitle,
        "; ".join(f"{name}: {ratio:,.2f}" for name, ratio in ranked) + ".",
        (dots,),
        layout,
        narrow,
        height,
        _FRAME + _ROW_NARROW * len(ranked),
        table,
        metric.id,
        _RATIO_NOTE,
        {0: {"y": [wrapped(name, _ROOM_NARROW) for name in names]}},
    )


def _layout(
    since: date, ends: tuple[float, float], *, nil: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Layout and what of it differs on a narrow screen; the date marked, and the line of no gap where asked."""
    low, high = ends
    room = (high - low) * 0.06 or 0.1
    style = {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"}
    day = since.isoformat()
    marks = [
        {
            "type": "line",
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "x0": day,
            "x1": day,
            "layer": "below",
            "line": style,
        }
    ]
    if nil:
        marks.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 0,
                "y1": 0,
                "layer": "below",
                "line": style,
            }
        )
    label = {
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "x": day,
        "showarrow": False,
        "text": formatting.period(since, "quarter"),
        "font": {"color": theme.REFERENCE},
    }
    layout: dict[str, Any] = {
        "xaxis": {"type": "date", "nticks": 8, "showgrid": False},
        "yaxis": {
            "tickformat": ",.2~f",
            "nticks": 7,
            "rangemode": "normal",
            "range": [low - room, high + room],
        },
        "margin": {"l": 58, "r": 24, "t": 30, "b": 40},
        "shapes": marks,
        "annotations": [label],
    }
    return layout, {"margin": {"l": 46, "r": 14, "t": 30, "b": 36}, "xaxis": {**layout["xaxis"], "nticks": 4}}


def _line(
    series: tuple[Estimate, ...],
    since: date,
    name: str,
    *,
    colour: str,
    dash: str = "solid",
    signs: bool = False,
) -> dict[str, Any]:
    days = [_day(each, since) for each in series]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [day.isoformat() for day in days],
        "y": [each.value for each in series],
        "customdata": [
            [
                f"{name}, {formatting.period(day, 'quarter')}",
                signed(each.value) if signs else _plain(each.value),
            ]
            for day, each in zip(days, series, strict=True)
        ],
        "hovertemplate": hover(),
        "line": {"color": colour, "width": 2.5 if colour == theme.ORANGE else 1.5, "dash": dash},
        "cliponaxis": False,
    }


def _day(each: Estimate, since: date) -> date:
    """The first day of the quarter of a point, so many quarters after ``since``."""
    months = since.year * 12 + since.month - 1 + 3 * int(each.position or 0)
    return date(months // 12, months % 12 + 1, 1)


def _plain(value: float | None) -> str:
    return wording.NOTHING if value is None else f"{value:,.2f}"


def _ordinal(place: int) -> str:
    return "first" if place == 1 else f"{place}{_ENDINGS.get(place % 10 if place // 10 != 1 else 0, 'th')}"
