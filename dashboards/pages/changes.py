"""What changed since the release before, and why: each figure in the parts that add up to its change."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import content, formatting, wording
from dashboards.blocks import Block, Cell, Column, DataTable, Facts, Heading, Notice, Page, Table
from dashboards.charts import Change, waterfall
from dashboards.charts.waterfall import step_unit
from dashboards.inputs import CHANGE_PARTS
from dashboards.pages.quality import NAV as QUALITY
from dashboards.site import Site
from dbt_project.registry import Metric

PATH = "changes.html"
FIRST = "This is the first release: there is no earlier one to compare it with."
PAST = "This is a picture of the past: it is not compared with another release."
UNCHANGED = "No figure for England that was published then is another one now."


def pages(site: Site) -> Iterator[Page]:
    """The one page of changes."""
    found = [
        (metric, change)
        for metric in site.inputs.metrics.values()
        if (change := site.change_of(metric)) is not None
    ]
    blocks: list[Block] = []
    if problem := _incomparable(site, found):
        blocks.append(Notice(problem))
    else:
        blocks += _charts(found)
        blocks += [Heading("Every measure that changed", "measures"), _table(found)]
    blocks.append(_meanings())
    message = _incomparable(site, found) or _message(site, *_foremost(found))
    yield Page(PATH, "What changed since the last release, and why", message, blocks, nav=QUALITY.path)


def _incomparable(site: Site, found: list[tuple[Metric, Change]]) -> str:
    """Why nothing is compared; empty where something is."""
    release = site.release
    if release.as_at is not None:
        return PAST
    if release.changed_from is None:
        return FIRST
    if not release.changes_told:
        return f"The changes since release {release.changed_from} could not be worked out for this release."
    return "" if found else f"{UNCHANGED} Compared with release {release.changed_from}."


def _foremost(found: list[tuple[Metric, Change]]) -> tuple[Metric, Change]:
    """The change of the measure that matters most."""
    return next((pair for pair in found if pair[0].id == content.NEW_PRESCRIBERS), found[0])


def _message(site: Site, metric: Metric, change: Change) -> str:
    period = formatting.period(change.start, change.grain)
    now, before = (formatting.spoken(value, metric.unit) for value in (change.now, change.before))
    cause = f", mainly through {change.mainly.lower()}" if change.mainly else ""
    return f"{metric.label} {period}: {now}, where release {site.release.changed_from} had {before}{cause}."


def _charts(found: list[tuple[Metric, Change]]) -> list[Block]:
    charts: list[Block] = []
    by_id = {metric.id: (metric, change) for metric, change in found}
    for name in dict.fromkeys(content.CHANGES_DRAWN):
        if name not in by_id:
            continue
        metric, change = by_id[name]
        before, now = (formatting.spoken(value, metric.unit) for value in (change.before, change.now))
        chart = waterfall(
            metric,
            change,
            figure_id=formatting.slug(name),
            title=f"{metric.label}: {before} became {now}, mainly {change.mainly.lower()}",
        )
        if chart:
            charts.append(chart)
    return [Heading("Headline measures", "headline"), *charts] if charts else []


def _table(found: list[tuple[Metric, Change]]) -> DataTable:
    rows = tuple(
        (
            Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
            Cell(formatting.period(change.start, change.grain)),
            Cell(formatting.plain(change.before, metric.unit), change.before),
            Cell(formatting.plain(change.now, metric.unit), change.now),
            *(
                Cell(formatting.plain(amount, step_unit(metric.unit)), amount)
                for amount in (change.change, *(amount for _, amount in change.parts))
            ),
        )
        for metric, change in found
    )
    columns = (
        Column("Measure"),
        Column("Period", whole=True),
        Column("Before", True),
        Column("Now", True),
        Column("Change", True),
        *(Column(wording.CHANGE_PART[name], True) for name in CHANGE_PARTS),
    )
    caption = (
        "England's figures that were published before and are others now: of each measure the longest period."
        " The parts of a percentage are in percentage points"
    )
    return DataTable("changed", "", Table(caption, columns, rows), intro=f"{caption}.", level=3)


def _meanings() -> Facts:
    return Facts(
        tuple((wording.CHANGE_PART[name], wording.CHANGE_MEANING[name]) for name in CHANGE_PARTS),
        title="What the parts mean",
        id="parts",
        intro="The parts add up to the change. A figure of a period that was not published before is not a change.",
    )
