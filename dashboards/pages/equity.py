"""Equity: whether places and groups of people gain alike, each gap with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dashboards import content, formatting, verdicts, wording
from dashboards.blocks import (
    Block,
    Cell,
    Column,
    DataTable,
    Facts,
    Figure,
    Heading,
    Notice,
    Page,
    Table,
    interval_cell,
    value_cell,
)
from dashboards.charts import gaps
from dashboards.pages import Nav
from dashboards.site import Site
from dashboards.values import ENGLAND, Value
from dbt_project.registry import Metric

NAV = Nav(3, "Equity", "equity.html")
_READING = (
    ("Ratio", "1 is no gap; 0.90 is a tenth less, 1.10 a tenth more than the group or places compared with."),
    ("Slope index", "The rate at the most deprived end less that at the least deprived; 0 is no gap."),
    ("Difference", "Percentage points, after allowing for sector, region and year of start; 0 is no gap."),
    ("Beyond chance", "The 95% interval does not reach the value of no gap."),
)
_UNKNOWN = (
    (
        "Deprivation of places",
        "It is the deprivation of the areas that a network's patients live in. Nothing is known of each patient.",
    ),
    ("Not stated", "People who did not state a characteristic are left out of its comparison."),
    ("Why", "A gap says that groups differ, not why; nor does no gap say that all have what they need."),
)


def pages(site: Site) -> Iterator[Page]:
    """The one equity page."""
    metrics = [m for name in content.EQUITY if (m := site.metric(name)) is not None]
    blocks: list[Block] = [_glance(site, metrics)] if metrics else []
    for heading, anchor, names, draw in (
        ("Places", "places", content.EQUITY_BY_YEAR, _by_year),
        ("Regions, sectors and groups of people", "groups", content.EQUITY_BY_GROUP, _by_group),
    ):
        blocks += [Heading(heading, anchor), *_drawn(site, names, draw)]
    blocks.append(Facts(_READING, title="How to read a gap", id="reading"))
    blocks.append(Facts(_UNKNOWN, title="What these figures do not say", id="unknown"))
    yield Page(NAV.path, "Does the programme reach everyone alike?", deprivation(site), blocks)


def overall(site: Site, metric: Metric) -> Value | None:
    """The figure over the whole programme where there is one, else the newest: few people make wide intervals."""
    total = site.values.latest(metric, ENGLAND, grain="all")
    return total if total and total.shown else site.values.latest(metric, ENGLAND)


def deprivation(site: Site) -> str:
    """Whether deprived places gain as many prescribers, as a sentence."""
    metric = site.metric(content.DEPRIVATION)
    value = overall(site, metric) if metric else None
    if metric is None or value is None or value.value is None:
        return site.whys_missing(metric) if metric else "No measure of equity is published for this release."
    bounds = formatting.interval(value)
    interval = f" ({wording.INTERVAL_NAME} {bounds})" if bounds else ""
    return (
        f"For each prescriber that the least deprived places gain for their patients, the most deprived gain"
        f" {formatting.plain(value.value, value.unit)} {formatting.in_period(value)}{interval}:"
        f" {verdicts.gap_reading(value).lower()}."
    )


def _glance(site: Site, metrics: list[Metric]) -> DataTable:
    rows: list[tuple[Cell, ...]] = []
    for metric in metrics:
        value = overall(site, metric)
        rows.append(
            (
                Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
                value_cell(value),
                interval_cell(value),
                Cell(formatting.period_of(value)) if value else Cell(wording.NOTHING),
                Cell(f"{formatting.plain(verdicts.no_gap(metric.unit), 'count')} is no gap"),
                Cell(verdicts.gap_reading(value) if value else wording.NOTHING),
            )
        )
    columns = (
        Column("Measure"),
        Column("Value", True),
        Column(wording.INTERVAL_NAME, True),
        Column("Period", whole=True),
        Column("Scale", whole=True),
        Column("Reading"),
    )
    return DataTable(
        "gaps",
        "Every gap at a glance",
        Table("Gaps between places and groups, England", columns, tuple(rows)),
    )


def _drawn(site: Site, names: tuple[str, ...], draw: Callable[[Site, Metric], Figure | None]) -> list[Block]:
    """A chart for each measure, or why there is none."""
    blocks: list[Block] = []
    for metric in (m for name in names if (m := site.metric(name)) is not None):
        blocks.append(draw(site, metric) or Notice(_undrawn(site, metric)))
    return blocks


def _undrawn(site: Site, metric: Metric) -> str:
    value = site.values.latest(metric, ENGLAND)
    if value is None or not value.shown:
        return site.whys_missing(metric)
    return f"{metric.label}: too few figures for a chart."


def _by_year(site: Site, metric: Metric) -> Figure | None:
    """One gap, a row for every year."""
    series = site.values.series(metric, ENGLAND, grain="year")
    rows = [(formatting.period_of(value), value) for value in series]
    newest = next((value for value in reversed(series) if value.shown), None)
    if newest is None or newest.value is None:
        return None
    title = (
        f"{metric.label}: {formatting.plain(newest.value, newest.unit)} {formatting.in_period(newest)},"
        f" {verdicts.gap_reading(newest).lower()}"
    )
    return gaps(
        metric,
        rows,
        figure_id=formatting.slug(metric.id),
        title=title,
        what="England, by financial year",
        first="Financial year",
    )


def _by_group(site: Site, metric: Metric) -> Figure | None:
    """One comparison, a row for every group of the figure's period."""
    like = overall(site, metric)
    if like is None:
        return None
    parts = site.values.parts_of(metric, ENGLAND, like)
    rows = [(_name(site, *part), value) for part, value in sorted(parts.items())]
    far = sum(verdicts.gap_reading(value).endswith(", beyond chance") for _, value in rows)
    return gaps(
        metric,
        rows,
        figure_id=formatting.slug(metric.id),
        title=f"{metric.label}: {far or 'none'} of {len(rows)} groups differ{'s' if far == 1 else ''} beyond chance",
        what=f"England, {formatting.period_of(like)}",
        first="Group",
    )


def _name(site: Site, dimension: str, category: str) -> str:
    if dimension == "region":
        region = next((place for place in site.regions if place.code == category), None)
        return f"{formatting.short_name(region) if region else category} against others"
    if dimension == "sector":
        return site.programme.sectors.get(category, wording.category(category))
    return f"{wording.DIMENSION.get(dimension, wording.category(dimension))}: {wording.category(category).lower()}"
