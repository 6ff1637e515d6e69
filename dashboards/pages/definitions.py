"""What each measure means, straight from the metric registry."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import downloads, formatting, wording
from dashboards.blocks import Block, Facts, LinkGroup, Links, Page
from dashboards.pages import Nav
from dashboards.site import Site
from dbt_project.registry import Metric
from dbt_project.registry.metrics import GRAINS

NAV = Nav(9, "Definitions", "definitions.html")
_HIDDEN = {
    "A": "No, the counts are public (class A)",
    "B": "Below England (class B)",
    "C": "Below England; small counts of England too (class C)",
}


def pages(site: Site) -> Iterator[Page]:
    """The one definitions page."""
    metrics = list(site.inputs.metrics.values())
    contents = tuple((metric.label, f"{NAV.path}#{formatting.slug(metric.id)}") for metric in metrics)
    blocks: list[Block] = [*downloads.links(site.release.release_id, site.inputs.downloads)]
    blocks += [Links((LinkGroup("On this page", contents),), level=2)] if contents else []
    blocks += [_definition(site, metric) for metric in metrics]
    yield Page(
        NAV.path,
        "What each measure means",
        f"{len(metrics)} measures, each with the question it answers and how it is counted.",
        blocks,
    )


def _definition(site: Site, metric: Metric) -> Facts:
    rows = [
        ("Question", metric.question),
        ("Why it matters", metric.why),
        ("Definition", metric.description),
        ("Counted", metric.numerator.description),
        ("Out of", metric.denominator.description if metric.denominator else ""),
        ("Who is included", metric.population),
        ("Placed in time by", metric.time_attribution),
        ("Unit", _unit(metric)),
        ("Reading", wording.DIRECTION[metric.direction]),
        ("Target", _target(metric)),
        ("Smallest group shown", str(metric.minimum_denominator) if metric.minimum_denominator else ""),
        ("Shown for", _shown(site, metric)),
        ("Hidden and rounded", _HIDDEN[metric.disclosure_class]),
        ("Data from", ", ".join(_feed(site, name) for name in metric.feeds)),
        ("Place in the programme's logic", wording.NODE[metric.theory_of_change]),
        ("Owner", metric.owner),
        ("Version", f"{metric.version}, next review {formatting.day(metric.review_date)}"),
    ]
    return Facts(
        tuple((term, text) for term, text in rows if text),
        title=metric.label,
        id=formatting.slug(metric.id),
    )


def _shown(site: Site, metric: Metric) -> str:
    """Levels, each with the shortest period published there."""
    told: list[str] = []
    for level in metric.levels:
        grains = metric.published_grains(level, site.programme.disclosure)
        if grains:
            told.append(f"{wording.LEVEL[level]} {wording.GRAIN[min(grains, key=GRAINS.index)]}")
    return "; ".join(told)


def _feed(site: Site, name: str) -> str:
    feed = site.feeds.get(name)
    return feed.title if feed else name.replace("_", " ")


def _unit(metric: Metric) -> str:
    words = formatting.unit_words(metric.unit) or metric.unit
    return f"{words} per {metric.per:,}" if metric.per > 1 else words


def _target(metric: Metric) -> str:
    if metric.target is None:
        return "No target is published."
    period = wording.GRAIN[metric.target.grain]
    return f"{formatting.spoken(metric.target.value, metric.unit)}, {period} ({metric.target.source})"
