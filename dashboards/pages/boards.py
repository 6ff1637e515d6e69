"""One page per integrated care board, and the page on which every board and network is found."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import content, formatting, messages, verdicts, wording
from dashboards.blocks import (
    Block,
    Cell,
    Column,
    DataTable,
    Heading,
    LinkGroup,
    Links,
    NetworkView,
    Notice,
    Page,
    Table,
    interval_cell,
    value_cell,
)
from dashboards.charts import Series, network_funnel, spread, trend
from dashboards.pages import Nav
from dashboards.site import Site
from dashboards.values import ENGLAND, Place, Value
from dbt_project.registry import Metric

NAV = Nav(7, "Find a board or network", "icb/index.html")


def pages(site: Site) -> Iterator[Page]:
    """The finder, then one page per board."""
    yield _finder(site)
    for board in site.boards:
        yield _board(site, board)


def board_path(board: Place) -> str:
    """Where a board's page lies in the site."""
    return f"icb/{formatting.slug(board.code)}.html"


def network_path(board: Place, network: Place) -> str:
    """The view of one network on its board's page; without JavaScript its row in the table."""
    return f"{board_path(board)}?pcn={network.code}#{formatting.slug(network.code)}"


def _finder(site: Site) -> Page:
    groups = [
        LinkGroup(
            formatting.short_name(region),
            tuple(
                (formatting.short_name(board), board_path(board))
                for board in site.boards
                if board.region_code == region.code
            ),
        )
        for region in site.regions
    ]
    homeless = tuple(
        (formatting.short_name(board), board_path(board))
        for board in site.boards
        if site.region_of(board) is None
    )
    if homeless:
        groups.append(LinkGroup("Other", homeless))
    if site.regions:
        groups.insert(
            0,
            LinkGroup(
                "Regions",
                tuple(
                    (formatting.short_name(r), f"regions/{formatting.slug(r.code)}.html")
                    for r in site.regions
                ),
            ),
        )
    networks = sum(len(places) for places in site.networks.values())
    return Page(
        NAV.path,
        "Find a board or network",
        f"{len(site.boards)} integrated care boards and {networks:,} primary care networks.",
        [
            _everywhere(site),
            Heading("Integrated care boards by region", "boards"),
            Links(tuple(group for group in groups if group.links)),
        ],
    )


def _everywhere(site: Site) -> DataTable:
    """Every board, then every network, as one list to search."""
    boards: list[tuple[Cell, ...]] = []
    networks: list[tuple[Cell, ...]] = []
    for board in site.boards:
        region = site.region_of(board)
        name, path = formatting.short_name(board), board_path(board)
        area = formatting.short_name(region) if region else wording.NOTHING
        boards.append((Cell(name, href=path), Cell(board.code), Cell("Integrated care board"), Cell(area)))
        for network in site.networks.get(board.code, ()):
            link = Cell(formatting.short_name(network), href=network_path(board, network))
            networks.append((link, Cell(network.code), Cell("Primary care network"), Cell(name)))
    networks.sort(key=lambda row: (row[0].text, row[1].text))
    columns = (Column("Name"), Column("Code"), Column("Kind"), Column("Part of"))
    caption = "Integrated care boards and primary care networks of England"
    return DataTable(
        "places",
        "Search",
        Table(caption, columns, (*boards, *networks)),
        filter_label="Name or code",
        collapsed=True,
    )


def _board(site: Site, board: Place) -> Page:
    region = site.region_of(board)
    blocks: list[Block] = [NetworkView(board_path(board)), _key_figures(site, board, region)]
    blocks.append(Heading("Over time", "over-time"))
    charts = _charts(site, board)
    blocks += charts or [Notice("No series of this board is long enough to be charted.")]
    blocks.append(Heading("Networks", "networks-heading"))
    blocks += _networks(site, board)
    return Page(
        board_path(board),
        formatting.short_name(board),
        place_message(site, board),
        blocks,
        nav=NAV.path,
        caption=" · ".join(
            part
            for part in (
                "Integrated care board",
                board.code,
                formatting.short_name(region) if region else "",
            )
            if part
        ),
    )


def place_message(site: Site, board: Place) -> str:
    """Coverage and pharmacists of a board or region beside England's, in sentences."""
    sentences: list[str] = []
    for name, words in (
        (content.COVERAGE, "of networks have a pharmacist who can prescribe"),
        (content.WORKFORCE_RATE, "full-time pharmacists for every 100,000 patients"),
    ):
        metric = site.metric(name)
        value = site.values.latest(metric, board) if metric else None
        if metric is None or value is None or value.value is None:
            continue
        england = site.values.at(metric, ENGLAND, value)
        text = f"{formatting.plain(value.value, value.unit)} {words} {formatting.in_period(value)}"
        if bounds := formatting.interval(value):
            text += f" (95% interval {bounds})"
        text += _since_a_year(value, site.values.before(metric, board, value))
        if england and england.value is not None:
            text += f". England: {formatting.plain(england.value, england.unit)}"
        sentences.append(f"{text}.")
    return " ".join(sentences) or "No headline value of this place can be shown."


def _since_a_year(value: Value, earlier: Value | None) -> str:
    """The course since a year before, and whether chance could have brought it, where intervals can tell."""
    direction, chance = verdicts.course(value, earlier), verdicts.beside_chance(value, earlier)
    if not direction or not chance:
        return ""
    return f", {direction}" if direction.startswith("the same") else f", {direction}: {chance}"


