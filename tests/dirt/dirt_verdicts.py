"""The catalogue landed and taken in one run, and each file checked by itself as a supplier would."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from dirt_catalogue import KINDS
from dirt_kind import PLACE, Kind, land
from pytest import MonkeyPatch

from orchestration import answers
from orchestration.ingest import FileReport, ingest_all
from orchestration.ingest.printable import printable
from orchestration.readers.child import ReaderChild
from orchestration.settings import Settings

CHILD_MEMORY = 2 * 1024**3
"""Address space of the process that reads: far below what a hostile file asks for."""


@dataclass(frozen=True)
class Intake:
    """What a run said and wrote."""

    settings: Settings
    paths: dict[str, Path]  # the file of each kind
    reports: dict[str, FileReport]
    everything_said: str  # logs, standard output and error, reports as JSON
    clock: int


@dataclass(frozen=True)
class Checked:
    """What a check said of one file: to a person, and to a machine."""

    lines: str
    answer: dict[str, Any]


@contextlib.contextmanager
def one_reader() -> Generator[ReaderChild]:
    """Let intake and checks share one child process instead of starting one for each file."""
    with ReaderChild(memory_bytes=CHILD_MEMORY) as reader, MonkeyPatch.context() as patch:
        shared = contextlib.nullcontext(reader)
        patch.setattr("orchestration.ingest.run.ReaderChild", lambda: shared)
        patch.setattr("orchestration.ingest.check.ReaderChild", lambda: shared)
        yield reader


def take(home: Path) -> Intake:
    """Land and take every kind."""
    settings = Settings(home=home, landing=home / "landing", memory_limit="1GB", threads=2).prepare()
    paths: dict[str, Path] = {}
    clock = 1_700_000_000
    for kind in KINDS:
        paths[kind.name], clock = land(kind, settings.landing, clock)
    said = io.StringIO()
    with _heard(said):
        done = ingest_all(settings, now=datetime.now())
    said.writelines(f"{json.dumps(report.to_dict(), ensure_ascii=False)}\n" for report in done.files)
    by_name = {report.name: report for report in done.files}
    found = {kind.name: _report(paths[kind.name], by_name, settings.landing) for kind in KINDS}
    reports = {name: report for name, report in found.items() if report is not None}
    return Intake(settings, paths, reports, said.getvalue(), clock)


def check(kind: Kind, path: Path) -> Checked:
    """The check of one file through what the command line calls."""
    feed = kind.feed if kind.name != "no_such_folder" else "provider_return"
    told = answers.check(path, feed)
    return Checked("\n".join(told.lines()), told.as_dict())


@contextlib.contextmanager
def _heard(said: io.StringIO) -> Generator[None]:
    handler = logging.StreamHandler(said)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _report(path: Path, reports: Mapping[str, FileReport], landing: Path) -> FileReport | None:
    """The report on the file of a kind, not on those that came before it."""
    return reports.get(printable(str(path.relative_to(landing))))


def problems(intake: Intake, report: FileReport) -> list[str]:
    """The problems set aside with a file, one line each."""
    path = intake.settings.quarantine / str(report.feed) / f"{report.sha256}.parquet"
    if not path.exists():
        return []
    rows = duckdb.read_parquet(str(path)).select('sheet, line, "column", found, expected').fetchall()
    return [
        f"line {line}{_column(column)}: found {found}; expected {expected}"
        for _, line, column, found, expected in rows
    ]


def _column(name: str | None) -> str:
    return "" if name is None else f", column '{name}'"


def first_row(intake: Intake, report: FileReport) -> dict[str, object]:
    """The first row of a file as it stands in raw."""
    (path,) = (intake.settings.raw / str(report.feed)).glob(f"*/{report.sha256}.parquet")
    rows = duckdb.read_parquet(str(path)).order("source_line").limit(1)
    return dict(zip(rows.columns, rows.fetchall()[0], strict=True))


def missing(kind: Kind, file: str, said: str) -> list[str]:
    """What should have been said and was not."""
    return [part for part in (each.replace(PLACE, file) for each in kind.says) if part not in said]
