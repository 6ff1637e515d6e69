"""Explore: any measure, anywhere, any period, drawn from a cube of published cells in the reader's own browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from dashboards import content, downloads, formatting, wording
from dashboards.blocks import (
    Block,
    Cell,
    Column,
    DataTable,
    Explorer,
    Heading,
    Measure,
    Page,
    Table,
    interval_cell,
    value_cell,
)
from dashboards.cube import cube, script
from dashboards.pages import Nav
from dashboards.site import Site
from dashboards.values import ENGLAND, WITHHELD
from dbt_project.registry import Metric

NAV = Nav(10, "Explore", "explore.html")
# A measure of these units means the same in a small place as in a large one, so places can be held against England.
COMPARABLE_UNITS = ("percent", "rate", "days", "ratio", "difference")


def pages(site: Site) -> Iterator[Page]:
    """The one Explore page."""
    groups = _groups(site)
    count = sum(len(measures) for _, measures in groups)
    blocks: list[Block] = []
    if groups:
        blocks.append(_explorer(site, groups))
    blocks.append(Heading("Every measure for England", "england", "The newest complete period of each."))
    blocks.append(_newest(site))
    blocks += downloads.links(site.release.release_id, site.inputs.downloads)
    yield Page(
        NAV.path,
        "Explore the figures",
        f"{count} measures for England, {len(site.regions)} regions and {len(site.boards)} boards, by period,"
        " strand and sector.",
        blocks,
    )


def _groups(site: Site) -> tuple[tuple[str, tuple[Measure, ...]], ...]:
    """Measures with published cells, under the theme they are counted in."""
    found: dict[str, list[Measure]] = {}
    for metric in site.inputs.metrics.values():
        cells = cube(site, metric)
        if cells["series"]:
            heading = metric.theme.removeprefix("metric_").replace("_", " ").capitalize()
            found.setdefault(heading, []).append(_measure(site, metric, script(metric, cells)))
    return tuple((heading, tuple(measures)) for heading, measures in found.items())


def _measure(site: Site, metric: Metric, text: str) -> Measure:
    return Measure(
        metric.id, metric.label, metric.unit, metric.why, site.quality(metric), metric.strands, text
    )


def _explorer(site: Site, groups: tuple[tuple[str, tuple[Measure, ...]], ...]) -> Explorer:
    measures = [measure for _, chosen in groups for measure in chosen]
    first = next((m.id for m in measures if m.id == content.NEW_PRESCRIBERS), measures[0].id)
    units = sorted({measure.unit for measure in measures})
    return Explorer(
        "explorer",
        groups,
        tuple((region.code, formatting.short_name(region)) for region in site.regions),
        tuple((board.code, formatting.short_name(board), board.region_code or "") for board in site.boards),
        tuple((strand.id, strand.label) for strand in site.programme.strands),
        tuple(site.programme.sectors.items()),
        tuple((grain, words) for grain, words in wording.PERIOD_KIND.items()),
        {
            "first": first,
            "measures": {
                measure.id: {
                    "label": measure.label,
                    "unit": measure.unit,
                    "why": measure.why,
                    "quality": measure.quality,
                    "definition": f"definitions.html#{formatting.slug(measure.id)}",
                }
                for measure in measures
            },
            "england": [ENGLAND.code, ENGLAND.name],
            "rules": {unit: asdict(formatting.number_rule(unit)) for unit in units},
            "unitWords": {unit: formatting.unit_words(unit) for unit in units},
            "comparable": COMPARABLE_UNITS,
            "symbols": wording.SYMBOLS,
            "withheld": "".join(sorted(WITHHELD)),
            "interval": wording.INTERVAL_NAME,
            "release": site.release.release_id,
        },
    )


def _newest(site: Site) -> DataTable:
    rows: list[tuple[Cell, ...]] = []
    for metric in site.inputs.metrics.values():
        value = site.values.headline(metric, ENGLAND)
        rows.append(
            (
                Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
                value_cell(value),
                interval_cell(value),
                Cell(formatting.period_of(value) if value else wording.NOTHING),
            )
        )
    columns = (
        Column("Measure"),
        Column("England", True),
        Column(wording.INTERVAL_NAME, True),
        Column("Period", whole=True),
    )
    caption = "Every measure for England, newest complete period"
    return DataTable(
        "newest", "", Table(caption, columns, tuple(rows)), filter_label="Find a measure", level=3
    )
