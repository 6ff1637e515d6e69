"""The built site, read without a browser: policy, links, figures, secrets, repeatability."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import made_inputs
import number_checks
import pandas as pd
import pytest
import site_checks
from built_site import Built
from parsed_page import read_page
from published_figures import PublishedFigures
from read_site import ReadSite

from dashboards import InputError, SiteInputs, build_site, find_front_end, wording


def test_every_strand_board_and_network_has_its_place(built: Built) -> None:
    strands = {path.stem for path in (built.folder / "strands").glob("*.html")} - {"index"}
    boards = {path.stem for path in (built.folder / "icb").glob("*.html")} - {"index"}
    assert len(strands) == 5
    assert boards == {board["icb_code"].lower() for board in made_inputs.boards()}
    finder = read_page(built.folder / "icb" / "index.html")
    assert len(finder.one("table", id="places-rows").one("tbody").all("tr")) == 42 * 5


def test_no_file_names_another_host(site: ReadSite) -> None:
    assert site_checks.other_hosts(site) == []


def test_policy_is_strict_and_nothing_is_inline(site: ReadSite) -> None:
    assert site_checks.inline_code(site) == []


def test_every_local_link_resolves_and_ids_are_unique(site: ReadSite) -> None:
    assert site_checks.broken_links(site) == []


def test_every_page_says_in_its_metadata_what_it_holds(site: ReadSite) -> None:
    assert site_checks.untold_pages(site) == []


def test_every_page_states_release_and_demonstration(site: ReadSite, inputs: SiteInputs) -> None:
    assert site_checks.status_missing(site, inputs.release) == []


def test_every_figure_has_all_its_parts(site: ReadSite, built: Built, browser_path: Path) -> None:
    assert site_checks.incomplete_figures(site) == []
    assert len(site.figures) == built.report.figures > 100


def test_every_table_is_its_csv(site: ReadSite) -> None:
    assert number_checks.unequal_to_csv(site) == []
    assert sum(len(row) for shown in (*site.figures, *site.tables) for row in shown.csv_rows) > 20_000


def test_every_cell_of_every_table_is_published(site: ReadSite, published: PublishedFigures) -> None:
    assert number_checks.unpublished_cells(site, published) == []


def test_every_point_of_every_chart_is_in_its_table(site: ReadSite, published: PublishedFigures) -> None:
    assert number_checks.unequal_charts(site, published) == []


def test_every_number_in_words_is_published(site: ReadSite, published: PublishedFigures) -> None:
    assert number_checks.invented_numbers(site, published) == []


def test_series_are_few_distinct_and_of_enough_contrast(site: ReadSite) -> None:
    assert site_checks.unclear_charts(site) == []


def test_pages_are_light(site: ReadSite) -> None:
    assert site_checks.heavy_pages(site) == []


def test_hidden_cells_leak_nowhere(site: ReadSite) -> None:
    assert site_checks.leaked(site, made_inputs.SECRETS) == []


def test_hidden_cells_show_their_symbol_never_zero(built: Built) -> None:
    inputs = made_inputs.inputs()
    hidden = inputs.metric_value.query("symbol == 'c' and org_level == 'pcn' and period_grain == 'all'")
    code = str(hidden.query("metric_id == 'new_independent_prescribers'")["org_code"].iloc[0])
    board = str(inputs.organisation.query("org_code == @code")["icb_code"].iloc[0])
    page = read_page(built.folder / "icb" / f"{board.lower()}.html")
    row = page.one("tr", id=code.lower())
    assert row.all("td")[1].text == "[c]"
    assert wording.SYMBOLS["c"] in page.text


def test_a_hidden_row_that_carries_a_value_is_refused() -> None:
    inputs = made_inputs.inputs(networks_each=1)
    leaking = inputs.metric_value.copy()
    leaking.loc[leaking["symbol"] == "c", "value"] = 3.0
    with pytest.raises(InputError, match=r"metric_value: \d+ withheld cells carry a value") as caught:
        replace(inputs, metric_value=leaking)
    assert "3.0" not in str(caught.value)


def test_a_missing_metric_says_what_it_waits_for(tmp_path: Path) -> None:
    inputs = made_inputs.inputs(networks_each=1, without=("spend_against_ceiling", "courses_accredited"))
    missing = inputs.feed_status.copy()
    missing.loc[missing["feed"] == "spend", "status"] = "missing"
    build_site(replace(inputs, feed_status=missing), tmp_path / "site", pictures=False)
    notice = [e.text for e in read_page(tmp_path / "site" / "index.html").all(class_="site-notice")]
    assert any("waiting for Finance return" in text for text in notice)


def test_two_builds_are_identical(built: Built, tmp_path: Path) -> None:
    """Every file, byte by byte; every fourth picture and the board pack are drawn again, the others are the first's."""
    cache, again = tmp_path / "pictures", tmp_path / "again"
    shutil.copytree(built.pictures, cache)
    forgotten = sorted(cache.rglob("*.svg"))[
        ::4
    ]  # their names are hashes: charts of every kind are among them
    for path in (*forgotten, *cache.rglob("*.pdf")):
        path.unlink()
    report = build_site(made_inputs.inputs(), again, cache_dir=cache)
    assert report.pictures_drawn == len(forgotten) > 100
    assert _sums(built.folder) == _sums(again)


