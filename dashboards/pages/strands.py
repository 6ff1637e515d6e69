"""One page per strand: the answer, the pathway, the course over time, regions and boards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from dashboards import content, formatting, messages, verdicts, wording
from dashboards.blocks import (
    Block,
    Cards,
    Cell,
    Column,
    DataTable,
    Figure,
    Heading,
    Notice,
    Page,
    Table,
    interval_cell,
    value_cell,
)
from dashboards.charts import Series, Stage, control_chart, hex_map, pathway, ranked, survival, trend
from dashboards.curve_tests import test_tables
from dashboards.curve_words import CURVES
from dashboards.pages import Nav
from dashboards.site import Site
from dashboards.strand_cards import strand_card, strand_path
from dashboards.values import ENGLAND, Value
from dbt_project.registry import Metric
from dbt_project.registry.metrics import Strand

NAV = Nav(2, "Strands", "strands/index.html")


def pages(site: Site) -> Iterator[Page]:
    """The list of strands, then one page each."""
    yield Page(
        NAV.path,
        "Five strands of training",
        "Each strand has its own route from first contact to working in practice.",
        [Cards(tuple(strand_card(site, strand)[0] for strand in site.programme.strands))],
    )
    for strand in site.programme.strands:
        yield _strand(site, strand)


def _strand(site: Site, strand: Strand) -> Page:
    metrics = _metrics(site, strand)
    lead = metrics[0] if metrics else None
    value, earlier = _value(site, strand, lead)
    verdict = strand_card(site, strand)[1]
    blocks: list[Block] = []
    if metrics:
        blocks.append(_key_figures(site, strand, metrics))
    blocks += _pathway(site, strand)
    if lead:
        blocks += _over_time(site, strand, lead)
    blocks += _curves(site, strand)
    blocks += _places(site, strand)
    message = (
        messages.answer(lead, value, earlier, verdict) if lead else "No metric of this strand is published."
    )
    if lead and value is None:
        message = site.whys_missing(lead)
    return Page(
        strand_path(strand),
        strand.label,
        message,
        blocks,
        nav=NAV.path,
        caption=f"Strand {strand.code.removeprefix('S')} of {len(site.programme.strands)}",
        verdict=verdict.text,
        tone=verdict.tone,
        message_more=(strand.summary,),
    )


def _value(site: Site, strand: Strand, metric: Metric | None) -> tuple[Value | None, Value | None]:
    if metric is None:
        return None, None
    key = site.strand_of(metric, strand)
    value = site.values.headline(metric, ENGLAND, strand=key)
    return value, site.values.before(metric, ENGLAND, value, strand=key) if value else None


def _metrics(site: Site, strand: Strand) -> list[Metric]:
    """Lead metric first, then the editorial choice, then all that the registry breaks down by this strand."""
    wanted = [content.STRAND_LEAD.get(strand.id, ""), *content.STRAND_OTHERS.get(strand.id, ())]
    wanted += [
        metric.id
        for metric in site.inputs.metrics.values()
        if strand.id in metric.strands and metric.id != content.PATHWAY
    ]
    return [metric for name in dict.fromkeys(wanted) if (metric := site.metric(name)) is not None]


def _key_figures(site: Site, strand: Strand, metrics: list[Metric]) -> DataTable:
    nothing = Cell(wording.NOTHING)
    rows: list[tuple[Cell, ...]] = []
    for metric in metrics:
        value, earlier = _value(site, strand, metric)
        target = verdicts.applicable_target(metric, value)
        rows.append(
            (
                Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
                value_cell(value),
                interval_cell(value),
                Cell(formatting.period_of(value)) if value else nothing,
                value_cell(earlier) if earlier else nothing,
                Cell(formatting.plain(target.value, metric.unit), target.value) if target else nothing,
            )
        )
    columns = (
        Column("Measure"),
        Column("Latest", True),
        Column(wording.INTERVAL_NAME, True),
        Column("Period", whole=True),
        Column("Year before", True),
        Column("Target", True),
    )
    return DataTable(
        "key-figures", "Key figures", Table(f"Key figures for {strand.label}, England", columns, tuple(rows))
    )


def _pathway(site: Site, strand: Strand) -> list[Block]:
    metric = site.metric(content.PATHWAY)
    if metric is None:
        return []
    heading = Heading("How far people get", "how-far")
    stages = _stages(site, metric, strand)
    if len(stages) <= 1:
        return [heading, Notice(site.whys_missing(metric))]
    reached = [stage for stage in stages if stage.reached is not None]
    title = f"{strand.label}: people at each stage"
    if len(reached) > 1:
        first, last = reached[0], reached[-1]
        title = f"{first.label}: {first.reached:,.0f}; {last.label.lower()}: {last.reached:,.0f}"
    return [heading, pathway(metric, stages, figure_id="pathway", title=title, where="England")]


def _stages(site: Site, metric: Metric, strand: Strand) -> list[Stage]:
    """Every stage in the order of the chain.

    The published row of a stage counts who reached it (denominator) and who went on (numerator), so the last
    stage has no row of its own: it is what the one before went on to.
    """
    parts = site.values.breakdown(metric, ENGLAND, strand=strand.id)
    found: list[Stage] = []
    onward: Value | None = None
    for event, label in zip(strand.stages, strand.stage_labels, strict=True):
        row = parts.get(event)
        if row:
            found.append(Stage(label, row.denominator, onward, row))
        elif onward:
            found.append(Stage(label, onward.numerator, onward, onward))
        onward = row
    return found


def _over_time(site: Site, strand: Strand, lead: Metric) -> list[Block]:
    key = site.strand_of(lead, strand)
    series = site.values.trend(lead, ENGLAND, strand=key)
    heading = Heading("Over time", "over-time")
    if not series:
        return [heading, Notice(site.whys_missing(lead))]
    value = site.values.latest(lead, ENGLAND, strand=key)
    earlier = site.values.before(lead, ENGLAND, value, strand=key) if value else None
    last = Series(lead.label, series).last
    target = verdicts.applicable_target(lead, last)
    blocks: list[Block] = [
        heading,
        trend(
            lead,
            (Series(lead.label, series),),
            figure_id="over-time-chart",
            title=messages.claim(lead, value, earlier),
            where="England",
            target=(target.value, "Target") if target else None,
        ),
    ]
    if months := site.control_of(lead):
        blocks.append(control_chart(lead, months, figure_id="control"))
    if sectors := _sectors(site, lead, key):
        blocks.append(sectors)
    return blocks


def _curves(site: Site, strand: Strand) -> list[Block]:
    """How long each step takes, as the share that has taken it by each month, and whether groups differ."""
    blocks: list[Block] = []
    for metric_id, words in CURVES.items():
        metric = site.metric(metric_id)
        if metric is None:
            continue
        points = site.curve_of(metric, ENGLAND, strand)
        figure = survival(
            metric, ((ENGLAND.name, points),), figure_id=words.slug, strand=strand.label, where="England"
        )
        if figure is not None:
            tests = site.curve_tests_of(metric, strand)
            blocks += [figure, *test_tables(tests, partial(_group, site), strand=strand.label, words=words)]
    return [Heading("How long it takes", "how-long"), *blocks] if blocks else []


def _group(site: Site, comparison: str, code: str) -> str:
    """The name of a group that curves are compared between."""
    if comparison == "cohort":
        return formatting.period(date.fromisoformat(code), "year")
    regions = {region.code: formatting.short_name(region) for region in site.regions}
    return (regions | site.programme.sectors).get(code, code)


def _sectors(site: Site, metric: Metric, key: str) -> Figure | None:
    if not metric.by_sector:
        return None
    lines = [
        Series(site.programme.sectors.get(sector, sector), values)
        for sector in content.SECTORS_CHARTED
        if (values := site.values.trend(metric, ENGLAND, strand=key, sector=sector))
    ]
    grains = {line.values[-1].grain for line in lines}
    if len(lines) <= 1 or len(grains) > 1:
        return None
    first = max(lines, key=lambda line: line.last.value or 0 if line.last else 0)
    return trend(
        metric,
        tuple(lines),
        figure_id="sectors",
        title=f"{first.label} contributes most to {metric.label.lower()}",
        where="England, by sector",
    )


def _places(site: Site, strand: Strand) -> list[Block]:
    for name in content.COMPARED.get(strand.id, ()):
        metric = site.metric(name)
        if metric is None:
            continue
        key = site.strand_of(metric, strand)
        regions = site.by_place(metric, site.regions, strand=key)
        boards = site.by_place(metric, site.boards, strand=key)
        figures: list[Block] = []
        if any(value and value.shown for _, value in regions):
            figures.append(
                ranked(
                    metric,
                    [(formatting.short_name(place), value) for place, value in regions],
                    figure_id="regions",
                    title=messages.spread_claim(metric, regions),
                    england=site.values.latest(metric, ENGLAND, strand=key)
                    if metric.unit in ("percent", "rate", "days")
                    else None,
                )
            )
        if figure := hex_map(metric, boards, figure_id="boards", title=messages.spread_claim(metric, boards)):
            figures.append(figure)
        if figures:
            return [Heading("Across England", "places"), *figures]
    return []
