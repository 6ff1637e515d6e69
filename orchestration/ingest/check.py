"""A supplier's self-check: the verdict intake would give on a file, with nothing stored."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dbt_project.registry import Feed, load_feeds
from orchestration.ingest.examine import examine, prepare, workbench
from orchestration.ingest.outcome import CheckReport
from orchestration.ingest.problems import listed_problems, problem_counts
from orchestration.readers.child import ReaderChild
from orchestration.settings import KEY_BYTES, Secret, Settings

PROBLEMS_LISTED = 1_000


def check_file(
    path: Path,
    feed: str | None = None,
    *,
    settings: Settings | None = None,
    feeds: Mapping[str, Feed] | None = None,
) -> CheckReport:
    """The intake verdict on one file; ``feed`` None finds the feed from the header.

    Nothing is kept: keys are made with a throw-away key, rows spill only into a folder that is removed.
    Raises KeyError when there is no such feed.
    """
    contracts = load_feeds() if feeds is None else feeds
    wanted = None if feed is None else contracts[feed]
    with tempfile.TemporaryDirectory(prefix="phip-check-") as folder, ReaderChild() as reader:
        home = Path(folder)
        limits = settings or Settings(home=home, landing=home)
        scratch = replace(limits, home=home, landing=home)
        with workbench(scratch, Secret(secrets.token_bytes(KEY_BYTES)), home / "spill") as connection:
            prepared = prepare(reader, path, path.name, contracts, wanted)
            now = datetime.now(UTC)
            report = examine(connection, [(prepared, None)], now.date()).files[0].report
            sheets = [counts.sheet for counts in report.tables]
            problems = listed_problems(connection, path.name, sheets, PROBLEMS_LISTED)
            return CheckReport(report, problems, problem_counts(connection).total())
