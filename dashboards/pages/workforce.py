"""The pharmacy workforce of primary care networks, from the public workforce files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from dashboards import content, formatting, messages, verdicts, wording
from dashboards.blocks import Block, Cell, Column, DataTable, Heading, Notice, Page, Table, value_cell
from dashboards.charts import Series, hex_map, pairs, ranked, trend
from dashboards.pages import Nav
from dashboards.site import Site
from dashboards.values import ENGLAND, Value
from dbt_project.registry import Metric

NAV = Nav(6, "Network workforce", "workforce.html")
_REPORTING = (
    "Not every network reported in the early years, so part of the early growth is better reporting,"
    " not more staff."
)
_CONSTANT = (
    f"Dashed: {wording.CONSTANT} since {{first}}. Where that line rises as well, there are more staff;"
    " where it does not, more networks reported."
)
_PATHS = (
    "Where people who started independent prescribing were last seen in the second year after they started. Seen means"
    " listed by a network, starting another course, or prescribing in a pharmacy or a practice."
)
_PATHS_NOTE = (
    "Not known does not mean gone: hospitals send no return, and pharmacies and practices only show who prescribes."
    " Whoever works in a practice and is employed by its network is shown under the network."
    " [c] stands for a small number of people, none included, or for one that would give a small number away. The"
    " others are rounded, and there are no totals, because they would undo that."
)
_NO_PLACE = ("other", "unknown")  # to or from these there is no move between sectors


def pages(site: Site) -> Iterator[Page]:
    """The one workforce page."""
    blocks: list[Block] = [Heading("England", "england", _REPORTING)]
    blocks += _lines(site, content.WORKFORCE_FTE, "workforce-fte", "full-time equivalents")
    blocks += _lines(site, content.WORKFORCE_HEADCOUNT, "workforce-headcount", "people")
    blocks += _rates(site)
    blocks += _paths(site)
    yield Page(NAV.path, "Pharmacy staff in primary care networks", _message(site), blocks)


def _message(site: Site) -> str:
    metric = site.metric(content.WORKFORCE_FTE[0][0])
    if metric is None:
        return "No workforce measure is published for this release."
    return employed(site) or site.whys_missing(metric)


def employed(site: Site) -> str:
    """How many pharmacists networks employ, as a sentence; empty where no value is published."""
    metric = site.metric(content.WORKFORCE_FTE[0][0])
    value = site.values.latest(metric, ENGLAND) if metric else None
    if metric is None or value is None or value.value is None:
        return ""
    direction = verdicts.course(value, site.values.before(metric, ENGLAND, value))
    text = (
        f"Networks employ the equivalent of {formatting.plain(value.value, value.unit)} full-time pharmacists"
        f" {formatting.in_period(value)}"
    )
    return f"{text}, {direction}." if direction else f"{text}."


def _lines(site: Site, chosen: tuple[tuple[str, str], ...], figure_id: str, unit: str) -> list[Block]:
    lines: list[Series] = []
    missing: list[Block] = []
    single: list[tuple[str, Value]] = []
    for name, label in chosen:
        metric = site.metric(name)
        values = site.values.trend(metric, ENGLAND) if metric else ()
        newest = site.values.latest(metric, ENGLAND) if metric else None
        if metric and values:
            lines.append(Series(label, values, site.constant_reporters(metric, ENGLAND, values)))
        elif newest is not None and newest.shown:
            single.append((label, newest))
        elif metric:
            missing.append(Notice(site.whys_missing(metric)))
    if single:
        missing.insert(0, _one_census(single, figure_id, unit))
    first = site.metric(chosen[0][0])
    if not lines or first is None:
        return missing
    figure = trend(
        first,
        tuple(lines),
        figure_id=figure_id,
        title=_title(lines, unit),
        where="England",
        what=f"Pharmacy staff in networks ({unit})",
        note=_constant_note(lines),
    )
    return [figure, *missing]


def _constant_note(lines: list[Series]) -> str:
    """What the dashed lines are; empty where there are none."""
    first = min((value for line in lines for value in line.constant), key=_start, default=None)
    return _CONSTANT.format(first=formatting.period_of(first)) if first else ""


def _start(value: Value) -> date:
    return value.period_start


def _one_census(single: list[tuple[str, Value]], figure_id: str, unit: str) -> DataTable:
    """Too few censuses for a line: the newest one as a table."""
    period = formatting.period_of(single[0][1])
    return DataTable(
        f"{figure_id}-newest",
        f"{period}, {unit}",
        Table(
            f"Pharmacy staff in networks, {unit}, {period}: too few censuses for a trend",
            (Column("Role"), Column(unit.capitalize(), numeric=True)),
            tuple((Cell(label), value_cell(value)) for label, value in single),
        ),
    )


def _title(lines: list[Series], unit: str) -> str:
    last = lines[0].last
    if last is None or last.value is None:
        return f"Pharmacy staff in networks, {unit}"
    number = formatting.plain(last.value, last.unit)
    return f"{lines[0].label}: {number} {unit} {formatting.in_period(last)}"


def _rates(site: Site) -> list[Block]:
    metric = site.metric(content.WORKFORCE_RATE)
    if metric is None:
        return []
    heading = Heading("For the population served", "rates")
    regions = site.by_place(metric, site.regions)
    boards = site.by_place(metric, site.boards)
    figures: list[Block] = []
    if any(value and value.shown for _, value in regions):
        figures.append(
            ranked(
                metric,
                [(formatting.short_name(place), value) for place, value in regions],
                figure_id="rate-regions",
                title=messages.spread_claim(metric, regions),
                england=site.values.latest(metric, ENGLAND),
            )
        )
    if figure := hex_map(
        metric, boards, figure_id="rate-boards", title=messages.spread_claim(metric, boards)
    ):
        figures.append(figure)
    return [heading, *(figures or [Notice(site.whys_missing(metric))])]


def _paths(site: Site) -> list[Block]:
    """In which sector people started, and in which they were seen later."""
    metric = site.metric(content.SECTOR_PATHS)
    if metric is None:
        return []
    newest = site.values.latest(metric, ENGLAND)
    parts = site.values.parts_of(metric, ENGLAND, newest) if newest else {}
    sectors = site.programme.sectors
    cells = {
        (origin, destination): value
        for (dimension, destination), value in parts.items()
        if (origin := dimension.removeprefix("from_")) in sectors and destination in sectors
    }
    figure = None
    if newest is not None:
        period = formatting.period_of(newest)
        figure = pairs(
            metric,
            sectors,
            cells,
            figure_id="sector-paths",
            title=_most_common_move(sectors, cells),
            what=f"{metric.label}, people by sector, England, {period}"
            f"{', provisional' if any(value.symbol == 'p' for value in cells.values()) else ''}",
            sides=("Started in", "Last seen in, one to two years later"),
            note=_PATHS_NOTE,
        )
    heading = Heading("From sector to sector", "sectors", _PATHS)
    return [heading, figure or Notice(_unseen(site, metric, newest))]


def _most_common_move(sectors: Mapping[str, str], cells: Mapping[tuple[str, str], Value]) -> str:
    """The largest published number of people who were seen in another sector than they started in."""
    moves = [
        (value.value, sectors[origin], sectors[destination], value.unit)
        for (origin, destination), value in cells.items()
        if value.value is not None and origin != destination and not {origin, destination} & {*_NO_PLACE}
    ]
    if not moves:
        return "Too few people are known to have changed sector to show a number"
    number, origin, destination, unit = max(moves)
    return f"{origin} to {destination} is the most common known move: {formatting.plain(number, unit)} people"


def _unseen(site: Site, metric: Metric, newest: Value | None) -> str:
    if newest is None or not newest.shown:
        return site.whys_missing(metric)
    return f"{metric.label}: every number of people is too small to show."
