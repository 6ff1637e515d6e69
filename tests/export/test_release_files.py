"""Parquet, bytes that repeat, the links of the site, and the copy for evaluators."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import made_release
import openpyxl
import pyarrow.parquet as pq
import pytest
from csvw_rules import problems
from exported_release import Exported

from dashboards import SiteInputs, build_site, wording
from dashboards.downloads import Download
from dashboards.export import write_exports
from dbt_project.registry import load_metrics
from orchestration import answers, audit, exporting
from orchestration.builds import Build, save
from orchestration.exact_copy import write_exact
from orchestration.settings import Settings


def sums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_parquet_holds_every_published_row_in_a_stable_order(exported: Exported) -> None:
    with duckdb.connect(str(exported.database), read_only=True) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts' order by all"
            ).fetchall()
        ]
        assert [path.stem for path in sorted(exported.parquet.iterdir())] == tables
        for name in tables:
            source = f"read_parquet('{exported.parquet / name}.parquet')"
            assert connection.execute(f"describe from {source}").fetchall() == [
                (column, kind, "YES", None, None, None)
                for column, kind, *_ in connection.execute(f"describe marts.{name}").fetchall()
            ]
            for one, other in ((source, f"marts.{name}"), (f"marts.{name}", source)):
                lost = connection.execute(
                    f"select count(*) from (from {one} except all from {other})"
                ).fetchone()
                assert lost == (0,), name


def test_figures_under_another_assumption_are_published_of_public_measures_alone(exported: Exported) -> None:
    """Nothing masks them, so those of measures that need masking stay inside."""
    with duckdb.connect(str(exported.build), read_only=True) as connection:
        inside = connection.execute("select distinct metric_id from marts.fct_metric_sensitivity").fetchall()
    with duckdb.connect(str(exported.database), read_only=True) as connection:
        outside = connection.execute("select distinct metric_id from marts.fct_metric_sensitivity").fetchall()
    classes = {key: metric.disclosure_class for key, metric in load_metrics().items()}
    assert {"A", "B"} <= {classes[key] for (key,) in inside}
    assert set(outside) == {(key,) for (key,) in inside if classes[key] == "A"}


def test_parquet_is_compressed_and_names_its_release(exported: Exported) -> None:
    file = pq.ParquetFile(exported.parquet / "fct_metric_value.parquet")
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    said = {key.decode(): text.decode() for key, text in file.metadata.metadata.items()}
    assert said["release"] == made_release.RELEASE_ID
    assert said["notice"] == "Demonstration data: generated, not real."


def test_the_same_release_gives_the_same_bytes(exported: Exported, tmp_path: Path) -> None:
    """From a copy elsewhere, in another process's folder, a second time."""
    database = tmp_path / "elsewhere" / "copy.duckdb"
    database.parent.mkdir()
    shutil.copyfile(exported.database, database)
    out = tmp_path / "again"
    out.mkdir()
    write_exports(database, out)
    assert sums(out) == sums(exported.folder)


def test_an_override_and_a_picture_of_the_past_are_said_in_every_file(
    exported: Exported, tmp_path: Path
) -> None:
    database, out = tmp_path / "published.duckdb", tmp_path / "out"
    database.write_bytes(exported.database.read_bytes())
    with duckdb.connect(str(database)) as connection:
        connection.execute("update release_info set gate_status = 'overridden', demonstration = false")
        connection.execute("alter table release_info alter override_reason type varchar")
        connection.execute("update release_info set override_reason = 'A. N. Owner: late'")
        connection.execute("alter table release_info add column as_at date")
        connection.execute("update release_info set as_at = date '2025-11-30'")
    out.mkdir()
    write_exports(database, out)
    said = pq.read_schema(out / "parquet" / "dim_metric.parquet").metadata[b"notice"].decode()
    lines = [
        "Published although checks failed, because: A. N. Owner: late.",
        f"{wording.AS_AT} 30 November 2025.",
    ]
    assert all(line in said for line in lines)
    for name, part in (
        ("csv.zip", "csv-metadata.json"),
        ("csv.zip", "README.txt"),
        ("workbook.xlsx", "xl/worksheets/sheet1.xml"),
    ):
        with zipfile.ZipFile(out / name) as archive:
            text = archive.read(part).decode("utf-8")
        assert all(line in text for line in lines), part
        assert "Demonstration" not in text, part


