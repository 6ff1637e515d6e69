"""The theory of change: how the programme is thought to work, what is measured of it and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from dashboards import formatting, wording
from dashboards.blocks import (
    Block,
    Cell,
    Column,
    DataTable,
    Heading,
    Notice,
    Page,
    Table,
    interval_cell,
    value_cell,
)
from dashboards.pages.definitions import NAV as DEFINITIONS
from dashboards.site import Site
from dashboards.values import ENGLAND
from dbt_project.registry.theory import Kind, Magenta, Node, ReAim, load_theory

PATH = "theory-of-change.html"


def pages(site: Site) -> Iterator[Page]:
    """The one page of the theory of change."""
    nodes = load_theory().nodes
    unmeasured = [node for node in nodes if node.unmeasured]
    blocks: list[Block] = []
    for kind in get_args(Kind):
        blocks.append(Heading(wording.NODE[kind], kind, wording.NODE_MEANING[kind]))
        blocks.append(_chain(kind, nodes))
        blocks.append(_measures(site, kind, nodes))
    blocks.append(Heading("Two other ways to read the same measures", "frameworks"))
    blocks.append(_framework(site, nodes, "re-aim", "RE-AIM", ReAim, lambda node: node.re_aim))
    blocks.append(_framework(site, nodes, "magenta", "Magenta Book", Magenta, lambda node: node.magenta))
    blocks.append(
        Notice(
            "A theory says how the programme should work. That a measure moves does not show that the programme"
            " moved it."
        )
    )
    named = "; ".join(node.label[:1].lower() + node.label[1:] for node in unmeasured)
    message = (
        f"{len(nodes)} steps from money to patients. {len(unmeasured)} of them nobody measures: {named}."
        if unmeasured
        else f"{len(nodes)} steps from money to patients, each with its measures."
    )
    yield Page(PATH, "How the programme should work", message, blocks, nav=DEFINITIONS.path)


def _chain(kind: str, nodes: tuple[Node, ...]) -> DataTable:
    labels = {node.id: node.label for node in nodes}
    rows = tuple(
        (
            Cell(node.label),
            Cell("; ".join(labels[there] for there in node.leads_to) or wording.NOTHING),
            Cell(node.assumption),
            Cell(
                f"Nobody measures it. {node.unmeasured}"
                if node.unmeasured
                else f"{len(node.metrics)} measure{'s' if len(node.metrics) > 1 else ''}"
            ),
        )
        for node in nodes
        if node.kind == kind
    )
    columns = (Column("Step"), Column("Leads to"), Column("What must hold"), Column("Measured"))
    return DataTable(
        f"{kind}-steps", "", Table(f"Steps of the kind {wording.NODE[kind].lower()}", columns, rows), level=3
    )


def _measures(site: Site, kind: str, nodes: tuple[Node, ...]) -> DataTable:
    """England's newest figure of every measure of this kind; one that stands on no step comes last."""
    step = {name: node.label for node in nodes for name in node.metrics}
    found = [metric for metric in site.inputs.metrics.values() if metric.theory_of_change == kind]
    order = {label: position for position, label in enumerate(dict.fromkeys(step.values()))}
    rows: list[tuple[Cell, ...]] = []
    for metric in sorted(found, key=lambda metric: order.get(step.get(metric.id, ""), len(order))):
        value = site.values.latest(metric, ENGLAND)
        rows.append(
            (
                Cell(metric.label, href=f"definitions.html#{formatting.slug(metric.id)}"),
                Cell(step.get(metric.id, "On no step yet")),
                value_cell(value),
                interval_cell(value),
                Cell(formatting.period_of(value) if value else wording.NOTHING),
            )
        )
    columns = (
        Column("Measure"),
        Column("Step"),
        Column("England", True),
        Column(wording.INTERVAL_NAME, True),
        Column("Period", whole=True),
    )
    caption = f"Measures of the kind {wording.NODE[kind].lower()}, England"
    title = f"{len(rows)} measures with England's newest figures"
    return DataTable(f"{kind}-measures", title, Table(caption, columns, tuple(rows)), level=3, folded=True)


def _framework(
    site: Site,
    nodes: tuple[Node, ...],
    table_id: str,
    name: str,
    parts: object,
    part_of: Callable[[Node], str],
) -> DataTable:
    """The same measures under the parts of another framework; a part without any says so."""
    rows: list[tuple[Cell, ...]] = []
    for part in get_args(parts):
        under = [node for node in nodes if part_of(node) == part]
        labels = [metric.label for node in under for id_ in node.metrics if (metric := site.metric(id_))]
        missing = [node.label for node in under if node.unmeasured]
        rows.append(
            (
                Cell(str(part).capitalize()),
                Cell("; ".join(labels) or "None"),
                Cell("; ".join(missing) or wording.NOTHING),
            )
        )
    columns = (Column("Part"), Column("Measures"), Column("Steps that nobody measures"))
    return DataTable(table_id, name, Table(f"Measures by the parts of {name}", columns, tuple(rows)), level=3)
