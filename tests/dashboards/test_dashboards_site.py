"""The built site, read without a browser: policy, links, figures, secrets, repeatability."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urldefrag

import duckdb
import made_inputs
import pandas as pd
import pytest
from built_site import Built
from parsed_page import Element, read_page

from dashboards import InputError, SiteInputs, build_site, find_front_end, formatting, wording


def test_every_strand_board_and_network_has_its_place(built: Built) -> None:
    strands = {path.stem for path in (built.folder / "strands").glob("*.html")} - {"index"}
    boards = {path.stem for path in (built.folder / "icb").glob("*.html")} - {"index"}
    assert len(strands) == 5
    assert boards == {board["icb_code"].lower() for board in made_inputs.boards()}
    finder = read_page(built.folder / "icb" / "index.html")
    assert len(finder.one("table", id="places-rows").one("tbody").all("tr")) == 42 * 5


def test_policy_is_strict_and_nothing_is_inline(built: Built) -> None:
    for path in built.pages:
        page = read_page(path)
        policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        for script in page.all("script"):
            assert "src" in script.attributes or script.attributes["type"] == "application/json"
        assert not page.all("style")
        for element in page.all():
            assert "style" not in element.attributes, path.name
            assert not [name for name in element.attributes if name.startswith("on")]


def test_no_file_names_another_host(built: Built) -> None:
    allowed = ("http://www.w3.org/",)  # names of namespaces, which nobody fetches
    for path in built.folder.rglob("*"):
        if path.suffix in (".html", ".css", ".svg", ".csv") or path.name.startswith(("site-", "charts-")):
            for address in re.findall(r"https?://[^\s\"')<]+", path.read_text(encoding="utf-8")):
                assert address.startswith(allowed), f"{path.name}: {address}"


def test_every_local_link_resolves(built: Built) -> None:
    pages = {path: read_page(path) for path in built.pages}
    ids = {
        path: {e.attributes["id"] for e in page.all() if "id" in e.attributes} for path, page in pages.items()
    }
    for path, page in pages.items():
        targets = [
            e.attributes[name]
            for e in page.all()
            for name in ("href", "src", "srcset", "data-plotly")
            if name in e.attributes
        ]
        for target in targets:
            file, anchor = urldefrag(target)
            there = (path.parent / file).resolve() if file else path
            assert there.is_file(), f"{path.name}: {target}"
            assert not anchor or anchor in ids[there], f"{path.name}: {target}"


def test_ids_are_unique(built: Built) -> None:
    for path in built.pages:
        found = [e.attributes["id"] for e in read_page(path).all() if "id" in e.attributes]
        assert len(found) == len(set(found)), path.name


def test_every_page_states_release_and_demonstration(built: Built) -> None:
    for path in built.pages:
        page = read_page(path)
        status = page.one("dl", class_="site-status").text
        for words in (
            "30 September 2026",
            "22 November 2026",
            "17 December 2026",
            "passed with warnings",
            "2026-11-22-a1b2c3",
        ):
            assert words in status
        assert wording.DEMONSTRATION in page.one(class_="site-banner--demonstration").text


def test_every_figure_comes_three_times_with_equal_numbers(built: Built) -> None:
    figures = 0
    for path in built.pages:
        page = read_page(path)
        for figure in page.all("figure"):
            figures += 1
            _check_figure(built.folder, path, figure)
    assert figures == built.report.figures > 100


def _check_figure(site: Path, path: Path, figure: Element) -> None:
    name = figure.attributes["id"]
    summary = _words_for(figure)
    assert re.search(r"\d", summary), f"{path.name} {name}: the summary has no number"
    assert len(figure.one("h3").text.split()) <= 22
    table = figure.one("table")
    assert table.one("caption").text
    assert all(cell.attributes.get("scope") in ("col", "row") for cell in table.all("th"))
    shown = [[cell.text for cell in row.children] for row in table.one("tbody").all("tr")]
    link = next(a for a in figure.all("a") if a.attributes["href"].endswith(".csv"))
    content = (path.parent / link.attributes["href"]).resolve().read_text(encoding="utf-8-sig")
    header, *rows = list(csv.reader(io.StringIO(content)))
    assert len(rows) == len(shown) and len(header) == len(table.one("thead").all("th"))
    for line, row in zip(shown, rows, strict=True):
        for text, raw in zip(line, row, strict=True):
            assert _same(text, raw), f"{path.name} {name}: table {text!r}, CSV {raw!r}"
    numbers = {float(raw) for row in rows for raw in row if _is_number(raw)}
    assert _drawn(figure) <= numbers, f"{path.name} {name}: drawn but not in the table"


def _words_for(figure: Element) -> str:
    pictures = figure.all("img")
    return pictures[0].attributes["alt"] if pictures else figure.one("svg").attributes["aria-label"]


def _same(text: str, raw: str) -> bool:
    if not _is_number(raw):
        return text == raw
    bare = re.sub(r" \[\w\]$", "", text)
    return any(
        formatting.plain(float(raw), unit) == bare for unit in ("people", "fte", "percent", "rate", "gbp")
    )


def _is_number(raw: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", raw))


def _drawn(figure: Element) -> set[float]:
    """Numbers the live chart draws as data: not interval bands, hexagon outlines or positions of labels."""
    spec = json.loads(figure.one("script").own_text[0])
    found: set[float] = set()
    for trace in spec["data"]:
        if trace.get("fill") or trace["mode" if "mode" in trace else "type"] == "text":
            continue
        axis = trace["x"] if trace["type"] == "bar" or "error_x" in trace else trace["y"]
        found |= {float(value) for value in axis if isinstance(value, int | float)}
    return found


def test_hidden_cells_leak_nowhere(built: Built) -> None:
    for path in built.folder.rglob("*"):
        if path.is_file() and not path.name.startswith("plotly-"):
            text = path.read_text(encoding="utf-8")
            assert "777.25" not in text and "777,25" not in text, path.name


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
    again = tmp_path / "again"
    report = build_site(made_inputs.inputs(), again)
    assert _sums(built.folder) == _sums(again)
    assert report.pictures_cached == 0


def test_manifest_holds_the_sum_of_every_file(built: Built) -> None:
    manifest = json.loads((built.folder / "manifest.json").read_text(encoding="utf-8"))
    sums = _sums(built.folder)
    del sums["manifest.json"]
    assert manifest == {"release_id": "2026-11-22-a1b2c3", "files": sums}


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
        assert f"{wording.CONSTANT}: " in _words_for(figure)
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
    assert report.pictures_drawn == 0 and report.pages == 54
    assert any("did not start" in note for note in report.notes)
