"""How and why numbers are hidden, in plain words, and how many are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from dashboards import wording
from dashboards.blocks import Block, Cell, Column, DataTable, Facts, Page, Table
from dashboards.pages.definitions import NAV as DEFINITIONS
from dashboards.site import Site
from dbt_project.registry import DisclosureRule, Metric
from dbt_project.registry.metrics import Level

PATH = "hidden-numbers.html"
_BELOW: tuple[Level, ...] = ("region", "icb", "sub_icb", "pcn")
_CLASSES = {
    "A": "Published elsewhere already. Shown as it is, everywhere.",
    "B": "Counted from returns about people. Whole for England; below it, small counts are hidden, others rounded.",
    "C": "Says how people fared or who they are. Small counts are hidden for England too, and networks have no number.",
}


def pages(site: Site) -> Iterator[Page]:
    """The one page on hidden numbers."""
    rule = site.programme.disclosure
    blocks: list[Block] = [_why(rule), _how(rule), _detail(rule), _classes(site), _kept(site)]
    yield Page(
        PATH,
        "How and why numbers are hidden",
        f"Below national level, counts up to {rule.suppress_up_to} are hidden, so that nobody can be recognised.",
        blocks,
        nav=DEFINITIONS.path,
        caption="Reading the figures",
    )


def _why(rule: DisclosureRule) -> Facts:
    return Facts(
        (
            (
                "Small numbers point at people",
                "If one pharmacist of a network trained and did not pass, a count of 1 tells colleagues who that was.",
            ),
            (
                "So they are hidden",
                f"A count from 0 to {rule.suppress_up_to} below national level shows [c]. Nobody can tell which of"
                " these it is, nor that it is none.",
            ),
            (
                "A hidden number is never zero",
                "The symbol stands for any small count. It is left out of charts.",
            ),
        ),
        title="Why",
        id="why",
    )


def _how(rule: DisclosureRule) -> Facts:
    return Facts(
        (
            (
                "Rounded",
                f"Other counts below national level are rounded to the nearest {rule.round_to}. Percentages, rates and"
                " intervals are computed again from the rounded counts, so that they do not tell the exact ones.",
            ),
            (
                "A second one with it",
                "Where one part of a whole is hidden, another is hidden with it: otherwise the whole less the parts"
                " shown would give it away.",
            ),
            (
                "Tried out before publishing",
                "A program tries to work out every hidden number from everything that is shown: totals less parts,"
                " quarters against years, places as they were against places as they are now, those who passed against"
                " those who started. What could be told more closely than by its symbol makes it hide further numbers,"
                " those of the smallest places first; where that is not enough, nothing is published.",
            ),
            (
                "Nothing left out",
                "Every place has a row for everything that is counted. A missing row would say that there was nobody.",
            ),
            (
                "One reason for all",
                "A hidden number says of its state (final, provisional, too early) only what is true for England.",
            ),
        ),
        title="How",
        id="how",
    )


def _detail(rule: DisclosureRule) -> Facts:
    finest = tuple(
        (wording.LEVEL[level], f"{wording.PERIOD_KIND[rule.finest_grain[level]]} or longer")
        if rule.finest_grain[level] != "all"
        else (wording.LEVEL[level], "Since the start only")
        for level in _BELOW
    )
    stocks = ", ".join(wording.LEVEL[level].lower() for level in rule.stocks_shown)
    return Facts(
        (*finest, ("People on a day", f"England, {stocks}")),
        title="The shortest period shown",
        id="detail",
        intro="Shorter periods of smaller places would be hidden nearly everywhere. They are not published at all.",
    )


def _classes(site: Site) -> DataTable:
    rows = tuple(
        (
            Cell(name),
            Cell(text),
            Cell(str(sum(metric.disclosure_class == name for metric in site.inputs.metrics.values()))),
        )
        for name, text in _CLASSES.items()
    )
    columns = (Column("Class"), Column("What happens to it"), Column("Measures", numeric=True))
    return DataTable(
        "classes", "Three kinds of measures", Table("Disclosure classes", columns, rows), csv=False
    )


def _kept(site: Site) -> DataTable:
    """How many of the counts on these pages have a number, by level."""
    controlled = _controlled(site.inputs.metric_value, site.inputs.metrics.values())
    rows = []
    for level in ("england", *_BELOW):
        cells = controlled[controlled["org_level"] == level]
        told = cells[cells["suppressed"].astype(bool) | cells["value"].notna()]
        if len(told):
            shown = int(told["value"].notna().sum())
            rows.append(
                (
                    Cell(wording.LEVEL[level]),
                    Cell(f"{len(told):,}", len(told)),
                    Cell(f"{len(told) - shown:,}", len(told) - shown),
                    Cell(f"{shown / len(told):.0%}", round(100 * shown / len(told), 1)),
                )
            )
    columns = (
        Column("Level"),
        Column("Figures", numeric=True),
        Column("Hidden", numeric=True),
        Column("Shown", numeric=True),
    )
    caption = "Figures of classes B and C on these pages, and how many are hidden"
    return DataTable("kept", "How much is hidden", Table(caption, columns, tuple(rows)), csv=False)


def _controlled(values: pd.DataFrame, metrics: Iterable[Metric]) -> pd.DataFrame:
    names = {metric.id for metric in metrics if metric.disclosure_class != "A"}
    return values[values["metric_id"].isin(names)]
