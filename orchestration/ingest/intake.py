"""Take what has landed: recognise, validate, store, enter into the ledger. Safe to kill, cheap to repeat.

The order of writing makes it so: quarantine and raw files appear whole, under names made of the file's hash, people
are added only when new, and the ledger's one transaction comes last. A run that dies before it leaves nothing that a
second run does not write again.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dbt_project.registry import Feed, load_feeds
from orchestration.identity.store import LINK_FILE, IdentityStore, attach
from orchestration.ingest.examine import Examined, Prepared, Reader, examine, prepare, workbench
from orchestration.ingest.landing import LandedFile, is_unchanged, scan, sha256_of, unknown_folder
from orchestration.ingest.ledger import Entry, Known, Ledger, raw_path
from orchestration.ingest.outcome import FeedIntake, FileReport, IntakeReport, Refusal
from orchestration.ingest.problems import quarantine_query
from orchestration.ingest.raw_file import RAW_FILE_MODE, Origin, people_queries, raw_query, write_parquet
from orchestration.ingest.recognise import recognise
from orchestration.readers import Unreadable
from orchestration.readers.child import ReaderChild
from orchestration.settings import Settings

RULES_VERSION = 1
"""Raised when intake itself changes so that a refused file may now be taken."""

_QUARANTINE_FILE_MODE = 0o600
_VERSION_CHARACTERS = 16

logger = logging.getLogger(__name__)

Progress = Callable[["Step"], None]


@dataclass(frozen=True)
class Step:
    """One file done, for a progress bar."""

    feed: str | None
    name: str
    done: int
    total: int
    report: FileReport


@dataclass(frozen=True)
class _Run:
    """What stays the same over all files of one run."""

    settings: Settings
    feeds: Mapping[str, Feed]
    ledger: Ledger
    connection: duckdb.DuckDBPyConnection
    store: IdentityStore
    reader: Reader
    now: datetime
    again: bool
    versions: Mapping[str | None, str]
    known: dict[str, Known]  # every file of the ledger by hash, kept up to date through the run


@dataclass(frozen=True)
class _Look:
    """A file hashed and read. ``prepared`` is None when its bytes were known, ``sha256`` when it is unreadable."""

    sha256: str | None
    prepared: Prepared | None


@dataclass(frozen=True)
class _Work:
    """A file to be looked into, and the feed it should belong to (None: unknown)."""

    file: LandedFile
    feed: Feed | None
    refusal: Refusal | None = None  # known without opening the file


def ingest_all(
    settings: Settings,
    feeds: Mapping[str, Feed] | None = None,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
    again: bool = False,
) -> IntakeReport:
    """Take everything that has landed, feed by feed in the order of the contracts, then link people.

    Files looked at before cost a stat. Refused files are tried again when their contract changed, accepted ones only
    with ``again``. Raises :class:`Refusal` when there is no landing folder.
    """
    start = time.perf_counter()
    contracts = load_feeds() if feeds is None else feeds
    with _run(settings, contracts, now, again=again) as run:
        routed = _route(run, scan(settings.landing))
        order: list[str | None] = [*contracts, None]
        pending = {feed: _pending(run, routed.get(feed, [])) for feed in order}
        total = sum(len(work) for work, _ in pending.values())
        intakes: list[FeedIntake] = []
        done = 0
        for feed in order:
            work, unchanged = pending[feed]
            if work or unchanged or feed is not None:
                intakes.append(_take(run, feed, work, unchanged, progress, done, total))
            done += len(work)
        if any(intake.taken for intake in intakes) or not _links_written(settings):
            _link_people(run)
    return IntakeReport(tuple(intakes), time.perf_counter() - start)


def ingest_feed(
    settings: Settings,
    feed: str,
    feeds: Mapping[str, Feed] | None = None,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
    again: bool = False,
) -> FeedIntake:
    """Take what has landed for one feed: its folder, and files in the landing root that are recognised as its own.

    Raises KeyError when there is no such feed, :class:`Refusal` when there is no landing folder.
    """
    contracts = load_feeds() if feeds is None else feeds
    chosen = contracts[feed]
    with _run(settings, contracts, now, again=again) as run:
        files = [file for file in scan(settings.landing) if file.folder in (feed, None)]
        work, unchanged = _pending(run, _route(run, files).get(feed, []))
        intake = _take(run, feed, work, unchanged, progress, 0, len(work))
        if chosen.persons and (intake.taken or not _links_written(settings)):
            _link_people(run)
    return intake


def contract_versions(feeds: Mapping[str, Feed]) -> dict[str | None, str]:
    """A hash per contract that changes with it or with intake's own rules; None: over all contracts."""
    texts: dict[str | None, str] = {feed_id: feed.model_dump_json() for feed_id, feed in feeds.items()}
    texts[None] = "\n".join(text for _, text in sorted((str(key), text) for key, text in texts.items()))
    return {
        key: hashlib.sha256(f"{RULES_VERSION}\n{text}".encode()).hexdigest()[:_VERSION_CHARACTERS]
        for key, text in texts.items()
    }


