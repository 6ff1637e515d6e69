"""The CSV archive: metadata by the rules of the W3C, every row as published, no formula, no withheld number."""

from __future__ import annotations

import copy
import csv
import json
import math
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import made_release
import pytest
from csvw_rules import problems, rows
from exported_release import Exported

from dashboards.inert import inert, original
from dbt_project.registry.published_tables import load_published_tables

FORMULA = ("=", "+", "-", "@", "\t", "\r")
# files of tables that are not figures of metrics by place and period
NO_FIGURES = ("dim_", "symbol", *load_published_tables())
FIGURES = ("value", "numerator", "denominator", "lower_95", "upper_95")


@pytest.fixture(scope="module")
def metadata(exported: Exported) -> dict[str, Any]:
    return json.loads((exported.csv / "csv-metadata.json").read_text(encoding="utf-8"))


def test_the_metadata_and_the_files_keep_the_rules(exported: Exported, metadata: dict[str, Any]) -> None:
    assert problems(metadata, exported.csv) == []


def test_every_file_is_described_and_every_description_has_a_file(
    exported: Exported, metadata: dict[str, Any]
) -> None:
    described = {table["url"] for table in metadata["tables"]}
    assert described == {path.name for path in exported.csv.glob("*.csv")}
    undescribed = [
        (table["url"], column["name"])
        for table in metadata["tables"]
        for column in table["tableSchema"]["columns"]
        if not column.get("dc:description")
    ]
    assert undescribed == []


def test_figures_refer_to_their_definition_and_their_organisation(metadata: dict[str, Any]) -> None:
    for table in metadata["tables"]:
        if not table["url"].startswith(NO_FIGURES):
            found = {key["reference"]["resource"] for key in table["tableSchema"]["foreignKeys"]}
            assert found == {"dim_metric.csv", "dim_organisation.csv"}, table["url"]


def test_time_licence_and_release_are_those_of_the_release(metadata: dict[str, Any]) -> None:
    assert metadata["dc:modified"] == {"@value": "2026-07-09T08:30:14Z", "@type": "xsd:dateTime"}
    assert metadata["dc:identifier"] == made_release.RELEASE_ID
    assert metadata["dc:license"]["@id"].startswith("https://www.nationalarchives.gov.uk/")
    assert metadata["dc:description"].startswith("Demonstration data: generated, not real.")


@pytest.mark.parametrize(
    ("break_it", "word"),
    [
        (lambda group: group.update({"@context": "http://example.test"}), "@context"),
        (lambda group: group["tables"][1].update(licence="x"), "licence"),
        (lambda group: group["tables"][1].update(url="other.csv"), "other.csv"),
        (
            lambda group: group["tables"][1]["tableSchema"]["columns"][0].update(datatype="text"),
            "datatype text",
        ),
        (lambda group: group["tables"][1]["tableSchema"]["columns"][0].update(titles="x"), "titles"),
        (lambda group: group["tables"][1]["tableSchema"].update(primaryKey=["x"]), "not there"),
        (lambda group: group["tables"][1]["tableSchema"].update(primaryKey=["unit"]), "same primary key"),
    ],
)
def test_the_rules_notice_what_is_broken(
    exported: Exported, metadata: dict[str, Any], break_it: Any, word: str
) -> None:
    broken = copy.deepcopy(metadata)
    broken["tables"] = [
        table for table in broken["tables"] if table["url"].startswith(("symbol", "dim_metric"))
    ]
    assert problems(broken, exported.csv) == []
    break_it(broken)
    assert any(word in problem for problem in problems(broken, exported.csv))


def test_every_row_comes_back_as_published(exported: Exported, metadata: dict[str, Any]) -> None:
    """Exhaustive: each file read by its own metadata, all files of a table together, against the database."""
    read: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for table in metadata["tables"]:
        name = _table_of(table["url"])
        for row in rows(table, exported.csv):
            read[name].append(
                tuple(original(cell) if isinstance(cell, str) else cell for cell in row.values())
            )
    del read["symbol"]
    with duckdb.connect(str(exported.database), read_only=True) as connection:
        published = {
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            ).fetchall()
        }
        assert set(read) == published
        for name, found in read.items():
            # a text without characters is published as nothing
            expected = [
                tuple(None if cell == "" else cell for cell in row)
                for row in connection.execute(f"from marts.{name}").fetchall()
            ]
            assert sorted(found, key=repr) == sorted(expected, key=repr), name


