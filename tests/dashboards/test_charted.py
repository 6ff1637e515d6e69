"""Limits published beside the figures, and the charts and pages that show them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import made_inputs
import numpy as np
import pandas as pd
import pytest
from built_site import Built
from parsed_page import read_page

from dashboards.charts.network_funnel import FunnelPoint, network_funnel
from dashboards.values import Place
from evaluation.funnel import rate_funnel
from orchestration.charted import CONTROL_CHART, FUNNELS, MONTHS_CHARTED, NETWORK_FUNNEL, add_charted

JUNE = date(2026, 6, 1)
PATIENTS = (30_000.0, 40_000.0, 50_000.0, 80_000.0)
PEOPLE = (1.0, 2.0, None, 9.0)


def _published(path: Path) -> None:
    """Four networks, one without a number, and thirty months of England of which the last is not complete."""
    count, rate, _ = FUNNELS[0]
    empty = dict.fromkeys(("value", "numerator", "denominator"))
    shared = {
        "strand": "all",
        "sector": "all",
        "period_grain": "month",
        "geography": "as_now",
        "suppressed": False,
    }
    rows: list[dict[str, object]] = []
    for number, (patients, people) in enumerate(zip(PATIENTS, PEOPLE, strict=True)):
        network = {**shared, "org_level": "pcn", "org_code": f"U0000{number}", "period_start": JUNE}
        rows.append({**network, **empty, "metric_id": count, "value": people})
        rows.append({**network, **empty, "metric_id": rate, "value": 1.0, "denominator": patients})
    for number, month in enumerate(pd.date_range("2024-01-01", periods=30, freq="MS")):
        england = {**shared, "org_level": "england", "org_code": "ENG", "period_start": month.date()}
        name = "new_independent_prescribers"
        rows.append({**england, **empty, "metric_id": name, "value": 100.0 + number % 4})
    frame = pd.DataFrame(rows)
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", frame)
        connection.execute(
            "create table fct_metric_value as select * replace (cast(period_start as date) as period_start) from frame"
        )


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, pd.DataFrame]:
    """Both tables of the small published database, whose data end in the middle of its last month."""
    path = tmp_path / "published.duckdb"
    _published(path)
    add_charted(path, made_inputs.inputs(networks_each=1).metrics, date(2026, 6, 15))
    with duckdb.connect(str(path), read_only=True) as connection:
        return {name: connection.execute(f"from {name}").df() for name in (NETWORK_FUNNEL, CONTROL_CHART)}


def test_networks_stand_against_the_rate_of_all_that_have_a_number(tables: dict[str, pd.DataFrame]) -> None:
    funnel = tables[NETWORK_FUNNEL]
    assert funnel["org_code"].tolist() == ["U00000", "U00001", "U00003"]
    assert np.allclose(funnel["overall"], 12 / 150_000 * 10_000)
    assert np.allclose(funnel["rate"], [1 / 3, 0.5, 1.125])
    assert np.allclose(funnel["expected"], [2.4, 3.2, 6.4])
    assert set(funnel["signal"]) == {"within"}


def test_limits_are_wider_where_networks_differ_by_more_than_chance(tmp_path: Path) -> None:
    """Forty networks of one size, of which half have four times the people: limits from their definition."""
    path = tmp_path / "published.duckdb"
    keys = {
        "period_start": date(2026, 5, 1),
        "period_grain": "month",
        "geography": "as_now",
        "suppressed": False,
    }
    shared = {**keys, "org_level": "pcn", "strand": "all", "sector": "all"}
    people = [5.0, 20.0] * 20
    rows = [
        {**shared, "metric_id": metric, "org_code": f"U{number:05}", "value": value, "denominator": size}
        for number, count in enumerate(people)
        for metric, value, size in (
            ("prescribers_in_post", count, None),
            ("prescriber_fte_per_10k", 1.0, 50_000.0),
        )
    ]
    with duckdb.connect(str(path)) as connection:
        frame = pd.DataFrame(rows)
        connection.register("frame", frame)
        connection.execute("create table fct_metric_value as from frame")
    add_charted(path, made_inputs.inputs(networks_each=1).metrics, date(2026, 6, 15))
    with duckdb.connect(str(path), read_only=True) as connection:
        funnel = connection.execute(f"from {NETWORK_FUNNEL} order by org_code").df()
    z = 2 * (
        np.sqrt(people) - np.sqrt(12.5)
    )  # half at -2.6, half at 1.87: drawing in the tenths changes nothing
    chance = np.random.default_rng(1).poisson(12.5, 400_000)
    by_chance = 2 * (np.sqrt(chance) - np.sqrt(12.5))
    left = np.mean(np.clip(by_chance, *np.quantile(by_chance, [0.1, 0.9])) ** 2)
    assert np.allclose(funnel["phi"], np.mean(z**2) / left, rtol=0.03)
    exact = rate_funnel(people, np.full(40, 50_000.0), per=10_000)
    reach = np.sqrt(funnel["phi"]) * (exact["upper_95"] - exact["overall"])
    assert np.allclose(funnel["upper_95"], exact["overall"] + reach)
    assert "low_95" in set(exact["signal"]) and set(funnel["signal"]) == {"within"}


def test_the_note_of_a_funnel_says_by_how_much_its_limits_are_wider() -> None:
    metric = made_inputs.inputs(networks_each=1).metrics["prescribers_in_post"]
    for phi, words in (
        (1.426, "(variance times 1.43)"),
        (0.98, "same rate. A network"),
        (np.nan, "same rate. A network"),
    ):
        points = tuple(
            FunnelPoint(
                Place("pcn", f"U{n}", f"PCN {n}", None, None),
                "May 2026",
                *(1.0 + n,) * 8,
                "within",
                10_000,
                phi,
            )
            for n in range(3)
        )
        figure = network_funnel(metric, points, figure_id="f", where="here")
        assert figure is not None and words in figure.note


def test_control_limits_are_of_the_newest_complete_months(tables: dict[str, pd.DataFrame]) -> None:
    chart = tables[CONTROL_CHART]
    assert len(chart) == MONTHS_CHARTED
    assert chart["period_start"].max() == pd.Timestamp("2026-05-01")
    values = chart.sort_values("period_start")["value"].to_numpy()
    reach = 2.66 * np.abs(np.diff(values)).mean()
    assert np.allclose(chart["upper"], values.mean() + reach)
    assert np.allclose(chart["lower"], values.mean() - reach)


def test_board_page_draws_each_network_with_the_published_reading(built: Built) -> None:
    inputs = made_inputs.inputs()
    rows = inputs.network_funnel.set_index("org_code")
    words = {
        "within": "As chance would have it",
        "low_95": "Below the 95% limits",
        "low_998": "Below the 99.8% limits",
    }
    words |= {"high_95": "Above the 95% limits", "high_998": "Above the 99.8% limits"}
    seen = 0
    for path in sorted((built.folder / "icb").glob("q*.html")):
        figure = read_page(path).one("figure", id="funnel-prescribers-in-post")
        for line in figure.one("table").one("tbody").all("tr"):
            cells = [cell.text for cell in line.children]
            assert cells[-1] == words[str(rows.loc[cells[1], "signal"])]
            seen += 1
    assert seen == len(rows)


def test_strand_page_marks_the_month_that_is_a_signal(built: Built) -> None:
    page = read_page(built.folder / "strands" / "independent-prescribing.html")
    figure = page.one("figure", id="control")
    marked = [
        row.all("th")[0].text for row in figure.one("tbody").all("tr") if row.all("td")[-1].text == "Yes"
    ]
    chart = made_inputs.control_chart()
    expected = chart.loc[chart["is_signal"], "period_start"]
    assert marked == [f"{month:%B %Y}" for month in expected] and "August 2025" in marked


def test_every_region_has_a_page_that_leads_to_its_boards(built: Built) -> None:
    for code in made_inputs.REGIONS:
        page = read_page(built.folder / "regions" / f"{code.lower()}.html")
        boards = {b["icb_code"].lower() for b in made_inputs.boards() if b["region_code"] == code}
        links = {a.attributes["href"] for a in page.all("a")}
        assert {f"../icb/{board}.html" for board in boards} <= links
        panels = page.one("figure", id="boards-pcn-coverage").one("table").one("thead").all("th")
        assert len(panels) == len(boards) + 2
