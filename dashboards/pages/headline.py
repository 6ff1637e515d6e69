"""Headline page: are we on course, in one screen."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import content, formatting, messages, verdicts, wording
from dashboards.blocks import Block, Card, Cards, Heading, Notice, Page
from dashboards.charts import Series, hex_map, ranked, trend
from dashboards.pages import Nav, workforce
from dashboards.site import Site
from dashboards.strand_cards import strand_card
from dashboards.values import ENGLAND, LEAST_COURSE
from dbt_project.registry.metrics import Strand

_VERDICT_ORDER: dict[bool | None, int] = {True: 0, False: 1, None: 2}
NAV = Nav(1, "Overview", "index.html")


def pages(site: Site) -> Iterator[Page]:
    """The one headline page."""
    judged = [strand_card(site, strand) for strand in site.programme.strands]
    money = _money_card(site)
    blocks: list[Block] = [Cards((*(card for card, _ in judged), *((money,) if money else ())))]
    blocks += _prescribers(site)
    blocks += _money(site)
    blocks += _coverage(site)
    yield Page(
        NAV.path,
        "Are we on course?",
        _message(site),
        blocks,
        caption=f"{site.programme.name}, England",
        message_more=(_verdict_sentence(site.programme.strands, [verdict for _, verdict in judged]),),
    )


def _verdict_sentence(strands: tuple[Strand, ...], found: list[verdicts.Verdict]) -> str:
    """``On course: A and B. No target, rising: C.``: every strand under its verdict, best first."""
    grouped: dict[str, list[str]] = {}
    for strand, verdict in sorted(
        zip(strands, found, strict=True), key=lambda pair: _VERDICT_ORDER[pair[1].on_course]
    ):
        grouped.setdefault(verdict.text, []).append(strand.label)
    return " ".join(f"{text}: {messages.listed(names)}." for text, names in grouped.items())


def _money_card(site: Site) -> Card | None:
    metric = site.metric(content.MONEY)
    value = site.values.latest(metric, ENGLAND) if metric else None
    if value is None or value.value is None or value.numerator is None:
        return None
    ceiling = formatting.spoken(site.programme.ceiling_gbp, "gbp")
    within = value.numerator <= site.programme.ceiling_gbp
    return Card(
        "Money",
        formatting.short(value.numerator, "gbp"),
        f"Spent by {formatting.period_of(value)}",
        (f"{formatting.plain(value.value, value.unit)} of the {ceiling} ceiling",),
        "Within the ceiling" if within else "Above the ceiling",
        "green" if within else "red",
        "index.html#money",
    )


def _message(site: Site) -> str:
    sentences: list[str] = []
    prescribers = site.metric(content.NEW_PRESCRIBERS)
    if prescribers:
        value = site.values.latest(prescribers, ENGLAND)
        if value and value.value is not None:
            earlier = site.values.before(prescribers, ENGLAND, value)
            direction = verdicts.course(value, earlier)
            sentences.append(
                f"{formatting.spoken(value.value, value.unit)} new independent prescribers"
                f" {formatting.in_period(value)}{', ' + direction if direction else ''}."
            )
    coverage = site.metric(content.COVERAGE)
    if coverage:
        value = site.values.latest(coverage, ENGLAND)
        if value and value.value is not None:
            bounds = formatting.interval(value)
            sentences.append(
                f"{formatting.spoken(value.value, value.unit)} of networks have a pharmacist who can"
                f" prescribe{f' ({wording.INTERVAL_NAME} {bounds})' if bounds else ''}."
            )
    if spent := _spent(site):
        sentences.append(spent)
    # with public feeds only, what can be said is how many pharmacists networks employ
    return (
        " ".join(sentences) or workforce.employed(site) or "No headline value is published for this release."
    )


def _spent(site: Site) -> str:
    money = site.metric(content.MONEY)
    value = site.values.latest(money, ENGLAND) if money else None
    if value is None or value.value is None:
        return ""
    ceiling = formatting.spoken(site.programme.ceiling_gbp, "gbp")
    if value.unit == "gbp":
        return f"{formatting.spoken(value.value, 'gbp')} of the {ceiling} ceiling is spent."
    if value.numerator is not None:
        spent = formatting.spoken(value.numerator, "gbp")
        return f"{spent} of the {ceiling} ceiling is spent ({formatting.plain(value.value, value.unit)})."
    return f"{formatting.plain(value.value, value.unit)} of the {ceiling} ceiling is spent."


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


def _money(site: Site) -> list[Block]:
    metric = site.metric(content.MONEY)
    if metric is None:
        return []
    heading = Heading("Money", "money")
    series = site.values.trend(metric, ENGLAND)
    if not series:
        return [heading, Notice(site.whys_missing(metric))]
    ceiling = (
        (float(site.programme.ceiling_gbp), "Ceiling") if series[-1].unit == "gbp" else (100.0, "Ceiling")
    )
    chart = trend(
        metric,
        (Series(metric.label, series),),
        figure_id="spend",
        title=_spent(site).rstrip(".") or metric.label,
        where="England",
        target=ceiling,
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
