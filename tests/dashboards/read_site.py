"""A built site as the checks read it: pages as trees, and every table with the CSV beside it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from parsed_page import Element, read_page


@dataclass(frozen=True)
class Shown:
    """One table of a page: what a reader sees, what the CSV says, and the chart drawn from it, if any."""

    page: str
    name: str
    caption: str
    headings: list[str]
    rows: list[list[str]]
    csv_headings: list[str]
    csv_rows: list[list[str]]
    metric: str = ""  # slug of the metric a figure defines itself by
    words: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # title, alternative text and so on of a figure
    spec: dict[str, Any] = field(default_factory=dict[str, Any])  # of the live chart

    @property
    def where(self) -> str:
        """Page and block."""
        return f"{self.page}#{self.name}"


class ReadSite:
    """A site folder; ``only`` restricts to some pages, so that a check on one broken page is quick."""

    def __init__(self, folder: Path, only: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self._only = only

    @cached_property
    def pages(self) -> dict[str, Element]:
        """Every page by its path in the site."""
        paths = [path.relative_to(self.folder).as_posix() for path in sorted(self.folder.rglob("*.html"))]
        return {path: read_page(self.folder / path) for path in paths if not self._only or path in self._only}

    @cached_property
    def manifest(self) -> dict[str, str]:
        """SHA-256 by file, as the site itself lists them."""
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))["files"]

    def target(self, page: str, address: str) -> Path:
        """The file that an address without anchor and query means on a page."""
        return ((self.folder / page).parent / address).resolve()

    @cached_property
    def figures(self) -> list[Shown]:
        """Every chart with its table."""
        return list(self._figures())

    @cached_property
    def tables(self) -> list[Shown]:
        """Every table that stands openly and offers CSV."""
        return list(self._tables())

    def _figures(self) -> Iterator[Shown]:
        for path, page in self.pages.items():
            for figure in page.all("figure"):
                yield self._shown(path, figure, figure.attributes["id"], self._words(figure))

    def _tables(self) -> Iterator[Shown]:
        for path, page in self.pages.items():
            for card in page.all("div", class_="site-card"):
                if card.all("table") and _csv_links(card):
                    yield self._shown(path, card, card.attributes["id"], {})

    def _words(self, figure: Element) -> dict[str, str]:
        pictures = figure.all("img")
        alternative = pictures[0].attributes.get("alt", "") if pictures else ""
        if not pictures and (spaces := figure.all("svg")):
            alternative = spaces[0].attributes.get("aria-label", "")
        said = [each.text for each in figure.all("p", class_="site-note")]
        return {
            "title": figure.one("h3").text,
            "alternative text": alternative,
            "summary": figure.all(class_="nhsuk-details__text")[0].all("p")[0].text,
            "subtitle": figure.one("p", class_="site-chart__subtitle").text,
            "note": " ".join(said),
        }

    def _shown(self, path: str, block: Element, name: str, words: dict[str, str]) -> Shown:
        table = block.all("table")[0]
        links = _csv_links(block)
        header, *rows = self._csv(path, links[0]) if links else [[]]
        definitions = [
            link.attributes["href"].partition("#")[2]
            for link in block.all("a")
            if "definitions.html#" in link.attributes.get("href", "")
        ]
        scripts = block.all("script", type="application/json")
        return Shown(
            path,
            name,
            table.one("caption").text,
            [cell.text for cell in table.one("thead").all("th")],
            [[cell_text(cell) for cell in row.children] for row in table.one("tbody").all("tr")],
            header,
            rows,
            definitions[0] if words and definitions else "",
            words,
            json.loads(scripts[0].own_text[0]) if scripts else {},
        )

    def _csv(self, page: str, address: str) -> list[list[str]]:
        file = self.target(page, address)
        if not file.is_file():
            return [[]]
        return list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""))) or [[]]


def cell_text(cell: Element) -> str:
    """What a cell says, without what lies behind a disclosure in it."""
    return " ".join(
        [*cell.own_text, *(child.text for child in cell.children if child.tag != "details")]
    ).strip()


def _csv_links(block: Element) -> list[str]:
    return [href for a in block.all("a") if (href := a.attributes.get("href", "")).endswith(".csv")]