def _table_of(url: str) -> str:
    stem = url.removesuffix(".csv")
    if stem.startswith(NO_FIGURES):
        return stem
    _metric_id, _, kind = stem.partition("-")
    return f"fct_metric_{kind or 'value'}"


def test_withheld_figures_are_empty_and_say_so(exported: Exported, metadata: dict[str, Any]) -> None:
    withheld = 0
    for table in metadata["tables"]:
        if table["url"].startswith(NO_FIGURES):
            continue
        for row in rows(table, exported.csv):
            if row.get("suppressed"):
                withheld += 1
                assert row["symbol"] == "c"
                assert all(row[name] is None for name in FIGURES)
            if row["value"] is None:
                assert row["symbol"], (table["url"], "an empty value without a reason")
    assert withheld > 100


def test_no_text_begins_like_a_formula(exported: Exported, metadata: dict[str, Any]) -> None:
    dangerous = 0
    for table in metadata["tables"]:
        texts = [column.get("datatype") == "string" for column in table["tableSchema"]["columns"]]
        with (exported.csv / table["url"]).open(encoding="utf-8", newline="") as handle:
            for cells in csv.reader(handle):
                for is_text, cell in zip(texts, cells, strict=True):
                    assert not (is_text and cell.startswith(FORMULA)), table["url"]
                    dangerous += cell.startswith("'")
    assert dangerous >= len(made_release.TRICKY)


@pytest.mark.parametrize("text", [*made_release.TRICKY.values(), "", "plain", "''", "\n=1", "'=1"])
def test_harmless_text_can_be_made_original_again(text: str) -> None:
    assert original(inert(text)) == text
    assert not inert(text).startswith(FORMULA)


def test_numbers_are_written_so_that_nothing_is_lost(exported: Exported, metadata: dict[str, Any]) -> None:
    """Whole numbers have no point, others as many digits as they need."""
    table = next(table for table in metadata["tables"] if table["url"] == "completion_18_months.csv")
    at = [column["name"] for column in table["tableSchema"]["columns"]]
    with (exported.csv / table["url"]).open(encoding="utf-8", newline="") as handle:
        found = list(csv.reader(handle))[1:]
    numerators = {row[at.index("numerator")] for row in found} - {""}
    assert numerators
    assert all(text.isdigit() for text in numerators)
    parts = [
        (row[at.index("numerator")], row[at.index("denominator")], row[at.index("value")]) for row in found
    ]
    whole = [part for part in parts if all(part)]
    assert whole
    assert all(math.isclose(100 * float(n) / float(d), float(v), rel_tol=1e-15) for n, d, v in whole)


def test_the_archive_says_what_it_is_and_carries_the_time_of_the_release(exported: Exported) -> None:
    with zipfile.ZipFile(exported.archive) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 7, 9, 8, 30, 14)}
        assert archive.namelist()[:2] == ["README.txt", "csv-metadata.json"]
        readme = archive.read("README.txt").decode("utf-8")
    assert made_release.RELEASE_ID in readme
    assert "Demonstration data" in readme


def test_a_withheld_figure_with_a_number_stops_the_export(exported: Exported, tmp_path: Path) -> None:
    from dashboards.export import write_exports
    from dashboards.inputs import InputError

    leaking = tmp_path / "leaking.duckdb"
    leaking.write_bytes(exported.database.read_bytes())
    with duckdb.connect(str(leaking)) as connection:
        connection.execute(
            "update main.fct_metric_value set numerator = 3 where rowid = "
            "(select min(rowid) from main.fct_metric_value where suppressed)"
        )
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InputError, match="fct_metric_value: 1 withheld"):
        write_exports(leaking, out)
    assert list(out.iterdir()) == []
