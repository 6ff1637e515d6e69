"""A run that is killed loses nothing: the next one ends with the same ledger and the same raw files."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from intake_files import event_row, events, register

from dbt_project.registry import load_feeds
from orchestration.identity import open_store
from orchestration.ingest import Ledger, ingest_all, relation_sql
from orchestration.settings import Secret, Settings

RUN = """
import sys
from pathlib import Path
from orchestration.ingest import ingest_all
from orchestration.settings import Secret, Settings
home = Path(sys.argv[1])
ingest_all(Settings(home=home, landing=Path(sys.argv[2]), threads=1, key_given=Secret(b"k" * 32)))
"""
KILLS = 6


def settings(home: Path, landing: Path) -> Settings:
    return Settings(home=home, landing=landing, threads=1, key_given=Secret(b"k" * 32))


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landing")
    (folder / "provider_return").mkdir()
    (folder / "gphc_register").mkdir()
    (folder / "spend").mkdir()
    people = [
        (f"{2000000 + n}", f"Surname-{chr(97 + n % 26)}", f"F{n}", f"19{60 + n % 40}-01-01")
        for n in range(5000)
    ]
    for quarter in range(4):
        snapshot = f"2025-{3 * quarter + 1:02}-01"
        (folder / "gphc_register" / f"{snapshot}.csv").write_text(register(snapshot, *people))
    for number in range(40):
        rows = [
            event_row(
                **{"Learner ID": f"L{n}", "GPhC number": f"{2000000 + n}", "Provider code": f"HEI{number:02}"}
            )
            for n in range(200)
        ]
        bad = event_row(**{"Event date": "soon", "Provider code": f"HEI{number:02}"})
        (folder / "provider_return" / f"{number}.csv").write_text(events(*rows, bad))
    (folder / "spend" / "wrong.csv").write_text("apples,pears\n1,2\n")
    return folder


def state(home: Path, landing: Path) -> tuple[object, ...]:
    """Everything a run leaves, but for times of receipt and the order of entry."""
    with sqlite3.connect(home / "ledger") as ledger:
        files = ledger.execute(
            "select sha256, feed, tables, path, outcome, code, message, rows_accepted, rows_quarantined, reported_at "
            "from file order by sha256"
        ).fetchall()
        seen = ledger.execute("select path, size, sha256 from seen order by path").fetchall()
        versions = ledger.execute(
            "select table_name, return_key, sha256, reported_at, row_count from return_version order by 1, 2, 3"
        ).fetchall()
    rows: list[object] = []
    with Ledger(home / "ledger") as ledger:
        for feed in load_feeds().values():
            for table in feed.tables:
                query = relation_sql(ledger, home, feed, table)
                rows.append(
                    duckdb.sql(
                        f"select count(*), bit_xor(hash(columns(* exclude received_at))) from ({query})"
                    ).fetchall()
                )
    with open_store(settings(home, landing)) as store:
        people = store.counts()
    left_over = [path.name for path in home.rglob(".*") if path.name != ".intake.lock"]
    return files, seen, versions, rows, people, left_over


@pytest.mark.slow
def test_killed_anywhere_the_next_run_completes_it(landing: Path, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    start = time.perf_counter()
    ingest_all(settings(undisturbed, landing))
    seconds = time.perf_counter() - start
    expected = state(undisturbed, landing)
    home = tmp_path / "killed"
    random.seed(7)
    killed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(home), str(landing)],
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=0.8 + random.random() * seconds / 2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed, "no run was slow enough to be killed"
    ingest_all(settings(home, landing))
    assert state(home, landing) == expected
    assert ingest_all(settings(home, landing)).files == ()