def test_a_new_table_and_a_new_kind_of_figure_are_exported_without_a_word_of_code(
    exported: Exported, tmp_path: Path
) -> None:
    database, out = tmp_path / "published.duckdb", tmp_path / "out"
    database.write_bytes(exported.database.read_bytes())
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "create table main.dim_invented as select 'a' as code, '=1' as text, 1.5::decimal(9, 2) as d"
        )
        connection.execute("create view marts.dim_invented as from main.dim_invented")
        connection.execute(
            "create or replace table main.fct_metric_sensitivity as select metric_id, org_level, org_code, strand, "
            "sector, period_start, period_grain, geography, variant, value, numerator, denominator "
            "from main.fct_metric_value "
            "cross join (values ('constant_reporters'), ('linkage_strict')) as variants(variant) "
            "where metric_id = 'attrition' and org_level = 'england'"
        )
        connection.execute(
            "create or replace view marts.fct_metric_sensitivity as from main.fct_metric_sensitivity"
        )
        rows = connection.execute("select count(*) from main.fct_metric_sensitivity").fetchone()
    out.mkdir()
    write_exports(database, out)
    with zipfile.ZipFile(out / "csv.zip") as archive:
        archive.extractall(tmp_path / "csv")
    described = json.loads((tmp_path / "csv" / "csv-metadata.json").read_text(encoding="utf-8"))
    assert problems(described, tmp_path / "csv") == []
    assert (tmp_path / "csv" / "dim_invented.csv").read_text(encoding="utf-8") == "code,text,d\na,'=1,1.50\n"
    (sensitivity,) = [table for table in described["tables"] if table["url"] == "attrition-sensitivity.csv"]
    assert sensitivity["tableSchema"]["primaryKey"][-1] == "variant"
    assert rows is not None
    assert (
        len((tmp_path / "csv" / "attrition-sensitivity.csv").read_text(encoding="utf-8").splitlines())
        == rows[0] + 1
    )
    assert (out / "parquet" / "fct_metric_sensitivity.parquet").exists()
    sheet = openpyxl.load_workbook(out / "workbook.xlsx")["10 Withdrawal, sensitivity"]
    (table,) = sheet.tables.values()
    variant = [column.name for column in table.tableColumns].index("Variant")
    shown = {row[variant].value for row in sheet[table.ref]}
    assert shown == {"Variant", "Constant reporters", "Linkage strict"}


def test_the_site_offers_every_file_and_keeps_its_bytes(exported: Exported, tmp_path: Path) -> None:
    files = tuple(
        Download(path, f"File {path.name}") for path in sorted(exported.folder.rglob("*")) if path.is_file()
    )
    inputs = SiteInputs.from_published(exported.database, downloads=files)
    build_site(inputs, tmp_path / "site", pictures=False)
    manifest = json.loads((tmp_path / "site" / "manifest.json").read_text(encoding="utf-8"))["files"]
    for page in ("about.html", "definitions.html"):
        html = (tmp_path / "site" / page).read_text(encoding="utf-8")
        assert "Download all figures" in html
        linked = set(re.findall(r'href="(download/[^"]+)"', html))
        assert linked == {f"download/phip-{made_release.RELEASE_ID}-{file.path.name}" for file in files}
        for target in linked:
            content = (tmp_path / "site" / target).read_bytes()
            assert manifest[target] == hashlib.sha256(content).hexdigest()
            assert content in {file.path.read_bytes() for file in files}


def test_a_site_without_downloads_says_nothing_of_them(exported: Exported, tmp_path: Path) -> None:
    build_site(SiteInputs.from_published(exported.database), tmp_path / "site", pictures=False)
    assert "Download all figures" not in (tmp_path / "site" / "about.html").read_text(encoding="utf-8")


@pytest.fixture
def home(exported: Exported, tmp_path: Path) -> Settings:
    """A home folder with one build."""
    settings = Settings(tmp_path / "home", tmp_path / "home" / "landing").prepare()
    build = Build("000001-abc", "f" * 64, "c" * 64, made_release.DATA_TO, (), ())
    shutil.copyfile(exported.build, build.path(settings))
    save(settings, build)
    return settings


