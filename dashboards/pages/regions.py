"""One page per NHS region: its figures beside England's, and the course of each of its boards."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import content, formatting, messages
from dashboards.blocks import (
    Block,
    Cell,
    Column,
    DataTable,
    Heading,
    LinkGroup,
    Links,
    Notice,
    Page,
    Table,
    interval_cell,
    value_cell,
)
from dashboards.charts import Series, small_multiples, survival, trend
from dashboards.pages.boards import NAV as FINDER
from dashboards.pages.boards import board_path, place_message
from dashboards.site import Site
from dashboards.values import ENGLAND, Place


def pages(site: Site) -> Iterator[Page]:
    """One page per region."""
    for region in site.regions:
        boards = tuple(board for board in site.boards if board.region_code == region.code)
        links = tuple((formatting.short_name(board), board_path(board)) for board in boards)
        blocks: list[Block] = [_key_figures(site, region)]
        if links:
            blocks.append(Links((LinkGroup("Integrated care boards of this region", links),), level=2))
        blocks.append(Heading("Over time", "over-time"))
        blocks += _charts(site, region) or [Notice("No series of this region is long enough to be charted.")]
        blocks += _curves(site, region)
        blocks += _panels(site, region, boards)
        name = formatting.short_name(region)
        message = place_message(site, region)
        yield Page(region_path(region), name, message, blocks, nav=FINDER.path, caption="NHS region")


def region_path(region: Place) -> str:
    """Where a region's page lies in the site."""
    return f"regions/{formatting.slug(region.code)}.html"


def _key_figures(site: Site, region: Place) -> DataTable:
    rows: list[tuple[Cell, ...]] = []
    for metric in site.inputs.metrics.values():
        value = site.values.latest(metric, region)
        if "region" not in metric.levels or metric.id == content.PATHWAY or value is None:
            continue
        rows.append(
            (
                Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
                value_cell(value),
                interval_cell(value),
                value_cell(site.values.at(metric, ENGLAND, value)),
                Cell(formatting.period_of(value)),
            )
        )
    columns = (
        Column("Measure"),
        Column("This region", True),
        Column("95% interval", True),
        Column("England", True),
        Column("Period", whole=True),
    )
    caption = f"Key figures for {formatting.short_name(region)}"
    title = f"Key figures: {len(rows)} measures beside those of England"
    return DataTable("key-figures", title, Table(caption, columns, tuple(rows)), folded=True)


def _charts(site: Site, region: Place) -> list[Block]:
    charts: list[Block] = []
    for name in (content.NEW_PRESCRIBERS, content.COVERAGE):
        metric = site.metric(name)
        series = site.values.trend(metric, region) if metric else ()
        if metric is None or not series:
            continue
        value = site.values.latest(metric, region)
        earlier = site.values.before(metric, region, value) if value else None
        charts.append(
            trend(
                metric,
                (Series(metric.label, series),),
                figure_id=formatting.slug(name),
                title=messages.claim(metric, value, earlier),
                where=formatting.short_name(region),
            )
        )
    return charts


def _curves(site: Site, region: Place) -> list[Block]:
    """How long people take to pass, beside England, one chart for each strand that has a published curve."""
    metric = site.metric(content.TIME_CURVE)
    name = formatting.short_name(region)
    figures = [
        survival(
            metric,
            (
                (name, site.curve_of(metric, region, strand)),
                (ENGLAND.name, site.curve_of(metric, ENGLAND, strand)),
            ),
            figure_id=f"time-to-pass-{formatting.slug(strand.id)}",
            strand=strand.label,
            where=name,
            test=" ".join(
                test.sentence for test in site.curve_tests_of(metric, strand) if test.comparison == "region"
            ),
        )
        for strand in site.programme.strands
        if metric
    ]
    drawn = [figure for figure in figures if figure]
    return [Heading("How long it takes", "how-long"), *drawn] if drawn else []


def _panels(site: Site, region: Place, boards: tuple[Place, ...]) -> list[Block]:
    """The course of each board, one small panel each."""
    found: list[Block] = []
    for name in content.REGION_PANELS:
        metric = site.metric(name)
        if metric is None:
            continue
        panels = [Series(formatting.short_name(board), site.values.trend(metric, board)) for board in boards]
        england = site.values.trend(metric, ENGLAND)
        kept = tuple(panel for panel in panels if panel.values)
        figure = small_multiples(
            metric,
            kept,
            reference=Series(ENGLAND.name, england) if england else None,
            figure_id=f"boards-{formatting.slug(name)}",
            title=messages.spread_claim(metric, site.by_place(metric, boards)),
            where=f"boards of {formatting.short_name(region)}",
        )
        if figure:
            found.append(figure)
    return [Heading("Board by board", "boards"), *found] if found else []
