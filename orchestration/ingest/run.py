"""One run of intake: what it holds open, and how a verdict reaches the disk.

The order of writing makes a run safe to kill: quarantine and raw files appear whole, under names made of the file's
hash, people are added only when new, and the ledger's one transaction comes last. What a run that died before it left
behind is written again, byte for byte but for the time of receipt, by the next.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dbt_project.registry import Feed
from orchestration.identity.store import IdentityStore, attach
from orchestration.ingest import erased
from orchestration.ingest.examine import Examination, Examined, Reader, workbench
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.ledger import Entry, Known, Ledger, raw_path
from orchestration.ingest.outcome import FileReport
from orchestration.ingest.problems import quarantine_query
from orchestration.ingest.raw_file import (
    DRAFTS,
    RAW_FILE_MODE,
    by_file,
    make_pseudonyms,
    people_queries,
    persons,
    raw_query,
    set_origins,
    settle_disputes,
    sync_folder,
    write_parquet,
)
from orchestration.ingest.sizes import Sizes
from orchestration.ingest.validate import Validated
from orchestration.readers.child import ReaderChild
from orchestration.settings import Settings

RULES_VERSION = 1
"""Raised when intake itself changes so that a refused file may now be taken."""

_VERSION_CHARACTERS = 16
_SPILL_PREFIX = "intake-"
_QUARANTINE_FILE_MODE = 0o600


@dataclass(frozen=True)
class Run:
    """What stays the same over all files of one run."""

    settings: Settings
    feeds: Mapping[str, Feed]
    ledger: Ledger
    connection: duckdb.DuckDBPyConnection
    identities: IdentityStore
    reader: Reader
    now: datetime
    again: bool | frozenset[str]
    versions: Mapping[str | None, str]
    known: dict[str, Known]  # every file of the ledger by hash, kept up to date through the run
    sizes: Sizes  # of every return known, likewise
    registrants: list[str] = field(default_factory=list[str])  # the feed whose registrants are loaded, if any


@contextmanager
def open_run(
    settings: Settings, feeds: Mapping[str, Feed], now: datetime | None, *, again: bool | frozenset[str]
) -> Generator[Run]:
    """Open everything a run needs; a second run on the same home waits for the first to end."""
    settings.prepare()
    spill = settings.spill / f"{_SPILL_PREFIX}{os.getpid()}"
    moment = (now or datetime.now(UTC)).replace(tzinfo=None, microsecond=0)
    with (
        alone(settings),
        _rotated(settings),
        _tidy(settings, spill),
        Ledger(settings.ledger) as ledger,
        workbench(settings, settings.identity_key(), spill) as connection,
        ReaderChild() as reader,
    ):
        attach(connection, settings)
        identities = IdentityStore(connection, settings)
        known = {each.sha256: each for each in ledger.all_known()}
        versions = contract_versions(feeds)
        sizes = _known_sizes(ledger, feeds)
        yield Run(
            settings, feeds, ledger, connection, identities, reader, moment, again, versions, known, sizes
        )


def contract_versions(feeds: Mapping[str, Feed]) -> dict[str | None, str]:
    """A hash per contract that changes with it or with intake's own rules; None: over all contracts."""
    texts: dict[str | None, str] = {feed_id: feed.model_dump_json() for feed_id, feed in feeds.items()}
    texts[None] = "\n".join(sorted(texts.values()))
    return {
        key: hashlib.sha256(f"{RULES_VERSION}\n{text}".encode()).hexdigest()[:_VERSION_CHARACTERS]
        for key, text in texts.items()
    }


def store(run: Run, files: Sequence[LandedFile], examination: Examination) -> list[FileReport]:
    """Store an examination: quarantine, raw files, people, and last the ledger; the reports as entered."""
    disputed: Counter[int] = Counter()
    for table in examination.tables:
        disputed += _settle_disputes(run, table)
    left_out = erased.leave_out(run.connection, run.identities, examination.tables)
    _write_quarantine(run, examination)
    for table in examination.tables:
        _write_table(run, examination, table, left_out)
    reports = [
        _with_sizes(
            run,
            examined,
            erased.told(_with_disputes(examined, disputed), examined.file_no, left_out),
        )
        for examined in examination.files
    ]
    held = {number for number, _ in left_out}
    run.identities.mark_erased_files(
        {each.report.sha256 or "" for each in examination.files if each.file_no in held}
    )
    entries = [
        Entry(
            report,
            file.stamp,
            run.now,
            run.versions[report.feed],
            examined.reported_at,
            examined.vintage,
            examined.versions,
        )
        for file, examined, report in zip(files, examination.files, reports, strict=True)
    ]
    run.ledger.record(entries)
    for known in run.ledger.known(report.sha256 for report in reports):
        run.known[known.sha256] = known
    return reports


def anchor_feed(feeds: Mapping[str, Feed]) -> str | None:
    """The feed that anchors identities: the first, in the order of intake, that holds people (the register)."""
    return next((feed.id for feed in feeds.values() if feed.persons), None)


