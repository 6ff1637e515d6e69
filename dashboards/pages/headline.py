"""Headline page: is the programme on course, in one screen."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import content, formatting, messages, verdicts, wording
from dashboards.blocks import Block, Card, Cards, Heading, Notice, Page
from dashboards.charts import Series, hex_map, ranked, trend
from dashboards.pages import Nav, equity, money, workforce
from dashboards.site import Site
from dashboards.strand_cards import newest_course, strand_card, strand_value
from dashboards.values import ENGLAND, LEAST_COURSE
from dbt_project.registry.metrics import Strand

NAV = Nav(1, "Overview", "index.html")
_OVERALL = {
    "behind": ("Not everywhere", "orange"),
    "reached": ("On course", "green"),
    "partly": ("Partly", "blue"),
    "not yet": ("Not yet", "yellow"),
    "unknown": ("Cannot be said yet", "grey"),
}


def pages(site: Site) -> Iterator[Page]:
    """The one headline page."""
    judged = [(strand, *strand_card(site, strand)) for strand in site.programme.strands]
    others = (money.spend_card(site), _coverage_card(site), _equity_card(site))
    cards = (*(card for _, card, _ in judged), *(card for card in others if card))
    blocks: list[Block] = [Cards(cards), *_prescribers(site)]
    if site.metric(content.MONEY):
        blocks += [Heading("Money", "money"), *money.spend_over_time(site)]
    blocks += _coverage(site)
    verdict, tone = _OVERALL[_overall([found for _, _, found in judged])]
    yield Page(
        NAV.path,
        "Is the programme on course?",
        _answer(site, [(strand, found) for strand, _, found in judged]),
        blocks,
        caption=f"{site.programme.name}, England",
        verdict=verdict,
        tone=tone,
        message_more=tuple(line for line in (_reached(site), money.spent(site)) if line),
    )


def _overall(found: list[verdicts.Verdict]) -> str:
    """What the strands with a target together say; one behind its target outweighs those that are on course."""
    if any(verdict.on_course is False for verdict in found):
        return "behind"
    reached = any(verdict.on_course for verdict in found)
    if verdicts.BUILDING in found:
        return "partly" if reached else "not yet"
    return "reached" if reached else "unknown"


def _answer(site: Site, judged: list[tuple[Strand, verdicts.Verdict]]) -> str:
    """Every strand with a published target: its number beside it; then how the others go."""
    sentences: list[str] = []
    for verdict in (verdicts.BEHIND, verdicts.BUILDING, verdicts.CLOSE, verdicts.ON_COURSE):
        told = [_beside_target(site, strand) for strand, found in judged if found == verdict]
        if told:
            sentences.append(f"{verdict.text}: {'; '.join(told)}.")
    others: dict[str, list[str]] = {}
    for strand, found in judged:
        if found.text.startswith("No target,"):
            others.setdefault(found.text, []).append(strand.label)
    sentences += [f"{text}: {messages.listed(names)}." for text, names in others.items()]
    # with public feeds only, what can be said is how many pharmacists networks employ
    return (
        " ".join(sentences) or workforce.employed(site) or "No headline value is published for this release."
    )


def _beside_target(site: Site, strand: Strand) -> str:
    """``Supervisors, 863 of 1,000``, with the interval of the number where it has one."""
    metric, value = strand_value(site, strand)
    target = verdicts.applicable_target(metric, value) if metric else None
    if value is None or value.value is None or target is None:
        return strand.label
    bounds = formatting.interval(value)
    interval = f" ({wording.INTERVAL_NAME} {bounds})" if bounds else ""
    return (
        f"{strand.label}, {formatting.spoken(value.value, value.unit)}{interval} of"
        f" {formatting.spoken(target.value, value.unit)}"
    )


def _reached(site: Site) -> str:
    """New prescribers and the networks that have one, in a line each as far as published."""
    sentences: list[str] = []
    for name, words in (
        (content.NEW_PRESCRIBERS, "new independent prescribers"),
        (content.COVERAGE, "of networks have a pharmacist who can prescribe"),
    ):
        metric = site.metric(name)
        value = site.values.latest(metric, ENGLAND) if metric else None
        if metric is None or value is None or value.value is None:
            continue
        bounds = formatting.interval(value)
        interval = f" ({wording.INTERVAL_NAME} {bounds})" if bounds else ""
        direction = verdicts.course(value, site.values.before(metric, ENGLAND, value))
        told = f"{formatting.spoken(value.value, value.unit)} {words} {formatting.in_period(value)}{interval}"
        sentences.append(f"{told}, {direction}." if direction else f"{told}.")
    return " ".join(sentences)


def _coverage_card(site: Site) -> Card | None:
    metric = site.metric(content.COVERAGE)
    value = site.values.latest(metric, ENGLAND) if metric else None
    if metric is None or value is None or value.value is None:
        return None
    bounds = formatting.interval(value)
    lines = (f"95% interval {bounds}" if bounds else "", newest_course(site, metric, value, "all"))
    verdict = verdicts.without_target(value, site.values.before(metric, ENGLAND, value))
    return Card(
        "Coverage",
        formatting.spoken(value.value, value.unit),
        f"{metric.label}, {formatting.period_of(value)}",
        tuple(line for line in lines if line),
        verdict.text,
        verdict.tone,
        f"{NAV.path}#coverage",
    )


def _equity_card(site: Site) -> Card | None:
    metric = site.metric(content.DEPRIVATION)
    value = equity.overall(site, metric) if metric else None
    if metric is None or value is None or value.value is None:
        return None
    bounds = formatting.interval(value)
    reading = verdicts.gap_reading(value)
    tone = {"No gap beyond chance": "green", "Cannot be said": "grey"}.get(reading, "yellow")
    return Card(
        "Equity",
        formatting.plain(value.value, value.unit),
        f"New prescribers, most against least deprived places, {formatting.period_of(value)}; 1 is no gap",
        (f"95% interval {bounds}",) if bounds else (),
        "A gap beyond chance" if tone == "yellow" else reading,
        tone,
        equity.NAV.path,
    )


def _prescribers(site: Site) -> list[Block]:
    metric = site.metric(content.NEW_PRESCRIBERS)
    if metric is None:
        return []
    heading = Heading("New prescribers", "prescribers")
    series = site.values.series(metric, ENGLAND, grain="year")
    if sum(value.shown for value in series) < LEAST_COURSE:
        series = site.values.trend(metric, ENGLAND)
    if not series:
        return [heading, Notice(site.whys_missing(metric))]
    value = Series(metric.label, series).last
    earlier = site.values.before(metric, ENGLAND, value) if value else None
    target = verdicts.applicable_target(metric, value)
    chart = trend(
        metric,
        (Series(metric.label, series),),
        figure_id="new-prescribers",
        title=messages.claim(metric, value, earlier),
        where="England",
        target=(target.value, "Target") if target else None,
    )
    return [heading, chart]


def _coverage(site: Site) -> list[Block]:
    metric = site.metric(content.COVERAGE)
    if metric is None:
        return []
    blocks: list[Block] = [Heading("Where prescribers work", "coverage")]
    england = site.values.latest(metric, ENGLAND)
    regions = site.by_place(metric, site.regions)
    if any(value and value.shown for _, value in regions):
        names = [(formatting.short_name(place), value) for place, value in regions]
        blocks.append(
            ranked(
                metric,
                names,
                figure_id="coverage-regions",
                title=messages.spread_claim(metric, regions),
                england=england,
            )
        )
    boards = site.by_place(metric, site.boards)
    figure = hex_map(metric, boards, figure_id="coverage-boards", title=messages.spread_claim(metric, boards))
    if figure:
        blocks.append(figure)
    return blocks if len(blocks) > 1 else [*blocks, Notice(site.whys_missing(metric))]
