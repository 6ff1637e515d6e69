"""Curves of the time to pass: read from a build for England and regions alone, and drawn where they are published."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import made_inputs
import pandas as pd
import pytest
from built_site import Built
from parsed_page import read_page

from dbt_project.registry import load_metrics, load_programme
from orchestration.time_curves import CURVES, KEY, published_curves


def _build(path: Path) -> None:
    """A build whose unit table has 300 people each in England, a region and a board, in three cuts each."""
    shared = {"metric_id": CURVES[0], "sector": "all", "period_grain": "all", "geography": "as_now"}
    places = (("england", "ENG"), ("region", "Y56"), ("icb", "QMJ"))
    rows = [
        {**shared, "org_level": level, "org_code": code, "strand": strand, "duration_days": 100.0 + number}
        | {"outcome": 1 if number < 250 else 0, **other}
        for level, code in places
        for strand in ("all", "independent_prescribing")
        for other in ({}, {"geography": "as_was"}, {"sector": "pcn"}, {"period_grain": "year"})
        for number in range(300)
    ]
    frame = pd.DataFrame(rows)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as wh")
        connection.execute("create schema wh.intermediate")
        connection.register("frame", frame)
        connection.execute("create table wh.intermediate.int_estimate_unit as from frame")


def test_only_one_cut_of_england_and_regions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "build.duckdb"
    _build(path)
    curves = published_curves(path, load_metrics(), load_programme())
    assert set(curves[list(KEY)].itertuples(index=False, name=None)) == {
        (CURVES[0], "england", "ENG", "independent_prescribing"),
        (CURVES[0], "region", "Y56", "independent_prescribing"),
    }
    six = curves[(curves["org_code"] == "ENG") & (curves["months"] == 6)]
    assert six["share"].tolist() == [pytest.approx(100 * 84 / 300, abs=0.051)]  # days 100 to 183


def test_strand_and_region_pages_draw_the_published_points(built: Built) -> None:
    frame = made_inputs.time_curve()
    for page, figure_id, code in (
        ("strands/independent-prescribing.html", "time-to-pass", "ENG"),
        ("regions/y56.html", "time-to-pass-independent-prescribing", "Y56"),
    ):
        figure = read_page(built.folder / page).one("figure", id=figure_id)
        traces = json.loads(figure.one("script").own_text[0])["data"]
        line = next(trace for trace in traces if "markers" in trace["mode"])
        mine = frame[frame["org_code"] == code].sort_values("months")
        assert line["x"] == [str(month) for month in mine["months"]]
        assert line["y"] == mine["share"].tolist()
        assert figure.one("table").one("tbody").all("tr")[0].all("th")[0].text == "6 months"


def test_where_no_curve_is_published_none_is_drawn(built: Built) -> None:
    for page in ("strands/supervisors.html", "regions/y58.html"):
        figures = read_page(built.folder / page).all("figure")
        assert not [f for f in figures if f.attributes["id"].startswith("time-to-pass")]
