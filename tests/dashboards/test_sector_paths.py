"""From sector to sector on the workforce page: the published pairs and no other number, withheld ones as withheld."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import made_inputs
import pandas as pd
import pytest
from built_site import Built, page_alone
from parsed_page import Element, read_page

from dashboards.pages import workforce

METRIC = "sector_pathways"
FIGURE = "sector-paths"


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    """The published pairs of the made-up release: rows of origins, columns of destinations."""
    frame = made_inputs.inputs().metric_breakdown
    mine = frame[frame["metric_id"] == METRIC]
    return mine.assign(origin=mine["dimension"].str.removeprefix("from_")).pivot_table(
        index="origin", columns="category", values="value", dropna=False, aggfunc="first"
    )


def _figure(built: Built) -> Element:
    return read_page(built.folder / "workforce.html").one("figure", id=FIGURE)


def _cells(figure: Element) -> list[list[str]]:
    table = figure.one("table")
    rows = (*table.one("thead").all("tr"), *table.one("tbody").all("tr"))
    return [[cell.text for cell in row.children] for row in rows]


def test_every_pair_stands_in_the_table_and_no_total(built: Built, pairs: pd.DataFrame) -> None:
    sectors = made_inputs.load_programme().sectors
    heading, *rows = _cells(_figure(built))
    assert heading[1:] == list(sectors.values())
    assert [row[0] for row in rows] == list(sectors.values())
    for row, origin in zip(rows, sectors, strict=True):
        numbers = [pairs.loc[origin, destination] for destination in sectors]
        assert row[1:] == ["[c]" if pd.isna(number) else f"{number:,.0f} [p]" for number in numbers]
    assert pairs.isna().sum().sum() >= len(sectors)  # the made-up release withholds some of every row


def test_every_pair_has_its_tile_and_withheld_ones_say_so(built: Built, pairs: pd.DataFrame) -> None:
    sectors = list(made_inputs.load_programme().sectors)
    data = json.loads(_figure(built).one("script").own_text[0])["data"]
    tiles = {
        (sectors[y], sectors[x]): text
        for trace in data
        if trace["mode"] == "text"
        for x, y, text in zip(trace["x"], trace["y"], trace["text"], strict=True)
    }
    assert len(tiles) == len(sectors) ** 2
    for (origin, destination), text in tiles.items():
        number = pairs.loc[origin, destination]
        assert text == ("[c]" if pd.isna(number) else f"{number:,.0f}")


def test_the_title_names_the_largest_move_that_is_shown(built: Built, pairs: pd.DataFrame) -> None:
    sectors = made_inputs.load_programme().sectors
    known = [sector for sector in sectors if sector not in ("other", "unknown")]
    moves = {
        (origin, destination): pairs.loc[origin, destination]
        for origin in known
        for destination in known
        if origin != destination and not pd.isna(pairs.loc[origin, destination])
    }
    (origin, destination) = max(moves, key=lambda pair: moves[pair])
    words = f"{sectors[origin]} to {sectors[destination]}"
    title = _figure(built).one("h3").text
    assert title == f"{words} is the most common known move: {moves[origin, destination]:,.0f} people"


def test_with_everything_withheld_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = made_inputs.inputs(networks_each=1)
    frame = inputs.metric_breakdown.copy()
    mine = frame["metric_id"] == METRIC
    frame.loc[mine, ["value", "numerator"]] = None
    frame.loc[mine, "symbol"] = "c"
    page = page_alone(
        replace(inputs, metric_breakdown=frame), workforce, "workforce.html", tmp_path / "site", monkeypatch
    )
    assert not page.all("figure", id=FIGURE)
    assert "every number of people is too small to show" in page.text