def test_manifest_holds_the_sum_of_every_file(site: ReadSite) -> None:
    assert site_checks.wrong_sums(site) == []


def _sums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_that_holds_something_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(FileExistsError, match="written once"):
        build_site(made_inputs.inputs(networks_each=1), tmp_path, pictures=False)


def test_a_real_release_has_no_banner_and_an_override_gives_its_reason(tmp_path: Path) -> None:
    inputs = made_inputs.inputs(
        networks_each=1,
        demonstration=False,
        gate_status="overridden",
        override_reason="Late return, see minute 4",
    )
    build_site(inputs, tmp_path / "site", pictures=False)
    for path in (tmp_path / "site").rglob("*.html"):
        page = read_page(path)
        assert not page.all(class_="site-banner--demonstration")
        assert "Late return, see minute 4" in page.one(class_="site-banner--override").text


def test_without_browser_and_parts_the_site_is_complete_and_says_so(tmp_path: Path) -> None:
    parts = find_front_end(tmp_path / "nothing-installed")
    assert len(parts.notes) == 2
    report = build_site(made_inputs.inputs(networks_each=1), tmp_path / "site", parts=parts, pictures=False)
    assert any("Chromium" in note for note in report.notes)
    page = read_page(tmp_path / "site" / "index.html")
    assert not page.all("img")
    for figure in page.all("figure"):
        assert figure.all("table") and wording.PICTURES_MISSING in figure.text


def test_staff_of_networks_that_reported_every_time_stand_beside_the_trend(built: Built) -> None:
    """A dashed line for each line, named in the legend and below the chart, and a column for each in the table."""
    page = read_page(built.folder / "workforce.html")
    for name in ("workforce-fte", "workforce-headcount"):
        figure = page.one("figure", id=name)
        traces = json.loads(figure.one("script").own_text[0])["data"]
        mains, second = traces[:4], traces[4:]
        assert [trace["line"]["color"] for trace in second] == [trace["line"]["color"] for trace in mains]
        assert {trace["line"]["dash"] for trace in second} == {"dash"}
        assert {trace["line"]["dash"] for trace in mains} == {"solid"}
        assert len({str(trace["marker"]["symbol"]) for trace in mains}) == 4
        named = [trace["name"] for trace in traces if trace.get("showlegend")]
        assert named == [f"Dashed: {wording.CONSTANT}"]
        assert f"Dashed: {wording.CONSTANT} since October 2023" in figure.text
        heads = [cell.text for cell in figure.one("table").one("thead").all("th")]
        assert heads[5:] == [f"{head}, {wording.CONSTANT}" for head in heads[1:5]]
        assert f"{wording.CONSTANT}: " in figure.one(class_="nhsuk-details__text").text
        rows = [[cell.text for cell in row.all()] for row in figure.one("table").one("tbody").all("tr")]
        assert rows[0][-1] == wording.NOTHING
        assert rows[-1][-1] not in (wording.NOTHING, "[x]")


def test_empty_tables_still_make_every_fixed_page(tmp_path: Path) -> None:
    inputs = made_inputs.inputs(networks_each=1)
    bare = replace(
        inputs,
        metric_value=inputs.metric_value.iloc[:0],
        metric_breakdown=inputs.metric_breakdown.iloc[:0],
        feed_status=inputs.feed_status.iloc[:0],
        check_result=inputs.check_result.iloc[:0],
    )
    build_site(bare, tmp_path / "site", pictures=False)
    assert "No headline value" in read_page(tmp_path / "site" / "index.html").text


def test_published_database_gives_the_same_site(tmp_path: Path, built: Built) -> None:
    inputs = made_inputs.inputs()
    tables: dict[str, pd.DataFrame] = {
        "fct_metric_value": inputs.metric_value,
        "fct_metric_breakdown": inputs.metric_breakdown,
        "dim_organisation": inputs.organisation,
        "dim_practice": inputs.practice,
        "fct_metric_sensitivity": inputs.sensitivity,
        "fct_network_funnel": inputs.network_funnel,
        "fct_control_chart": inputs.control_chart,
        "fct_metric_change": inputs.metric_change,
        "fct_time_curve": inputs.time_curve,
        "fct_time_test": inputs.time_test,
        "fct_time_test_group": inputs.time_test_group,
        "feed_status": inputs.feed_status,
        "check_result": inputs.check_result,
        "release_info": pd.DataFrame([inputs.release.__dict__]),
    }
    path = tmp_path / "published.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, frame in tables.items():
            connection.register("frame", frame)
            connection.execute(f"create table {name} as select * from frame")
    build_site(SiteInputs.from_published(path), tmp_path / "site", pictures=False)
    for page in ("index.html", "icb/qop.html", "quality.html"):
        tables_there = [t.text for t in read_page(tmp_path / "site" / page).all("table")]
        assert tables_there == [t.text for t in read_page(built.folder / page).all("table")]


def test_a_browser_that_does_not_start_costs_only_the_pictures(tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    report = build_site(made_inputs.inputs(networks_each=1), tmp_path / "site", browser=broken)
    assert report.pictures_drawn == 0 and report.pages == 79
    assert any("did not start" in note for note in report.notes)
