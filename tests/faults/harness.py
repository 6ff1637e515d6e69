"""Runs that are killed, and what must hold afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dbt_project.registry import load_feeds
from orchestration.identity import open_store
from orchestration.ingest import Ledger, relation_sql
from orchestration.settings import Settings, load_settings

FAULTS = Path(__file__).resolve().parent
REPOSITORY = FAULTS.parent.parent


@dataclass(frozen=True)
class Ended:
    """How a run ended. ``writes``: how many writes to files below home it began; None when it was killed."""

    killed: bool
    code: int | None
    seconds: float
    writes: int | None
    output: str


class Zygote:
    """The forking process of :mod:`zygote`; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = 0

    def __enter__(self) -> Zygote:
        paths = os.pathsep.join((str(REPOSITORY), str(FAULTS)))
        environment = {**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1", "PHIP_THREADS": "1"}
        self._errors = (self._folder / "zygote.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, str(FAULTS / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
            cwd=REPOSITORY,
        )
        assert self._answer() == "ready\n", (self._folder / "zygote.log").read_text()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._errors.close()

    def phip(self, home: Path, *arguments: object, **order: Any) -> Ended:
        """One command on a home folder, killed as ordered (``after`` seconds, at a ``write``, at a ``step``)."""
        self._runs += 1
        output = self._folder / f"{self._runs}.txt"
        wanted = [*map(str, arguments), "--home", str(home)]
        line = json.dumps({"home": str(home), "output": str(output), "arguments": wanted, **order})
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._answer())
        return Ended(**answer, output=output.read_text(encoding="utf-8"))

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def settings_of(home: Path) -> Settings:
    return load_settings(home=home, landing=home / "landing")


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash, and where links lead."""
    return {
        path.relative_to(folder).as_posix(): (
            str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def figures(home: Path) -> dict[str, str]:
    """The current release's tables as Parquet files, byte for byte: no time and no id is in them."""
    return tree(home / "releases" / "current" / "parquet")


def accepted(home: Path) -> dict[str, object]:
    """Everything taken in, but for times of receipt and the order of entry."""
    with closing(sqlite3.connect(home / "ledger")) as ledger:
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
                rows += duckdb.sql(
                    f"select '{table.name}', count(*), bit_xor(hash(columns(* exclude received_at))) from ({query})"
                ).fetchall()
    with open_store(settings_of(home)) as store:
        people = store.counts()
    return {"files": files, "seen": seen, "versions": versions, "rows": rows, "people": people}


def drafts(home: Path) -> list[str]:
    """What only an unfinished run leaves."""
    patterns = (".*.parquet.*", "*.part", ".current.*", "building.duckdb*", "intake-*", "tmp_*")
    return sorted(
        path.name for pattern in patterns for path in home.rglob(pattern) if ".dbt" not in path.parts
    )


def copy_home(source: Path, target: Path) -> Path:
    """A home of one's own, times of files kept. Released files are linked: nothing writes them."""
    shutil.copytree(source, target, symlinks=True)
    return target
