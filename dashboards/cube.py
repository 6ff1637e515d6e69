"""The cube behind the Explore page: published cells of one metric, by place, strand, sector and kind of period."""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboards import formatting
from dashboards.pictures import compact
from dashboards.site import Site
from dashboards.values import ENGLAND, Place, Value
from dbt_project.registry import Metric

VARIABLE = "phipCube"  # the scripts of a release put their cubes into this property of the window
NO_ROW = "-"  # stands for a period without a published row
ORDINARY = "."  # stands for a row without a symbol
_GRAINS = ("month", "quarter", "year", "all")
# After the position of the first period and the symbols, in this order; 0 where no cell of the series has one.
NUMBERS = ("value", "lower", "upper", "numerator", "denominator")


def cube(site: Site, metric: Metric) -> dict[str, Any]:
    """The complete cells of England, regions and boards; empty ``series`` where nothing is published.

    ``periods``: by grain, each period's first day and its words, in order. ``series``: by
    ``place|strand|sector|grain`` the position of the first period, one character a period (a symbol, ``.`` for an
    ordinary figure, ``-`` for no row) and the lists of numbers that :data:`NUMBERS` names.
    """
    places = (ENGLAND, *site.regions, *site.boards)
    found = {
        f"{place.code}|{strand}|{sector}|{grain}": cells
        for place in places
        for strand in ("all", *metric.strands)
        for sector in _sectors(site, metric, place)
        for grain in _GRAINS
        if (cells := site.values.series(metric, place, grain=grain, strand=strand, sector=sector))
    }
    periods = {
        grain: sorted(
            {cell.period_start for key, cells in found.items() if key.endswith(f"|{grain}") for cell in cells}
        )
        for grain in _GRAINS
    }
    return {
        "periods": {
            grain: [[start.isoformat(), formatting.period(start, grain)] for start in starts]
            for grain, starts in periods.items()
            if starts
        },
        "series": {key: _series(cells, periods[cells[0].grain]) for key, cells in found.items()},
    }


def script(metric: Metric, content: dict[str, Any]) -> str:
    """The cube as a classic script, which a page opened from disk can load too."""
    name = f"window.{VARIABLE}"
    return f"{name} = {name} || {{}};\n{name}[{compact(metric.id)}] = {compact(content)};\n"


def _sectors(site: Site, metric: Metric, place: Place) -> tuple[str, ...]:
    """Sectors are published for England alone."""
    return ("all", *site.programme.sectors) if place is ENGLAND and metric.by_sector else ("all",)


def _series(cells: tuple[Value, ...], periods: list[date]) -> list[Any]:
    by_period = {cell.period_start: cell for cell in cells}
    first, last = periods.index(min(by_period)), periods.index(max(by_period))
    row = [by_period.get(start) for start in periods[first : last + 1]]
    symbols = "".join(NO_ROW if cell is None else cell.symbol or ORDINARY for cell in row)
    return [first, symbols, *(_numbers(row, name) for name in NUMBERS)]


def _numbers(row: list[Value | None], name: str) -> list[float | int | None] | int:
    numbers = [None if cell is None else getattr(cell, name) for cell in row]
    if all(number is None for number in numbers):
        return 0
    return [
        int(number) if isinstance(number, float) and number.is_integer() else number for number in numbers
    ]