def _key_figures(site: Site, board: Place, region: Place | None) -> DataTable:
    rows: list[tuple[Cell, ...]] = []
    for metric in site.inputs.metrics.values():
        if "icb" not in metric.levels or metric.id == content.PATHWAY:
            continue
        value = site.values.latest(metric, board)
        if value is None:
            continue
        rows.append(
            (
                Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
                value_cell(value),
                interval_cell(value),
                value_cell(site.values.at(metric, region, value)) if region else Cell(wording.NOTHING),
                value_cell(site.values.at(metric, ENGLAND, value)),
                Cell(formatting.period_of(value)),
            )
        )
    columns = (
        Column("Measure"),
        Column("This board", True),
        Column(wording.INTERVAL_NAME, True),
        Column("Region", True),
        Column("England", True),
        Column("Period", whole=True),
    )
    name = formatting.short_name(board)
    return DataTable(
        "key-figures",
        f"Key figures: {len(rows)} measures beside those of the region and England",
        Table(f"Key figures for {name}", columns, tuple(rows)),
        folded=True,
    )


def _charts(site: Site, board: Place) -> list[Block]:
    charts: list[Block] = []
    for name, figure_id in (
        (content.COVERAGE, "coverage"),
        (content.NEW_PRESCRIBERS, "prescribers"),
        ("pcn_pharmacists_fte", "pharmacists"),
    ):
        metric = site.metric(name)
        series = site.values.trend(metric, board) if metric else ()
        if metric is None or not series:
            continue
        value = site.values.latest(metric, board)
        earlier = site.values.before(metric, board, value) if value else None
        charts.append(
            trend(
                metric,
                (Series(metric.label, series, site.constant_reporters(metric, board, series)),),
                figure_id=figure_id,
                title=messages.claim(metric, value, earlier),
                where=formatting.short_name(board),
            )
        )
    return charts


def _networks(site: Site, board: Place) -> list[Block]:
    networks = site.networks.get(board.code, ())
    if not networks:
        return [Notice("No current network of this board is on the register.")]
    blocks: list[Block] = []
    if chart := _network_chart(site, board, networks):
        blocks.append(chart)
    blocks += _funnels(site, board, networks)
    blocks += _supervision(site, board)
    chosen = [(metric, label) for name, label in content.NETWORK_COLUMNS if (metric := site.metric(name))]
    cells = [_network_values(site, metric, networks) for metric, _ in chosen]
    rows = tuple(
        (
            Cell(
                formatting.short_name(network),
                href=network_path(board, network),
                more=tuple(f"{p.name} ({p.code})" for p in site.practices.get(network.code, ())),
            ),
            Cell(network.code),
            *(value_cell(column.get(network.code)) for column in cells),
        )
        for network in networks
    )
    columns = (
        Column("Network"),
        Column("Code"),
        *(
            Column(f"{label}, {_period(column)}" if column else label, True)
            for (_, label), column in zip(chosen, cells, strict=True)
        ),
    )
    name = formatting.short_name(board)
    table = Table(
        f"Primary care networks of {name}", columns, rows, tuple(formatting.slug(n.code) for n in networks)
    )
    blocks.append(
        DataTable(
            "networks",
            f"{len(networks)} networks",
            table,
            filter_label="Find a network by name, code or practice"
            if site.practices
            else "Find a network by name or code",
            level=3,
        )
    )
    return blocks


def _funnels(site: Site, board: Place, networks: tuple[Place, ...]) -> list[Block]:
    """Each network against what chance allows for its size."""
    charts: list[Block] = []
    for name in content.NETWORK_FUNNELS:
        metric = site.metric(name)
        points = site.funnel_of(metric, networks) if metric else ()
        figure = (
            network_funnel(
                metric,
                points,
                figure_id=f"funnel-{formatting.slug(name)}",
                where=formatting.short_name(board),
            )
            if metric
            else None
        )
        if figure:
            charts.append(figure)
    return charts


def _supervision(site: Site, board: Place) -> list[Block]:
    """Which networks have learners and no supervisor cannot be published; what can is said of the board."""
    metric = site.metric(content.WITHOUT_SUPERVISOR)
    value = site.values.latest(metric, board) if metric else None
    if metric is None or value is None:
        return []
    about = f"{metric.label}, {formatting.short_name(board)}, {formatting.period_of(value)}"
    text = f"{about}: {messages.number_in_words(value)}"
    if bounds := formatting.interval(value):
        text += f" ({wording.INTERVAL_NAME} {bounds})"
    return [Notice(f"{text}. {wording.SUPERVISION_OF_NETWORKS}")]


def _network_values(site: Site, metric: Metric, networks: tuple[Place, ...]) -> dict[str, Value]:
    """Values of one period for the networks of a board: the newest that any of them has."""
    latest = {network.code: site.values.latest(metric, network) for network in networks}
    found = {code: value for code, value in latest.items() if value is not None}
    if not found:
        return {}
    newest = max(value.period_start for value in found.values())
    return {code: value for code, value in found.items() if value.period_start == newest}


def _period(column: dict[str, Value]) -> str:
    return formatting.period_of(next(iter(column.values())))


def _network_chart(site: Site, board: Place, networks: tuple[Place, ...]) -> Block | None:
    metric = site.metric(content.WORKFORCE_RATE)
    if metric is None:
        return None
    values = _network_values(site, metric, networks)
    places = [(network, values.get(network.code)) for network in networks]
    shown = [value for value in values.values() if value.shown]
    england = site.values.at(metric, ENGLAND, shown[0]) if shown else None
    return spread(
        metric,
        places,
        figure_id="network-spread",
        title=messages.range_claim(metric, places),
        where=formatting.short_name(board),
        size_label="Registered patients",
        england=england,
    )
