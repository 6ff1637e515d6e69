"""Value for money: what is spent, what it bought, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import content, formatting, messages, wording
from dashboards.blocks import (
    Block,
    Card,
    Cards,
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
from dashboards.charts import Series, trend
from dashboards.pages import Nav
from dashboards.present_value import Discounted, present_values
from dashboards.site import Site
from dashboards.values import ENGLAND, Value
from dbt_project.registry import Metric

NAV = Nav(4, "Value for money", "value-for-money.html")
_UNKNOWN = (
    (
        "Spend against plan",
        "No plan by month is published as a measure: the ceiling of the whole programme is all that spend is held"
        " against.",
    ),
    (
        "Spend by place",
        "The finance return is national, so no region, board or network has a spend or a cost of its own.",
    ),
    (
        "What prescribing is worth",
        "The cost is that of training. What patients and the NHS gain from the prescribers is not valued here.",
    ),
    (
        "What others paid",
        "Time that employers and supervisors gave without being paid by the programme is in no figure.",
    ),
    (
        "Prices of each year",
        "Spend is in the money of its year: it is discounted where the page says so, and not corrected for inflation.",
    ),
    (
        "Newest starters",
        "They have not yet had the time to pass or to stay, so the newest years have no cost yet.",
    ),
)


def pages(site: Site) -> Iterator[Page]:
    """The one page about money."""
    blocks: list[Block] = []
    if cards := tuple(card for card in (spend_card(site), *_cost_cards(site)) if card):
        blocks.append(Cards(cards))
    blocks += [Heading("Spend", "spend"), *spend_over_time(site), *_by_strand(site)]
    blocks += [Heading("What it bought", "bought"), *_costs(site)]
    blocks += _in_present_value(site)
    blocks.append(Facts(_UNKNOWN, title="What is not known", id="unknown"))
    message = " ".join(part for part in (spent(site), _cost_sentence(site)) if part)
    yield Page(
        NAV.path, "What is the money buying?", message or "No spend is published for this release.", blocks
    )


def spent(site: Site) -> str:
    """How much of the ceiling is spent, as a sentence; empty where no value is published."""
    money = site.metric(content.MONEY)
    value = site.values.latest(money, ENGLAND) if money else None
    if value is None or value.value is None:
        return ""
    ceiling = formatting.spoken(site.programme.ceiling_gbp, "gbp")
    if value.numerator is None:
        return f"{formatting.plain(value.value, value.unit)} of the {ceiling} ceiling is spent."
    amount = formatting.spoken(value.numerator, "gbp")
    return f"{amount} of the {ceiling} ceiling is spent ({formatting.plain(value.value, value.unit)})."


def spend_card(site: Site) -> Card | None:
    """Spend beside the ceiling; None where no value is published."""
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
        NAV.path,
    )


def spend_over_time(site: Site) -> list[Block]:
    """Spend by month beside the ceiling, or why it cannot be shown."""
    metric = site.metric(content.MONEY)
    if metric is None:
        return []
    series = site.values.trend(metric, ENGLAND)
    if not series:
        return [Notice(site.whys_missing(metric))]
    chart = trend(
        metric,
        (Series(metric.label, series),),
        figure_id="spend-over-time",
        title=spent(site).rstrip(".") or metric.label,
        where="England",
        target=(100.0, "Ceiling"),
    )
    return [chart]


def _by_strand(site: Site) -> list[Block]:
    metric = site.metric(content.MONEY)
    found = [
        (strand.label, value)
        for strand in site.programme.strands
        if metric and (value := site.values.latest(metric, ENGLAND, strand=strand.id)) and value.shown
    ]
    if metric is None or not found:
        return []
    rows = tuple(
        (
            Cell(label),
            Cell(formatting.plain(value.numerator, "gbp"), value.numerator)
            if value.numerator is not None
            else value_cell(None),
            value_cell(value),
        )
        for label, value in found
    )
    columns = (Column("Strand"), Column("Spent", True), Column("Share of the whole ceiling", True))
    caption = f"Spend by strand, England, by {formatting.period_of(found[0][1])}"
    return [DataTable("spend-by-strand", "Spend by strand", Table(caption, columns, rows), level=3)]


def _unit_costs(site: Site) -> list[tuple[Metric, Value]]:
    """Each cost over all years of starters that have one, else of the newest such year."""
    found: list[tuple[Metric, Value]] = []
    for metric in (m for name in content.UNIT_COSTS if (m := site.metric(name)) is not None):
        total = site.values.latest(metric, ENGLAND, grain="all")
        value = total if total and total.shown else site.values.latest(metric, ENGLAND)
        if value is not None and value.shown:
            found.append((metric, value))
    return found


def _cost_cards(site: Site) -> list[Card]:
    cards: list[Card] = []
    for metric, value in _unit_costs(site):
        bounds = formatting.interval(value)
        cards.append(
            Card(
                metric.label,
                formatting.spoken(value.value or 0.0, value.unit),
                f"Starters {formatting.in_period(value)}",
                (f"{wording.INTERVAL_NAME} {bounds}",) if bounds else (),
                "No published target",
                "grey",
                f"{NAV.path}#{formatting.slug(metric.id)}",
            )
        )
    return cards


def _cost_sentence(site: Site) -> str:
    first = next(((m, v) for m, v in _unit_costs(site) if m.id == content.UNIT_COSTS[0]), None)
    if first is None or first[1].value is None:
        return ""
    value = first[1]
    bounds = formatting.interval(value)
    interval = f" ({wording.INTERVAL_NAME} {bounds})" if bounds else ""
    return f"Each qualified prescriber cost {formatting.spoken(first[1].value, value.unit)}{interval}."


def _costs(site: Site) -> list[Block]:
    """A chart by year of start where there are years enough, else their table, or why neither."""
    blocks: list[Block] = []
    for metric in (m for name in content.UNIT_COSTS if (m := site.metric(name)) is not None):
        series = site.values.series(metric, ENGLAND, grain="year")
        if not any(value.shown for value in series):
            blocks.append(Notice(site.whys_missing(metric)))
        elif sum(value.shown for value in series) > 1:
            blocks.append(_cost_chart(site, metric, series))
        else:
            blocks.append(_cost_table(metric, series))
    return blocks


def _cost_chart(site: Site, metric: Metric, series: tuple[Value, ...]) -> Figure:
    newest = next(value for value in reversed(series) if value.shown)
    return trend(
        metric,
        (Series(metric.label, series),),
        figure_id=formatting.slug(metric.id),
        title=messages.claim(metric, newest, site.values.before(metric, ENGLAND, newest)),
        where="starters in England",
    )


def _cost_table(metric: Metric, series: tuple[Value, ...]) -> DataTable:
    rows = tuple((Cell(formatting.period_of(v)), value_cell(v), interval_cell(v)) for v in series)
    columns = (Column("Year of start"), Column(metric.label, True), Column(wording.INTERVAL_NAME, True))
    return DataTable(
        formatting.slug(metric.id),
        metric.label,
        Table(f"{metric.label}, England, by year of start", columns, rows),
        level=3,
    )


def _in_present_value(site: Site) -> list[Block]:
    """A table for every cost per person: what it is when later money and later people count for less."""
    blocks: list[Block] = []
    for metric in (m for name in content.UNIT_COSTS if (m := site.metric(name)) is not None):
        years = present_values(site, metric)
        if any(year.discounted_cost is not None for year in years):
            blocks.append(_discounted_table(metric, years))
    if not blocks:
        return []
    first = (
        "The later money is spent, and the later a prescriber is there, the less either counts: 3.5 % a year"
        " from the first on, the rate of the Green Book. People count from the end of the time they are given to get"
        " there. Spend is in the money of its year, not corrected for inflation."
    )
    return [Heading("In present value", "present-value"), Notice(first), *blocks]


def _discounted_table(metric: Metric, years: tuple[Discounted, ...]) -> DataTable:
    def pounds(amount: float | None) -> Cell:
        return value_cell(None) if amount is None else Cell(formatting.plain(amount, "gbp"), amount)

    def people(number: float | None, unit: str) -> Cell:
        return value_cell(None) if number is None else Cell(formatting.plain(number, unit), number)

    rows = tuple(
        (
            Cell(formatting.period_of(year.value)),
            pounds(year.spend),
            Cell(formatting.plain(100 * year.factor, "percent"), 100 * year.factor),
            pounds(year.present_value),
            people(year.people, "people"),
            people(year.discounted_people, "fte"),
            value_cell(year.value),
            pounds(year.discounted_cost),
        )
        for year in years
    )
    columns = (
        Column("Year of start"),
        Column("Spend", True),
        Column("Spend counts for", True),
        Column("Spend, discounted", True),
        Column("People", True),
        Column("People, discounted", True),
        Column("Cost each", True),
        Column("Cost each, discounted", True),
    )
    title = f"{metric.label}, in present value"
    caption = f"{title}: England, by year of start"
    return DataTable(
        f"{formatting.slug(metric.id)}-discounted", title, Table(caption, columns, rows), level=3
    )
