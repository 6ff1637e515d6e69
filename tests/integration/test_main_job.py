"""The main job as its users meet it: the command line, on a toy nation, with bad files and with good ones."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

PHIP = Path(sys.executable).with_name("phip")


def phip(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [str(PHIP), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=900
    )


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """A home folder of one's own to break."""
    target = tmp_path / "home"
    shutil.copytree(home, target, symlinks=True)
    return target


def test_the_run_says_in_a_few_lines_what_it_did(home: Path) -> None:
    lines = home.with_name("demo.stdout").read_text(encoding="utf-8").strip().splitlines()
    assert lines[0].startswith("Taken in")
    assert any(line.startswith("Published  release") for line in lines)
    assert len(lines) <= 12


def test_the_release_is_complete_and_read_only(home: Path) -> None:
    current = home / "releases" / "current"
    assert {path.name for path in current.iterdir()} >= {
        "site",
        "published.duckdb",
        "csv.zip",
        "parquet",
        "workbook.xlsx",
        "verdict.json",
        "release.json",
        "manifest.json",
    }
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    assert {name: digest for name, digest in tree(current).items() if name != "manifest.json"} == manifest
    assert not [path for path in current.rglob("*") if path.is_file() and path.stat().st_mode & stat.S_IWUSR]


def test_the_figures_of_a_release_can_be_taken_away(home: Path, tmp_path: Path) -> None:
    done = phip("export", "--home", home, "--to", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["files"]) == set(tree(tmp_path / "out"))
    assert {"csv/csv-metadata.json", "parquet/fct_metric_value.parquet", "workbook.xlsx"} <= set(
        told["files"]
    )
    about = (home / "releases" / "current" / "site" / "about.html").read_text(encoding="utf-8")
    assert f"download/phip-{told['release_id']}-workbook.xlsx" in about
    again = phip("export", "--home", home, "--to", tmp_path / "out")
    assert again.returncode == 2
    assert "new or empty" in again.stderr


def test_a_second_run_does_almost_nothing_and_says_so(home: Path) -> None:
    before = tree(home / "releases")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    again = phip("run", "--home", home)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert again.returncode == 0
    assert again.stdout.startswith("Nothing new")
    assert tree(home / "releases") == before
    # not a benchmark: only that the frameworks were not imported
    assert spent.ru_utime - used.ru_utime < 10


def test_no_identifier_leaves_the_restricted_folders(home: Path) -> None:
    with duckdb.connect() as connection:
        register = next((home / "landing" / "gphc_register").glob("*.csv"))
        numbers = connection.execute(
            'select distinct "GPhC number" from read_csv(?, all_varchar = true) limit 200', [str(register)]
        ).fetchall()
    assert numbers
    # as a number of its own: seven digits may stand by chance inside a longer one
    needle = re.compile(
        rb"(?<![0-9])(" + b"|".join(number.encode() for (number,) in numbers) + rb")(?![0-9])"
    )
    open_folders = [home / name for name in ("releases", "warehouse", "ledger")]
    files = [
        path for folder in open_folders for path in ([folder] if folder.is_file() else folder.rglob("*"))
    ]
    for path in files:
        if path.is_file() and path.suffix not in {".png"}:
            assert needle.search(path.read_bytes()) is None, path.name
    for path in (home / "raw").rglob("*.parquet"):
        with duckdb.connect() as connection:
            names = {row[0] for row in connection.execute(f"describe from read_parquet('{path}')").fetchall()}
        assert not names & {"gphc_number", "surname", "forename", "date_of_birth", "email", "learner_id"}
    for name in ("identity", "quarantine"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o700


def test_the_published_tables_hold_no_small_count(home: Path) -> None:
    with duckdb.connect(str(home / "releases/current/published.duckdb"), read_only=True) as connection:
        small = connection.execute(
            "select count(*) from fct_metric_value where metric_id = 'new_independent_prescribers' "
            "and org_level <> 'england' and (value between 0 and 7 or value % 5 <> 0)"
        ).fetchone()
        masked = connection.execute(
            "select count(*), count(value), count(numerator) from fct_metric_value where suppressed"
        ).fetchone()
    assert small == (0,)
    assert masked is not None
    assert masked[0] > 0
    assert masked[1:] == (0, 0)


BAD_FILES: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("spend/empty.csv", b"", "empty"),
    "a PDF named csv": ("spend/return.csv", b"%PDF-1.7\n1 0 obj\n", "PDF"),
    "an HTML error page": ("spend/page.csv", b"<!DOCTYPE html><html><body>502</body></html>", "HTML"),
    "a workbook cut short": ("spend/cut.xlsx", b"PK\x03\x04" + b"\x00" * 60, "cut.xlsx"),
    "a missing column": ("spend/short.csv", b"Financial year,Strand\n2024/25,Supervisors\n", "Published on"),
}


