"""A whole toy nation: the figures after a change of key are those before; after an erasure they lack one person."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration import builds
from orchestration.identity.keys import gphc_person_key
from orchestration.identity.store import open_store
from orchestration.settings import Settings

pytestmark = pytest.mark.slow

DECIDED = ("--by", "A. Manager", "--why", "a test")
# what is made of pseudonyms differs by design
HASHED = ("event_id", "enrolment_id", "unit_key")


def phip(home: Path, *arguments: str, typed: str = "") -> str:
    program = "from orchestration.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, "--home", str(home)],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    # 1: the toy has files that are refused on purpose
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def marts(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    build = builds.newest(settings)
    assert build is not None
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"attach '{build.path(settings)}' as wh (read_only)")
        tables = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() "
            "where database_name = 'wh' and schema_name = 'marts' group by all"
        ).fetchall()
        found: dict[str, list[tuple[object, ...]]] = {}
        for table, columns in tables:
            plain = [name for name in columns if not name.endswith("_key") and name not in HASHED]
            found[table] = connection.execute(
                f"select {', '.join(plain)} from wh.marts.{table} order by all"
            ).fetchall()
    return found


def test_figures_before_and_after(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = Settings(home=home, landing=home / "landing")
    phip(home, "demo", "--size", "0.005")
    before = marts(settings)
    assert len(before["fct_metric_value"]) > 100_000

    phip(home, "keys", "rotate", *DECIDED)
    assert builds.newest(settings) is None
    phip(home, "run")
    assert marts(settings) == before

    with duckdb.connect(str(home / "identity" / "identity.duckdb"), read_only=True) as connection:
        numbers = connection.execute(
            "select gphc_number from record where gphc_valid and regexp_full_match(gphc_number, '[0-9]{7}') "
            "group by all having count(distinct feed) > 1 order by all limit 1"
        ).fetchall()
    number = str(numbers[0][0])
    told = json.loads(phip(home, "erase", *DECIDED, "--json", typed=number))
    assert told["raw_rows"] > 1
    assert "published" in phip(home, "run").lower()
    after = marts(settings)
    assert len(after["dim_person"]) == len(before["dim_person"]) - 1
    assert len(after["fct_metric_value"]) == len(before["fct_metric_value"])
    assert set(after["fct_event"]) < set(before["fct_event"])
    key = gphc_person_key(settings.identity_key(), number)
    with open_store(settings) as store:
        assert key in store.erased()
    build = builds.newest(settings)
    assert build is not None
    assert key.encode() not in build.path(settings).read_bytes()
    assert json.loads(phip(home, "audit", "--json"))["whole"]