def _settle_disputes(run: Run, table: Validated) -> Counter[int]:
    feed, promised = table.first.feed, table.first.table
    anchor = anchor_feed(run.feeds)
    if anchor is None or not persons(feed, promised):
        return Counter()
    if feed.id == anchor:
        run.registrants.clear()  # about to change
        return Counter()
    if not run.registrants:
        run.identities.load_registrants(anchor)
        run.registrants.append(anchor)
    return settle_disputes(run.connection, feed, promised, table.typed)


def _with_disputes(examined: Examined, disputed: Counter[int]) -> FileReport:
    report = examined.report
    rows = disputed[examined.file_no] if examined.file_no is not None else 0
    if rows == 0:
        return report
    note = (
        f"{rows:,} row{'s carry' if rows > 1 else ' carries'} the registration number of somebody else (neither "
        "surname nor date of birth agree with the register): not gone by"
    )
    return replace(report, notes=(*report.notes, note))


def _with_sizes(run: Run, examined: Examined, report: FileReport) -> FileReport:
    """The report with what is to be said of its returns beside those before, which they join."""
    feed = run.feeds.get(report.feed or "")
    if feed is None or not examined.versions:
        return report
    remarks = run.sizes.remarks(feed, examined.versions)
    run.sizes.add(feed, examined.versions)
    return replace(report, notes=(*report.notes, *remarks)) if remarks else report


def _known_sizes(ledger: Ledger, feeds: Mapping[str, Feed]) -> Sizes:
    sizes = Sizes()
    for feed_id, version in ledger.return_versions():
        feed = feeds.get(feed_id)
        if feed is not None and version.table in {table.name for table in feed.tables}:
            sizes.add(feed, [version])
    return sizes


@contextmanager
def alone(settings: Settings) -> Generator[None]:
    """One intake, or other writer of raw files, at a time per home. The lock ends with the process, however it ends."""
    descriptor = os.open(settings.home / ".intake.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _rotated(settings: Settings) -> Generator[None]:
    """A rotation of the key that was interrupted is carried through before the key is read."""
    # imported here: a change of keys writes raw files with the means of this package
    from orchestration.identity.rotation import finish_interrupted

    finish_interrupted(settings)
    yield


@contextmanager
def _tidy(settings: Settings, spill: Path) -> Generator[None]:
    """Remove what killed runs left behind: half-written drafts and spilled rows. This run's own spill goes with it."""
    for folder in (settings.raw, settings.quarantine):
        for draft in folder.rglob(DRAFTS):
            draft.unlink(missing_ok=True)
    for left in settings.spill.glob(f"{_SPILL_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _write_quarantine(run: Run, examination: Examination) -> None:
    folders: set[Path] = set()
    for examined in examination.files:
        report = examined.report
        if examined.has_problems and examined.file_no is not None and report.feed is not None:
            sheets = [counts.sheet for counts in report.tables]
            query = quarantine_query(report.name, examined.file_no, sheets)
            rows = run.connection.execute(query).to_arrow_table()
            folder = run.settings.quarantine / report.feed
            write_parquet(rows, folder / f"{report.sha256}.parquet", _QUARANTINE_FILE_MODE)
            folders.add(folder)
    _sync(folders)


def _write_table(run: Run, examination: Examination, table: Validated, left_out: erased.Tally) -> None:
    """Raw files of one promised table, and the people in them."""
    feed, promised = table.first.feed, table.first.table
    numbered = {each.file_no: each for each in examination.files if each.file_no is not None}
    origins = [
        (numbered[number].report.sha256 or "", sheet.match.sheet, numbered[number].vintage)
        for number, sheet in enumerate(table.sheets, start=1)
    ]
    set_origins(run.connection, origins)
    make_pseudonyms(run.connection, feed, promised, table.typed)
    rows = run.connection.execute(raw_query(feed, promised, table.typed, run.now)).to_arrow_table()
    without = [rows.good for (_, name), rows in left_out.items() if name == promised.name]
    expected = sum(counts.accepted for counts in table.counts) - sum(without)
    if rows.num_rows != expected:
        raise RuntimeError(f"{promised.name}: {rows.num_rows} raw rows of {expected} accepted")
    folders: set[Path] = set()
    # of a file whose every row was about somebody erased, an empty table stands
    parts = dict.fromkeys((number for number, _ in left_out), rows.drop_columns(["file_no"]).slice(0, 0))
    for number, part in (parts | by_file(rows)).items():
        target = run.settings.home / raw_path(feed.id, promised.name, origins[number - 1][0])
        write_parquet(part, target, RAW_FILE_MODE)
        folders.add(target.parent)
    _sync(folders)
    for people in people_queries(feed, promised, table.typed):
        run.identities.add(people)


def _sync(folders: Iterable[Path]) -> None:
    for folder in folders:
        sync_folder(folder)
