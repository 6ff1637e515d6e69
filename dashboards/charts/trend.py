"""Course over time: up to four lines; a single one with its interval, and a target where one is set.

A line of network staff can have a second one, dashed: the same over the networks that reported every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards import formatting, theme, wording
from dashboards.blocks import Cell, Column, Figure, Table, interval_cell, value_cell
from dashboards.charts.axes import hover, value_axis
from dashboards.values import Value
from dbt_project.registry import Metric

_HEIGHT = 340
_HEIGHT_NARROW = 300
_FEW_POINTS = 8
_MOST_MARKED = 24  # points a line can carry before its markers run together
_LEAST_BAND = 2  # points that span an interval band
_LEGEND_ABOVE: dict[str, Any] = {
    "showlegend": True,
    "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"},
}
_LABEL_GAP = 0.075  # least distance between two line labels, as a share of the axis


@dataclass(frozen=True)
class Series:
    """One line."""

    label: str
    values: tuple[Value, ...]
    constant: tuple[Value, ...] = ()  # the same over the networks that reported every time

    @property
    def constant_label(self) -> str:
        """What the second line of the series is called."""
        return f"{self.label}, {wording.CONSTANT}"

    @property
    def last(self) -> Value | None:
        """The newest value with a number."""
        return next((value for value in reversed(self.values) if value.shown), None)


def trend(
    metric: Metric,
    series: tuple[Series, ...],
    *,
    figure_id: str,
    title: str,
    where: str,
    target: tuple[float, str] | None = None,
    what: str = "",
    note: str = "",
) -> Figure:
    """A line chart of one metric or of comparable metrics.

    ``target`` is the value of a reference line and its label; ``what`` names the lines where the metric's own
    label does not.
    Raises ValueError above four series: more cannot be told apart by colour and dash.
    """
    if len(series) > theme.MAX_SERIES:
        raise ValueError(f"{figure_id}: {len(series)} series, at most {theme.MAX_SERIES} can be told apart")
    single = len(series) == 1
    what = what or _what(metric, series)
    unit, grain = series[0].values[-1].unit, series[0].values[-1].grain
    data: list[dict[str, Any]] = []
    if single and (band := _band(series[0].values)):
        data.append(band)
    paired = any(line.constant for line in series)
    mains = range(len(data), len(data) + len(series))
    data.extend(_line(line, position, paired) for position, line in enumerate(series))
    data.extend(_constant_lines(series))
    drawn = [value for line in series for value in (*line.values, *line.constant)]
    top = max((value.upper or value.value or 0 for value in drawn), default=0)
    shapes, notes = _target(target, unit)
    top = max(top, target[0] if target else 0)
    labels = _last_label(series[0]) if single else _end_labels(series, top)
    axis = _time_axis(grain)
    right = 30 if single else 12 + max(len(line.label) for line in series) * 9
    layout: dict[str, Any] = {
        "xaxis": {**axis, "nticks": 7},
        "yaxis": {**value_axis(unit), "range": [0, top * 1.12 or 1]},
        "margin": {"l": 62, "r": right, "t": 44 if paired else 14, "b": 36},
        "shapes": shapes,
        "annotations": [*notes, *labels],
        **(_LEGEND_ABOVE if paired else {}),
    }
    below = len(series) + 1 if paired else len(series)
    narrow: dict[str, Any] = {
        "xaxis": {**axis, "nticks": 4},
        "margin": {"l": 50, "r": 18, "t": 14, "b": 32 if below == 1 else 88 + (24 if paired else 0)},
        "annotations": [*notes, *(labels if single else [])],
        "showlegend": below > 1,
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "xanchor": "left"},
    }
    return Figure(
        figure_id,
        title,
        f"{what}, {where}, {wording.GRAIN[grain]}",
        _summary(series, target, unit),
        tuple(data),
        layout,
        narrow,
        _HEIGHT,
        _HEIGHT_NARROW + (0 if below == 1 else 60 + (24 if paired else 0)),
        _table(series, f"{title}. {what}, {where}", single),
        metric.id,
        " ".join(part for part in (note, _breaks(series)) if part),
        {position: {"showlegend": True} for position in mains} if paired else {},
    )


def _breaks(series: tuple[Series, ...]) -> str:
    """Why a line breaks off or starts late; empty where no number is withheld between others."""
    why: set[str] = set()
    for line in series:
        shown = [position for position, value in enumerate(line.values) if value.shown]
        if shown:
            why |= {value.symbol for value in line.values[: shown[-1]] if not value.shown}
    reasons = [words for symbol, words in wording.SYMBOLS.items() if symbol in why]
    return f"Where a line is missing: {'; '.join(reasons)}." if reasons else ""


def _what(metric: Metric, series: tuple[Series, ...]) -> str:
    unit = formatting.unit_words(series[0].values[-1].unit)
    label = metric.label
    said = unit in ("", "%", "people", "£") or unit in label.lower() or "FTE" in label
    return label if said else f"{label} ({unit})"


def _x(value: Value) -> str:
    return formatting.period_of(value) if value.grain == "year" else value.period_start.isoformat()


def _time_axis(grain: str) -> dict[str, Any]:
    if grain == "year":
        # the order of the years, not that in which traces name them: a band leaves out years without an interval
        return {"type": "category", "categoryorder": "category ascending"}
    return {"type": "date", "tickformat": "%b %Y", "hoverformat": "%B %Y"}


def _line(line: Series, position: int, paired: bool) -> dict[str, Any]:
    """The line of a series; in a chart with dashed second lines it is solid and told apart by its markers."""
    colour = theme.SERIES_COLOURS[position]
    marker = theme.SERIES_MARKERS[position]
    many = len(line.values) > _MOST_MARKED and not paired
    open_marks = [f"{marker}-open" if value.symbol == "p" else marker for value in line.values]
    return {
        "type": "scatter",
        "mode": "lines" if many else "lines+markers",
        "name": line.label,
        "x": [_x(value) for value in line.values],
        "y": [value.value for value in line.values],
        "customdata": [
            [f"{line.label}, {formatting.period_of(value)}", formatting.cell(value)] for value in line.values
        ],
        "hovertemplate": hover(),
        "line": {"color": colour, "dash": "solid" if paired else theme.SERIES_DASHES[position], "width": 2.5},
        "marker": {
            "color": colour,
            "size": 8 if len(line.values) <= _FEW_POINTS else 6,
            "symbol": open_marks if len(set(open_marks)) > 1 else open_marks[0],
            **({"maxdisplayed": _FEW_POINTS} if paired else {}),
        },
        **({"showlegend": False} if paired else {}),
        "connectgaps": False,
        "cliponaxis": False,
    }


def _constant_lines(series: tuple[Series, ...]) -> list[dict[str, Any]]:
    """A thin dashed line each, in the colour of its series; one entry of the legend speaks for all."""
    lines: list[dict[str, Any]] = []
    for position, line in enumerate(series):
        if not line.constant:
            continue
        lines.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"Dashed: {wording.CONSTANT}",
                "showlegend": not lines,
                "x": [_x(value) for value in line.constant],
                "y": [value.value for value in line.constant],
                "customdata": [
                    [f"{line.constant_label}, {formatting.period_of(value)}", formatting.cell(value)]
                    for value in line.constant
                ],
                "hovertemplate": hover(),
                "line": {"color": theme.SERIES_COLOURS[position], "dash": "dash", "width": 1.5},
                "connectgaps": False,
                "cliponaxis": False,
            }
        )
    return lines


def _band(values: tuple[Value, ...]) -> dict[str, Any] | None:
    known = [value for value in values if value.lower is not None and value.upper is not None]
    if len(known) < _LEAST_BAND:
        return None
    return {
        "type": "scatter",
        "mode": "lines",
        "name": wording.INTERVAL_NAME,
        "x": [_x(value) for value in known] + [_x(value) for value in reversed(known)],
        "y": [value.upper for value in known] + [value.lower for value in reversed(known)],
        "fill": "toself",
        "fillcolor": theme.BAND_FILL,
        "line": {"width": 0, "color": theme.BLUE},
        "hoverinfo": "skip",
    }


def _target(target: tuple[float, str] | None, unit: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if target is None:
        return [], []
    value, label = target
    line = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"color": theme.REFERENCE, "width": 1.5, "dash": "dash"},
    }
    text = {
        "xref": "paper",
        "x": 0.01,
        "xanchor": "left",
        "y": value,
        "yanchor": "bottom",
        "text": f"{label} {formatting.spoken(value, unit)}",
        "showarrow": False,
        "font": {"color": theme.REFERENCE},
    }
    return [line], [text]


def _last_label(line: Series) -> list[dict[str, Any]]:
    last = line.last
    if last is None or last.value is None:
        return []
    return [
        {
            "x": _x(last),
            "y": last.value,
            "text": formatting.spoken(last.value, last.unit),
            "showarrow": False,
            "yshift": 16,
            "xanchor": "right",
            "xshift": 12,
            "font": {"color": theme.BLUE, "size": 15, "weight": 700},
            "bgcolor": "rgba(255,255,255,0.8)",
        }
    ]


def _end_labels(series: tuple[Series, ...], top: float) -> list[dict[str, Any]]:
    """Name each line at its end instead of in a legend, moved apart where ends lie close together."""
    ends = sorted(
        (
            (line.last.value, position)
            for position, line in enumerate(series)
            if line.last and line.last.value
        ),
        reverse=True,
    )
    labels: list[dict[str, Any]] = []
    gap = _LABEL_GAP * top
    ceiling = float("inf")
    for value, position in ends:
        ceiling = min(value, ceiling - gap)
        labels.append(
            {
                "xref": "paper",
                "x": 1,
                "xanchor": "left",
                "xshift": 8,
                "y": ceiling,
                "text": series[position].label,
                "showarrow": False,
                "font": {"color": theme.INK},
            }
        )
    floor = 0.0  # a label below the axis would not be drawn
    for label in reversed(labels):
        label["y"] = max(label["y"], floor)
        floor = label["y"] + gap
    return labels


def _summary(series: tuple[Series, ...], target: tuple[float, str] | None, unit: str) -> str:
    sentences = [sentence for line in series if (sentence := _course(line))]
    sentences += [_course(Series(line.constant_label, line.constant)) for line in series if line.constant]
    if target:
        sentences.append(f"{target[1]}: {formatting.spoken(target[0], unit)}.")
    return " ".join(sentences)


def _course(line: Series) -> str:
    shown = [value for value in line.values if value.value is not None]
    if not shown:
        return f"{line.label}: no number can be shown."
    first, last = shown[0], shown[-1]
    text = f"{line.label}: {formatting.cell(last)} {formatting.in_period(last)}"
    if bounds := formatting.interval(last):
        text += f" ({wording.INTERVAL_NAME} {bounds})"
    if first is not last:
        text += f", from {formatting.cell(first)} {formatting.in_period(first)}"
    return f"{text}."


def _table(series: tuple[Series, ...], caption: str, single: bool) -> Table:
    periods: dict[tuple[date, str], None] = {}
    for line in series:
        periods.update({(value.period_start, value.grain): None for value in line.values})
    cells = [{(v.period_start, v.grain): v for v in line.values} for line in series]
    constant = [{(v.period_start, v.grain): v for v in line.constant} for line in series if line.constant]
    columns = [Column("Period"), *(Column(line.label, True) for line in series)]
    columns += [Column(line.constant_label, True) for line in series if line.constant]
    with_interval = single and any(value.lower is not None for value in series[0].values)
    if with_interval:
        columns.append(Column(wording.INTERVAL_NAME, True))
    rows: list[tuple[Cell, ...]] = []
    for key in sorted(periods):
        row = [Cell(formatting.period(*key)), *(value_cell(found.get(key)) for found in cells)]
        # outside the window of these networks there is nothing to say
        row += [value_cell(found[key]) if key in found else Cell(wording.NOTHING) for found in constant]
        if with_interval:
            row.append(interval_cell(cells[0].get(key)))
        rows.append(tuple(row))
    return Table(caption, tuple(columns), tuple(rows))