@contextmanager
def _run(
    settings: Settings, feeds: Mapping[str, Feed], now: datetime | None, *, again: bool
) -> Generator[_Run]:
    settings.prepare()
    moment = (now or datetime.now(UTC)).replace(tzinfo=None, microsecond=0)
    with (
        _alone(settings.home / ".intake.lock"),
        Ledger(settings.ledger) as ledger,
        workbench(settings, settings.identity_key()) as connection,
        ReaderChild() as reader,
    ):
        attach(connection, settings)
        store = IdentityStore(connection, settings.raw)
        known = {each.sha256: each for each in ledger.all_known()}
        versions = contract_versions(feeds)
        yield _Run(settings, feeds, ledger, connection, store, reader, moment, again, versions, known)


@contextmanager
def _alone(path: Path) -> Generator[None]:
    """One intake at a time per home; a second one waits. The lock ends with the process, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _route(run: _Run, files: Iterable[LandedFile]) -> dict[str | None, list[_Work]]:
    """Files by feed. Those in the root are recognised by their header, unless the ledger knows them."""
    routed: dict[str | None, list[_Work]] = {}
    seen = run.ledger.seen()
    for file in files:
        feed_id = file.folder
        refusal = None
        if feed_id is None:
            before = seen.get(file.name)
            if before is not None and before[0] == file.stamp and not _is_due(run, before[1]):
                feed_id = before[1].feed
            else:
                feed_id, refusal = _recognised(run, file)
        elif feed_id not in run.feeds:
            feed_id, refusal = None, unknown_folder(file.name, feed_id, run.feeds)
        feed = run.feeds.get(feed_id) if feed_id else None
        routed.setdefault(feed_id if feed else None, []).append(_Work(file, feed, refusal))
    return routed


def _recognised(run: _Run, file: LandedFile) -> tuple[str | None, Refusal | None]:
    try:
        return recognise(run.feeds.values(), None, run.reader.peek(file.path), file.name).feed.id, None
    except Refusal as refusal:
        return None, refusal
    except Unreadable as error:
        return None, Refusal(error.code, file.name, error.found, error.expected)


def _is_due(run: _Run, known: Known) -> bool:
    """Whether a file already in the ledger is to be looked into again."""
    if run.again:
        return True
    return known.outcome == "refused" and known.contract_version != run.versions.get(known.feed)


def _pending(run: _Run, work: Sequence[_Work]) -> tuple[list[_Work], int]:
    """The files to look into, and how many are as they were."""
    seen = run.ledger.seen()
    due: list[_Work] = []
    for item in work:
        before = seen.get(item.file.name)
        if before is None or before[0] != item.file.stamp or _is_due(run, before[1]):
            due.append(item)
    return due, len(work) - len(due)


def _take(
    run: _Run,
    feed: str | None,
    work: Sequence[_Work],
    unchanged: int,
    progress: Progress | None,
    done: int,
    total: int,
) -> FeedIntake:
    """Look into files one by one; while one is validated, the next is read."""
    start = time.perf_counter()
    reports: list[FileReport] = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead: deque[Future[_Look]] = deque()
        for index, item in enumerate(work):
            ahead.extend(pool.submit(_look, run, each) for each in work[index + len(ahead) : index + 2])
            report = _finish(run, item, ahead.popleft().result())
            reports.append(report)
            logger.info("%s: %s (%s), %d rows taken", report.name, report.outcome, report.code, report.rows_accepted)
            if progress is not None:
                progress(Step(feed, report.name, done + index + 1, total, report))
    return FeedIntake(feed, tuple(reports), unchanged, time.perf_counter() - start)


def _look(run: _Run, item: _Work) -> _Look:
    """Hash a file and read it, unless that is known to be needless. Runs beside validation, touches no database."""
    name = item.file.name
    try:
        sha256 = sha256_of(item.file.path)
    except OSError as error:
        found = f"no readable file ({type(error).__name__})"
        return _Look(None, Prepared(name, None, (), Refusal("not_readable", name, found, "a readable file")))
    if item.refusal is not None:
        return _Look(sha256, Prepared(name, None, (), item.refusal))
    if _settled(run, item, sha256) is not None:
        return _Look(sha256, None)
    return _Look(sha256, prepare(run.reader, item.file.path, name, run.feeds, item.feed))


def _settled(run: _Run, item: _Work, sha256: str) -> Known | None:
    """The earlier verdict on the same bytes, when it still holds for this file."""
    known = run.known.get(sha256)
    if known is None or _is_due(run, known):
        return None
    feed_id = item.feed.id if item.feed else None
    return None if known.outcome == "refused" and known.feed != feed_id else known


def _finish(run: _Run, item: _Work, look: _Look) -> FileReport:
    """The verdict on one file, stored and entered."""
    name = item.file.name
    feed_id = item.feed.id if item.feed else None
    if look.sha256 is None or not is_unchanged(item.file):
        refusal = Refusal("still_written", name, "a file that changes while it is read", "a finished file")
        if look.sha256 is None and look.prepared is not None and look.prepared.refusal is not None:
            refusal = look.prepared.refusal
        # Not entered: the next run looks again.
        return FileReport(feed_id, name, "refused", refusal.code, refusal.message)
    known = _settled(run, item, look.sha256)
    if known is not None and item.refusal is None:
        run.ledger.record_seen(item.file.stamp, look.sha256)
        return _known_report(name, known)
    if look.prepared is None:
        raise RuntimeError(f"{name}: neither read nor known")
    try:
        examined = examine(run.connection, look.prepared, feed_id, look.sha256, run.now)
        _store(run, item, examined)
    except duckdb.Error as error:
        kind = type(error).__name__
    else:
        return examined.report
    # DuckDB's own message may quote cells, so it goes nowhere. Not entered: the next run tries again.
    found, expected = f"that its rows cannot be processed ({kind})", "enough memory and disk for the file"
    return FileReport(feed_id, name, "refused", "intake_failed", f"{name}: found {found}; expected {expected}")


def _known_report(name: str, known: Known) -> FileReport:
    if known.outcome == "refused":
        return FileReport(known.feed, name, "refused", known.code, known.message, known.sha256)
    if known.path == name:
        return FileReport(known.feed, name, "unchanged", "same_bytes", f"{name}: unchanged", known.sha256)
    message = f"{name}: found the same bytes as {known.path}, already taken for feed '{known.feed}': not taken again"
    return FileReport(known.feed, name, "duplicate", "duplicate", message, known.sha256)


def _store(run: _Run, item: _Work, examined: Examined) -> None:
    """Quarantine, raw files, people, and last the ledger."""
    report = examined.report
    if report.sha256 is None:
        raise ValueError("a stored file has a hash")
    folder = report.feed or "unrecognised"
    if examined.has_problems:
        target = run.settings.quarantine / folder / f"{report.sha256}.parquet"
        write_parquet(run.connection, quarantine_query(report.name), target, _QUARANTINE_FILE_MODE)
    for table in examined.tables:
        if table.counts.accepted:
            feed, promised = table.sheet.feed, table.sheet.table
            origin = Origin(report.sha256, table.sheet.match.sheet, run.now, examined.vintage)
            target = run.settings.home / raw_path(feed.id, promised.name, report.sha256)
            query = raw_query(feed, promised, table.typed, origin)
            write_parquet(run.connection, query, target, RAW_FILE_MODE)
            for people in people_queries(feed, promised, table.typed):
                run.store.add(people, report.sha256)
    version = run.versions[report.feed]
    entry = Entry(
        report, item.file.stamp, run.now, version, examined.reported_at, examined.vintage, examined.versions
    )
    run.ledger.record(entry)
    known = run.ledger.known(report.sha256)
    if known is not None:
        run.known[report.sha256] = known


def _link_people(run: _Run) -> None:
    anchor = next((feed.id for feed in run.feeds.values() if feed.persons), None)
    if anchor is not None:
        summary = run.store.resolve(anchor)
        logger.info("people: %d linked, %d not on the register", summary.linked, summary.unanchored)


def _links_written(settings: Settings) -> bool:
    return (settings.raw / LINK_FILE).exists()
