"""Analyses in the exports: nothing of what was refused, nothing that nobody described, in every kind of file."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from exported_release import Exported

from dashboards.export import write_exports
from dashboards.inputs import InputError
from dbt_project.registry.errors import RegistryError
from dbt_project.registry.published_tables import load_published_tables
from orchestration.offered import offer

ESTIMATES = ("fct_impact_estimate", "fct_impact_balance")
SILENT = ("made_refused", "made_waiting")


def test_no_kind_of_file_has_an_estimate_of_a_refused_analysis(exported: Exported) -> None:
    book = openpyxl.load_workbook(exported.workbook)
    sheets = {next(iter(sheet.tables), ""): sheet for sheet in book.worksheets}
    for name in ESTIMATES:
        held = [
            pd.read_parquet(exported.parquet / f"{name}.parquet").to_csv(),
            (exported.csv / f"{name}.csv").read_text(encoding="utf-8"),
            str(list(sheets[name].values)),
        ]
        assert all("made_shown" in text for text in held), name
        assert not any(silent in text for text in held for silent in SILENT), name
    analyses = pd.read_parquet(exported.parquet / "dim_analysis.parquet").set_index("analysis_id")
    assert set(analyses.index) == {"made_shown", *SILENT}
    assert analyses.loc[list(SILENT), ["adopters", "others"]].isna().all(axis=None)


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("analysis", [*SILENT, "made_unheard_of"])
def test_an_estimate_that_may_not_leave_stops_the_export(
    exported: Exported, tmp_path: Path, name: str, analysis: str
) -> None:
    leaking, out = tmp_path / "leaking.duckdb", tmp_path / "out"
    shutil.copyfile(exported.database, leaking)
    with duckdb.connect(str(leaking)) as connection:
        connection.execute(f"insert into main.{name} by name select '{analysis}' as analysis_id")
    out.mkdir()
    with pytest.raises(InputError, match=f"{name}: 1 rows of analyses that may not be shown"):
        write_exports(leaking, out)
    assert list(out.iterdir()) == []


def test_a_column_that_nobody_described_stops_the_release(exported: Exported, tmp_path: Path) -> None:
    database = tmp_path / "published.duckdb"
    shutil.copyfile(exported.database, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop schema marts cascade")
        connection.execute("create schema marts")
        connection.execute("alter table main.dim_analysis add column salary double")
    with pytest.raises(ValueError, match=r"dim_analysis: columns not as .* has them: salary"):
        offer(database)


def test_a_key_that_is_not_known_fails_at_load(tmp_path: Path) -> None:
    path = tmp_path / "published_tables.yml"
    path.write_text(
        "tables:\n- {name: t, description: d, title: t, question: q, grain: g, colums: []}\n",
        encoding="utf-8",
    )
    with pytest.raises(RegistryError, match=r"published_tables\.yml: tables\.0\.colums"):
        load_published_tables(path)
