"""What a page is made of: figures, tables, cards and text, as data for the templates."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dashboards import formatting, wording
from dashboards.inert import one_line
from dashboards.values import Value


@dataclass(frozen=True)
class Cell:
    """One table cell: the text shown and the raw content for CSV; ``href`` makes the text a link."""

    text: str
    raw: str | float | None = None
    href: str | None = None
    archive: str = ""  # a link to another release, which leads out of this one
    symbol: str = ""
    tone: str = ""  # a tag colour: green, yellow, red, grey, blue; empty = plain text
    more: tuple[str, ...] = ()  # further lines behind a disclosure, findable by the filter

    @property
    def csv(self) -> str | float:
        """Raw content, or the text where there is nothing rawer."""
        return self.text if self.raw is None else self.raw


def value_cell(value: Value | None) -> Cell:
    """The cell of a published value: number with its mark, or the symbol alone; CSV carries the same."""
    text = formatting.cell(value)
    symbol = "x" if value is None else value.symbol
    if value is None or value.value is None:
        return Cell(text, text, symbol=symbol)
    return Cell(text, value.value, symbol=symbol)


def interval_cell(value: Value | None) -> Cell:
    """The cell of a published 95% interval; a dash where there is none."""
    return Cell(formatting.interval(value) or wording.NOTHING)


@dataclass(frozen=True)
class Column:
    """A column heading; numbers are set right, ``whole`` cells are not broken over lines."""

    label: str
    numeric: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Table:
    """A captioned table; the first cell of each row is its header."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    row_ids: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The key to the symbols that occur in the table."""
        return wording.symbol_note({cell.symbol for row in self.rows for cell in row if cell.symbol})

    def as_csv(self) -> str:
        """The table as CSV with a header row; numbers unformatted, symbols as shown, no text a formula.

        A percent or pounds column says its unit in the heading, so the file stands alone.
        """
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([one_line(column.label) for column in self.columns])
        writer.writerows([[_csv_cell(cell.csv) for cell in row] for row in self.rows])
        return buffer.getvalue()


def _csv_cell(content: str | float) -> str | float:
    if isinstance(content, str):
        return one_line(content)
    return int(content) if isinstance(content, float) and content.is_integer() else content


@dataclass(frozen=True)
class Figure:
    """A chart, three times: ``data``/``layout`` for Plotly, ``summary`` as words, ``table`` as numbers."""

    kind: ClassVar[str] = "figure"
    id: str
    title: str
    subtitle: str
    summary: str
    data: tuple[dict[str, Any], ...]
    layout: dict[str, Any]
    narrow: dict[str, Any]  # layout keys that differ on a narrow screen
    height: int
    height_narrow: int
    table: Table
    metric_id: str
    note: str = ""
    narrow_data: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])  # by trace


@dataclass(frozen=True)
class DataTable:
    """A table shown openly, with CSV; ``filter_label`` adds a search box that narrows its rows."""

    kind: ClassVar[str] = "table"
    id: str
    title: str
    table: Table
    intro: str = ""
    filter_label: str = ""
    csv: bool = True
    level: int = 2  # of the heading
    collapsed: bool = False  # with JavaScript, rows appear only once something is typed
    folded: bool = False  # behind its title, which opens it


@dataclass(frozen=True)
class Card:
    """One headline number: what, how much, how sure, against what, which way."""

    title: str
    number: str
    label: str
    lines: tuple[str, ...]
    verdict: str = ""
    tone: str = "grey"
    href: str = ""
    definition: str = ""


@dataclass(frozen=True)
class Cards:
    """A row of cards."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Heading:
    """A section heading, with an anchor and optional text below it."""

    kind: ClassVar[str] = "heading"
    text: str
    id: str
    intro: str = ""


@dataclass(frozen=True)
class Notice:
    """Something the reader must know: what is missing or how far a figure can be trusted."""

    kind: ClassVar[str] = "notice"
    text: str


@dataclass(frozen=True)
class Facts:
    """A definition list, optionally under its own anchored heading."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]
    title: str = ""
    id: str = ""
    intro: str = ""


@dataclass(frozen=True)
class LinkGroup:
    """Links under one heading."""

    title: str
    links: tuple[tuple[str, str], ...]  # text, target path within the site


@dataclass(frozen=True)
class Links:
    """Groups of links, set in columns."""

    kind: ClassVar[str] = "links"
    groups: tuple[LinkGroup, ...]
    level: int = 3  # of the headings


@dataclass(frozen=True)
class Measure:
    """One measure the reader can choose: its words, its choices, and the script that holds its cells."""

    id: str
    label: str
    unit: str
    why: str
    quality: str
    strands: tuple[str, ...]
    script: str


@dataclass(frozen=True)
class Explorer:
    """Choices, charts and a table that a script fills; ``shared`` is what it needs to know of every measure.

    ``groups``: headings with the measures below them. ``regions`` and ``boards``: code and name, with the region of
    each board. Without JavaScript the page shows what its other blocks say.
    """

    kind: ClassVar[str] = "explorer"
    id: str
    groups: tuple[tuple[str, tuple[Measure, ...]], ...]
    regions: tuple[tuple[str, str], ...]
    boards: tuple[tuple[str, str, str], ...]
    strands: tuple[tuple[str, str], ...]
    sectors: tuple[tuple[str, str], ...]
    grains: tuple[tuple[str, str], ...]
    shared: dict[str, Any]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Every measure, in the order of the groups."""
        return tuple(measure for _, measures in self.groups for measure in measures)


@dataclass(frozen=True)
class NetworkView:
    """Where a script gathers what a board's page says of the one network that ``?pcn=`` of the address names."""

    kind: ClassVar[str] = "network_view"
    everything: str  # path of the page without a choice


Block = Figure | DataTable | Cards | Heading | Notice | Facts | Links | Explorer | NetworkView


@dataclass(frozen=True)
class Page:
    """One page: where it lies, its message and its blocks in order."""

    path: str
    title: str
    message: str
    blocks: Sequence[Block]
    nav: str = ""  # path of the navigation entry it belongs to; empty = its own
    caption: str = ""  # small line above the title
    verdict: str = ""
    tone: str = "grey"
    message_more: Sequence[str] = field(default_factory=tuple)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures in page order."""
        return tuple(block for block in self.blocks if isinstance(block, Figure))

    @property
    def explorers(self) -> tuple[Explorer, ...]:
        """The blocks that a script of their own fills."""
        return tuple(block for block in self.blocks if isinstance(block, Explorer))

    @property
    def tables(self) -> tuple[DataTable, ...]:
        """The open tables that offer CSV."""
        return tuple(block for block in self.blocks if isinstance(block, DataTable) and block.csv)