def test_the_exact_copy_holds_the_marts_and_nothing_else(home: Settings, tmp_path: Path) -> None:
    told = answers.export(home, tmp_path / "exact", exact=True)
    (copy,) = (tmp_path / "exact").glob("*.duckdb")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o440
    build = home.warehouse / "000001-abc.duckdb"
    with duckdb.connect(str(copy), read_only=True) as connection:
        connection.execute(f"attach '{build}' as wh (read_only)")
        marts = connection.execute(
            "select table_name from information_schema.tables where table_catalog = 'wh' and table_schema = 'marts'"
        ).fetchall()
        for (name,) in marts:
            lost = connection.execute(
                f"select count(*) from (from wh.marts.{name} except all from marts.{name})"
            ).fetchone()
            assert lost == (0,), name
        tables = connection.execute(
            "select table_name from information_schema.tables where table_catalog <> 'wh' and table_schema = 'main'"
        ).fetchall()
        assert {name for (name,) in tables} == {name for (name,) in marts} | {"build_info"}
        views = connection.execute(
            "select sql from duckdb_views() where not internal and database_name <> 'wh'"
        )
        assert not [sql for (sql,) in views.fetchall() if "read_" in sql or "wh." in sql]
        small = connection.execute(
            "select count(*) from fct_metric_value where numerator between 1 and 7"
        ).fetchone()
    assert small is not None
    assert small[0] > 0, "exact means exact"
    assert b"secret_count" not in copy.read_bytes()
    assert "not for publication" in (tmp_path / "exact" / exporting.NOTICE).read_text(encoding="utf-8")
    assert told.as_dict()["build_id"] == "000001-abc"


def test_every_exact_export_is_written_down(home: Settings, tmp_path: Path) -> None:
    answers.export(home, tmp_path / "exact", exact=True)
    (entry,) = audit.read(home)
    assert (entry.action, entry.facts) == ("export", {"what": "exact", "build_id": "000001-abc"})


def test_an_export_writes_over_nothing(home: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(answers.UsageProblem, match="new or empty"):
        answers.export(home, tmp_path, exact=True)
    copy = tmp_path / "exact.duckdb"
    copy.write_bytes(b"")
    with pytest.raises(FileExistsError):
        write_exact(home.warehouse / "000001-abc.duckdb", copy, home.duckdb_config)
    assert copy.read_bytes() == b""


def test_before_anything_is_published_an_export_is_refused(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(answers.DataRefused, match="nothing has been published"):
        answers.export(home, tmp_path / "out", exact=False)
    assert not (tmp_path / "out").exists()
    empty = replace(home, home=tmp_path / "empty")
    with pytest.raises(answers.DataRefused):
        answers.export(empty.prepare(), tmp_path / "out", exact=True)
    assert audit.read(empty) == ()


def test_the_export_of_a_release_is_its_files(home: Settings, exported: Exported, tmp_path: Path) -> None:
    release = home.releases / made_release.RELEASE_ID
    shutil.copytree(exported.folder, release)
    shutil.copyfile(exported.database, release / "published.duckdb")
    record = {
        "release_id": made_release.RELEASE_ID,
        "build_id": "000001-abc",
        "verdict_id": "v",
        "inputs_hash": "f",
        "code_version": "c",
        "published_at": made_release.PUBLISHED_AT.isoformat(),
        "data_to": made_release.DATA_TO.isoformat(),
        "gate_status": "passed",
        "withheld_cells": 0,
        "pages": 0,
        "figures": 0,
        "notes": [],
    }
    (release / "release.json").write_text(json.dumps(record), encoding="utf-8")
    (home.releases / "current").symlink_to(made_release.RELEASE_ID)
    answers.export(home, tmp_path / "out", exact=False)
    copied = sums(tmp_path / "out")
    kept = {name: digest for name, digest in sums(release).items() if name not in ("release.json", "csv.zip")}
    assert kept.items() <= copied.items()
    assert {name: digest for name, digest in copied.items() if name.startswith("csv/")} == {
        f"csv/{name}": digest for name, digest in sums(exported.csv).items()
    }
    assert len(copied) == len(kept) + len(sums(exported.csv))
    (entry,) = audit.read(home)
    assert entry.facts == {"what": "published", "release_id": made_release.RELEASE_ID}
