"""A strand in one card: its lead number, how sure, against what target, which way."""

from __future__ import annotations

from dashboards import content, formatting, messages, verdicts, wording
from dashboards.blocks import Card
from dashboards.site import Site
from dashboards.values import ENGLAND, Value
from dbt_project.registry import Metric
from dbt_project.registry.metrics import Strand


def strand_path(strand: Strand) -> str:
    """Where a strand's page lies in the site."""
    return f"strands/{formatting.slug(strand.id)}.html"


def strand_value(site: Site, strand: Strand) -> tuple[Metric | None, Value | None]:
    """A strand's lead metric and the figure that answers for it."""
    metric = site.metric(content.STRAND_LEAD.get(strand.id, ""))
    if metric is None:
        return None, None
    return metric, site.values.headline(metric, ENGLAND, strand=site.strand_of(metric, strand))


def strand_card(site: Site, strand: Strand) -> tuple[Card, verdicts.Verdict]:
    """The card of a strand's lead metric, and the verdict it shows."""
    metric, value = strand_value(site, strand)
    href = strand_path(strand)
    if metric is None:
        card = Card(
            strand.label, wording.NOTHING, "No published metric", (), verdicts.NO_DATA.text, "grey", href
        )
        return card, verdicts.NO_DATA
    key = site.strand_of(metric, strand)
    verdict = verdicts.judge(metric, value)
    if verdict is verdicts.NO_TARGET and value:
        verdict = verdicts.without_target(*_year_on_year(site, metric, value, key))
    number = (
        formatting.spoken(value.value, value.unit) if value and value.value is not None else wording.NOTHING
    )
    lines = _card_lines(site, metric, value, key)
    label = f"{metric.label}, {formatting.period_of(value)}" if value else metric.label
    return Card(strand.label, number, label, lines, verdict.text, verdict.tone, href), verdict


def _card_lines(site: Site, metric: Metric, value: Value | None, strand: str) -> tuple[str, ...]:
    if value is None:
        return (site.whys_missing(metric),)
    bounds = formatting.interval(value)
    lines = (
        f"95% interval {bounds}" if bounds else "",
        messages.target_words(metric, value),
        newest_course(site, metric, value, strand),
    )
    return tuple(line for line in lines if line)


def _year_on_year(site: Site, metric: Metric, value: Value, strand: str) -> tuple[Value | None, Value | None]:
    """The newest value and the one a year before it; of a running total, those of its newest year."""
    newest = site.values.latest(metric, ENGLAND, strand=strand) if value.grain == "all" else value
    return newest, site.values.before(metric, ENGLAND, newest, strand=strand) if newest else None


def newest_course(site: Site, metric: Metric, value: Value, strand: str) -> str:
    """The direction as a line of its own; a running total shows that of its newest year."""
    newest, earlier = _year_on_year(site, metric, value, strand)
    if newest is None or newest.value is None:
        return ""
    direction = verdicts.course(newest, earlier)
    if newest is value or not direction:
        return direction[:1].upper() + direction[1:]
    return f"{formatting.plain(newest.value, newest.unit)} {formatting.in_period(newest)}, {direction}"