def test_every_bad_file_gets_one_clear_line_and_changes_nothing(copy: Path) -> None:
    """All in one run: each is refused for what it is, whatever lies beside it."""
    landing = copy / "landing"
    for name, content, _ in BAD_FILES.values():
        (landing / name).write_bytes(content)
    before = tree(copy / "releases")
    done = phip("run", "--home", copy)
    assert done.returncode == 1
    for name, content, word in BAD_FILES.values():
        refused = [line for line in done.stdout.splitlines() if line.startswith("Refused    " + name)]
        assert len(refused) == 1, done.stdout
        assert word.lower() in refused[0].lower()
        assert (landing / name).read_bytes() == content
    assert tree(copy / "releases") == before


def test_a_file_for_another_feed_is_refused_by_name(copy: Path) -> None:
    stray = next((copy / "landing" / "gphc_register").glob("*.csv"))
    done = phip("check", stray, "--feed", "spend", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["outcome"] == "refused"
    assert "gphc_register" in told["message"]


def test_wrong_usage_is_said_in_one_line(tmp_path: Path) -> None:
    for arguments, word in (
        (("run", "--home", tmp_path / "h", "--landing", tmp_path / "nowhere"), "nowhere"),
        (("check", tmp_path / "nothing.csv"), "nothing.csv"),
        (("template", "no_such_feed"), "provider_return"),
        (("metric", "no_such_metric", "--home", tmp_path / "h"), "new_independent_prescribers"),
        (("frobnicate",), "frobnicate"),
    ):
        done = phip(*arguments)
        assert done.returncode == 2, arguments
        assert word in done.stderr + done.stdout, arguments
        assert "Traceback" not in done.stderr


def test_asking_before_anything_is_published_is_refused(tmp_path: Path) -> None:
    for command in (
        ("metric", "spend_against_ceiling"),
        ("verdict",),
        ("explain", "spend_against_ceiling"),
        ("serve",),
    ):
        done = phip(*command, "--home", tmp_path / "h")
        assert done.returncode == 1, (command, done.stderr)
        assert "phip demo" in done.stderr


def test_the_verdict_says_where_rows_held_back_lie(home: Path, tmp_path: Path) -> None:
    assert json.loads(phip("verdict", "--json", "--home", home).stdout)["held_back"] == {}
    shutil.copy(home / "ledger", tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger")) as ledger, ledger:
        ledger.execute("update file set rows_quarantined = 3 where feed = 'spend'")
        (files,) = ledger.execute("select count(*) from file where feed = 'spend'").fetchone()
    done = phip("verdict", "--home", tmp_path)
    assert f"Rows held back: {3 * files} in {tmp_path / 'quarantine' / 'spend'}" in done.stdout


def test_metric_and_explain_answer_from_the_release(home: Path) -> None:
    values = phip("metric", "pcn_pharmacists_headcount", "--by", "region", "--format", "json", "--home", home)
    assert values.returncode == 0, values.stderr
    rows: list[dict[str, Any]] = json.loads(values.stdout)
    assert {row["org_code"] for row in rows} == {"Y56", "Y58", "Y59", "Y60", "Y61", "Y62", "Y63"}
    explained = phip(
        "explain", "new_independent_prescribers", "--org", "ENG", "--period", "all", "--json", "--home", home
    )
    told = json.loads(explained.stdout)
    assert told["definition"]
    assert "int_measure_annotation" in told["models"]
    assert {item["feed"] for item in told["inputs"]} >= {"gphc_register"}
    assert all(len(item["sha256"]) == 64 for item in told["inputs"])


def test_every_look_at_exact_values_is_written_down(copy: Path) -> None:
    phip("metric", "new_independent_prescribers", "--by", "pcn", "--exact", "--home", copy)
    entry = json.loads((copy / "audit.log").read_text(encoding="utf-8").splitlines()[-1])
    assert (entry["action"], entry["facts"]["metric"]) == ("exact_query", "new_independent_prescribers")


def test_there_is_a_template_where_somebody_fills_one_in(tmp_path: Path) -> None:
    done = phip("template", "spend", "-o", tmp_path / "spend.xlsx")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "spend.xlsx").stat().st_size > 0
    done = phip("template", "ods_practice", "-o", tmp_path / "practices.xlsx")
    assert done.returncode == 2
    assert "published files" in done.stderr  # they come as they are: nobody fills one in
