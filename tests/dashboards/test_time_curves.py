"""Curves of the time to pass: read from a build for England and regions alone, and drawn where they are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import made_inputs
import numpy as np
import pandas as pd
import pytest
from built_site import Built
from numpy.typing import NDArray
from parsed_page import read_page
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight

from dashboards import curve_words
from dbt_project.registry import load_metrics, load_programme
from orchestration.time_curves import CURVES, GROUP, KEY, TABLE, TEST, frames

Numbers = NDArray[Any]


YEARS = (2021, 2022, 2023)
SECTORS = ("pcn", "hospital", "unknown")
REGIONS = ("Y56", "Y60", "Y63")
LEARNERS = 900


def _learners(strand: str) -> pd.DataFrame:
    """Starters whose hazard of passing differs by year of start, not by sector or region; the last hundred are new."""
    random = np.random.default_rng(len(strand))
    number = np.arange(LEARNERS)
    year = np.array(YEARS)[number % 3]
    passes = random.gamma(6, 40, LEARNERS) * np.where(year == YEARS[0], 1.5, 1.0)
    leaves, until = random.exponential(1_500, LEARNERS), random.uniform(60, 900, LEARNERS)
    first = np.minimum.reduce([passes, leaves, until])
    return pd.DataFrame(
        {
            "metric_id": CURVES[0],
            "strand": strand,
            "year": year,
            "sector": np.array(SECTORS)[random.integers(0, 3, LEARNERS)],
            "region": np.array(REGIONS)[random.integers(0, 3, LEARNERS)],
            "duration_days": np.ceil(first),
            "outcome": np.select([first == passes, first == leaves], [1, 2], 0),
            "is_mature": number < LEARNERS - 100,
        }
    )


def _build(path: Path, strands: tuple[str, ...] = ("independent_prescribing",)) -> pd.DataFrame:
    """A build whose unit table holds every learner in the cells that they fall into; returns the learners."""
    learners = pd.concat([_learners(strand) for strand in strands], ignore_index=True)
    places = (("england", "ENG"), ("region", None), ("icb", "QMJ"))
    cells = [
        learners.assign(
            org_level=level,
            org_code=code or learners["region"],
            strand=learners["strand"] if strand is None else strand,
            sector=learners["sector"] if sector is None else sector,
            period_start=[f"{year}-04-01" for year in learners["year"]] if grain == "year" else "2021-04-01",
            period_grain=grain,
            geography=geography,
        )
        for level, code in places
        for strand in (None, "all")
        for sector in (None, "all")
        for grain in ("year", "all")
        for geography in ("as_now", "as_was")
    ]
    frame = pd.concat(cells, ignore_index=True).drop(columns=["year", "region"])
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as wh")
        connection.execute("create schema wh.intermediate")
        connection.register("frame", frame)
        connection.execute(
            "create table wh.intermediate.int_estimate_unit as"
            " select * replace (cast(period_start as date) as period_start) from frame"
        )
    return learners


def _log_rank(duration: Numbers, event: Numbers, group: Numbers) -> tuple[float, int, float]:
    """The test by its definition: observed less expected events of each group, over their hypergeometric covariance."""
    labels = np.unique(group)
    gap, covariance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
    for day in np.unique(duration[event]):
        here = np.array([((duration >= day) & (group == label)).sum() for label in labels], dtype=float)
        happened = np.array([((duration == day) & event & (group == label)).sum() for label in labels])
        n, d = here.sum(), happened.sum()
        gap += happened - d * here / n
        if n > 1:
            covariance += d * (n - d) / (n - 1) * (np.diag(here / n) - np.outer(here, here) / n**2)
    statistic = float(gap[1:] @ np.linalg.solve(covariance[1:, 1:], gap[1:]))
    return statistic, len(labels) - 1, float(stats.chi2.sf(statistic, len(labels) - 1))


def test_only_one_cut_of_england_and_regions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "build.duckdb"
    learners = _build(path)
    curves = frames(path, load_metrics(), load_programme())[TABLE]
    assert set(curves[list(KEY)].itertuples(index=False, name=None)) == {
        (CURVES[0], level, code, "independent_prescribing")
        for level, code in (("england", "ENG"), *(("region", code) for code in REGIONS))
    }
    drawn = curves[curves["org_code"] == "ENG"].iloc[-1]
    curve = CumIncidenceRight(learners["duration_days"], learners["outcome"])
    last = np.flatnonzero(curve.times <= round(drawn["months"] * 365.25 / 12))[-1]
    assert drawn["share"] == pytest.approx(100 * curve.cinc[0][last], abs=0.051)


def test_published_tests_are_those_of_the_learners_of_the_build(tmp_path: Path) -> None:
    path = tmp_path / "build.duckdb"
    learners = _build(path, ("independent_prescribing", "technician_accreditation"))
    published = frames(path, load_metrics(), load_programme())
    mature = learners[learners["is_mature"]]
    tests = published[TEST].set_index(["strand", "comparison"])
    assert len(tests) == 6
    for (strand, comparison), row in tests.iterrows():
        column = {"cohort": "year", "sector": "sector", "region": "region"}[comparison]
        mine = mature[(mature["strand"] == strand) & (mature[column] != "unknown")]
        duration, event = mine["duration_days"].to_numpy(), (mine["outcome"] == 1).to_numpy()
        statistic, freedom, p = _log_rank(duration, event, mine[column].to_numpy())
        assert row["statistic"] == pytest.approx(statistic, abs=0.0051)
        assert row["degrees_of_freedom"] == freedom
        assert row["p"] == pytest.approx(p, rel=0.006)
        groups = published[GROUP].query("strand == @strand and comparison == @comparison")
        sizes = mine[column].value_counts()
        for code, people in zip(groups["group_code"], groups["people"], strict=True):
            assert people % 5 == 0 and abs(people - sizes[int(code[:4]) if column == "year" else code]) < 5
    assert tests.xs("cohort", level="comparison")["p"].max() < 0.001  # the planted difference


def test_strand_and_region_pages_draw_the_published_points(built: Built) -> None:
    frame = made_inputs.time_curve()
    strand = "strands/independent-prescribing.html"
    for page, figure_id, code, metric_id in (
        *((strand, words.slug, "ENG", name) for name, words in curve_words.CURVES.items()),
        ("regions/y56.html", "time-to-pass-independent-prescribing", "Y56", CURVES[0]),
    ):
        figure = read_page(built.folder / page).one("figure", id=figure_id)
        traces = json.loads(figure.one("script").own_text[0])["data"]
        line = next(trace for trace in traces if "markers" in trace["mode"])
        mine = frame[(frame["org_code"] == code) & (frame["metric_id"] == metric_id)].sort_values("months")
        assert line["x"] == [str(month) for month in mine["months"]]
        assert line["y"] == mine["share"].tolist()
        first = figure.one("table").one("tbody").all("tr")[0].all("th")[0].text
        assert first == f"{mine['months'].iloc[0]} months"
        assert curve_words.CURVES[metric_id].happened in figure.text


def test_every_published_curve_has_its_words_and_the_other_way_round() -> None:
    assert tuple(curve_words.CURVES) == CURVES
    assert {load_metrics()[name].method for name in CURVES} == {"estimate"}


def test_those_who_left_are_shown_as_leaving(tmp_path: Path) -> None:
    """Every curve of a build is estimated from its own units."""
    path = tmp_path / "build.duckdb"
    learners = _build(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("update intermediate.int_estimate_unit set metric_id = ?", [CURVES[3]])
    published = frames(path, load_metrics(), load_programme())
    assert set(published[TABLE]["metric_id"]) == set(published[TEST]["metric_id"]) == {CURVES[3]}
    drawn = published[TABLE].query("org_code == 'ENG'").iloc[-1]
    curve = CumIncidenceRight(learners["duration_days"], learners["outcome"])
    last = np.flatnonzero(curve.times <= round(drawn["months"] * 365.25 / 12))[-1]
    assert drawn["share"] == pytest.approx(100 * curve.cinc[0][last], abs=0.051)


def test_where_no_curve_is_published_none_is_drawn(built: Built) -> None:
    for page in ("strands/supervisors.html", "regions/y58.html"):
        figures = read_page(built.folder / page).all("figure")
        assert not [f for f in figures if f.attributes["id"].startswith("time-to-pass")]


def test_pages_say_whether_groups_differ(built: Built) -> None:
    page = read_page(built.folder / "strands/independent-prescribing.html")
    rows = page.one("table", id="time-to-pass-tests-rows").one("tbody").all("tr")
    cells = [[cell.text for cell in (*row.all("th"), *row.all("td"))] for row in rows]
    assert [cell[0].split(",")[0] for cell in cells] == ["Cohorts", "Sectors", "NHS regions"]
    assert [cell[2:] for cell in cells] == [
        ["31.40", "3", "< 0.001"],
        ["3.90", "1", "0.048"],
        ["3.20", "2", "0.202"],
    ]
    assert "larger than chance alone would make" in cells[0][1] and "larger than" in cells[1][1]
    assert "fewer than 100 people" in cells[1][1] and "Left out because too small: 1 of 3" in cells[1][1]
    assert cells[2][1] == "Differences between the regions are no larger than chance alone may make."
    assert [cell.text for cell in page.one("table", id="time-in-network-tests-rows").one("tbody").all("td")][
        1:
    ] == [
        "2.86",
        "2",
        "0.239",
    ]
    groups = page.one("table", id="time-to-pass-groups-rows").text
    assert "2022/23" in groups and "[c]" in groups and "Hospital" in groups


def test_region_pages_say_whether_regions_differ(built: Built) -> None:
    figure = read_page(built.folder / "regions/y56.html").one(
        "figure", id="time-to-pass-independent-prescribing"
    )
    assert (
        "Differences between the regions are no larger than chance alone may make"
        " (log-rank χ² = 3.20, 2 degrees of freedom, p = 0.202)."
    ) in figure.text
