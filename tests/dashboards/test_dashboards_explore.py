"""The Explore page's cube against the published tables: every figure, none by sample."""

from __future__ import annotations

import calendar
import os
from datetime import date
from pathlib import Path

import duckdb
import made_inputs
import pandas as pd
import pytest
from built_site import Built
from cubes import NUMBERS, Cells, Key, read_cubes
from parsed_page import read_page

from dashboards import SiteInputs, build_site, formatting
from dbt_project.registry import Metric, load_metrics

HIDING = set("cxnem")


def expected(frame: pd.DataFrame, metrics: dict[str, Metric], data_to: date) -> tuple[Cells, dict[Key, str]]:
    """What the cube must hold, worked out from the published rows alone: complete periods above the networks."""
    numbers: Cells = {}
    symbols: dict[Key, str] = {}
    newest = {
        metric: "as_now" if "as_now" in set(rows) else "as_was"
        for metric, rows in frame.groupby("metric_id")["geography"]
    }
    for row in frame.to_dict("records"):
        if (
            row["org_level"] not in ("england", "region", "icb")
            or row["geography"] != newest[row["metric_id"]]
        ):
            continue
        start = pd.Timestamp(row["period_start"]).date()
        if not _is_complete(metrics[row["metric_id"]], start, row["period_grain"], data_to):
            continue
        key = (row["metric_id"], row["org_code"], row["strand"], row["sector"], row["period_grain"], start)
        symbol = "" if pd.isna(row["symbol"]) else str(row["symbol"])
        hidden = symbol in HIDING or pd.isna(row["value"])
        cells = [None if hidden or pd.isna(row[name]) else round(float(row[name]), 6) for name in NUMBERS]
        numbers[key] = tuple(cells)
        symbols[key] = (symbol or "x") if hidden else symbol
    return numbers, symbols


def _is_complete(metric: Metric, start: date, grain: str, data_to: date) -> bool:
    if metric.kind in ("stock", "cumulative") or grain == "all":
        return start <= data_to
    last = start.month - 1 + {"month": 1, "quarter": 3, "year": 12}[grain] - 1
    year, month = start.year + last // 12, last % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1]) <= data_to


def _current(frame: pd.DataFrame, organisation: pd.DataFrame) -> pd.DataFrame:
    """Rows of England and of the places that exist now."""
    current = organisation[organisation["is_current"].fillna(False).astype(bool)]
    return frame[frame["org_code"].isin(current["org_code"]) | (frame["org_level"] == "england")]


def test_cube_holds_every_published_figure_and_nothing_else(built: Built) -> None:
    inputs = made_inputs.inputs()
    numbers, symbols = read_cubes(built.folder)
    wanted, marks = expected(inputs.metric_value, inputs.metrics, made_inputs.DATA_TO)
    assert len(wanted) > 20_000
    assert set(numbers) == set(wanted)
    assert [key for key, cells in wanted.items() if numbers[key] != cells] == []
    assert symbols == marks


def test_a_cube_that_lost_or_changed_one_cell_is_noticed(built: Built) -> None:
    """The comparison above can fail: by one missing row, one changed number, one symbol."""
    inputs = made_inputs.inputs()
    numbers, symbols = read_cubes(built.folder)
    frame = inputs.metric_value
    shown = frame[(frame["org_level"] == "icb") & (frame["symbol"] == "") & (frame["period_grain"] == "all")]
    one = shown.index[0]
    assert set(expected(frame.drop(index=one), inputs.metrics, made_inputs.DATA_TO)[0]) != set(numbers)
    moved = frame.copy()
    moved["value"] = moved["value"].where(moved.index != one, 12345.678)
    assert expected(moved, inputs.metrics, made_inputs.DATA_TO)[0] != numbers
    marked = frame.copy()
    marked.loc[one, "symbol"] = "u"
    assert expected(marked, inputs.metrics, made_inputs.DATA_TO)[1] != symbols


def test_page_without_script_lists_every_measure_and_its_file(built: Built) -> None:
    page = read_page(built.folder / "explore.html")
    assert "needs JavaScript" in page.one("noscript").text
    rows = page.one("table", id="newest-rows").one("tbody").all("tr")
    assert len(rows) == len(load_metrics())
    assert any(link.attributes["href"] == "data/explore-newest.csv" for link in page.all("a"))
    assert "hidden" in page.one(id="explorer").attributes


def test_every_measure_offered_has_its_cube_and_the_other_way_round(built: Built) -> None:
    page = read_page(built.folder / "explore.html")
    offered = {
        o.attributes["value"]: o.attributes["data-cube"]
        for o in page.all("option")
        if "data-cube" in o.attributes
    }
    assert {path.name for path in (built.folder / "assets").glob("cube-*.js")} == {
        path.removeprefix("assets/") for path in offered.values()
    }
    assert set(offered) == {key[0] for key in read_cubes(built.folder)[0]}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.125, "rate", "0.12"), (12.5, "people", "12"), (13.5, "people", "14"), (-2.55, "difference", "-2.5")],
)
def test_ties_go_to_the_even_digit(value: float, unit: str, text: str) -> None:
    assert formatting.plain(value, unit) == text


PUBLISHED = Path(os.environ.get("PHIP_TEST_PUBLISHED", "nothing"))


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.is_file(), reason="PHIP_TEST_PUBLISHED names no published.duckdb")
def test_cube_of_a_release_equals_its_published_database(tmp_path: Path) -> None:
    """The same comparison on a whole release, read from the database itself and not through the site's inputs."""
    inputs = SiteInputs.from_published(PUBLISHED)
    build_site(inputs, tmp_path / "site", pictures=False)
    with duckdb.connect(str(PUBLISHED), read_only=True) as connection:
        frame = connection.execute(
            "select * from fct_metric_value where org_level in ('england', 'region', 'icb')"
        ).df()
    numbers, symbols = read_cubes(tmp_path / "site")
    wanted, marks = expected(_current(frame, inputs.organisation), inputs.metrics, inputs.release.data_to)
    assert set(numbers) == set(wanted)
    assert [key for key, cells in wanted.items() if numbers[key] != cells] == []
    assert symbols == marks
