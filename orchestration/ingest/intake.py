"""Take what has landed: find the files that are new, read them ahead, examine and store them in batches.

Files looked at before cost a stat. How a verdict reaches the disk, and why a killed run loses nothing, is told in
:mod:`orchestration.ingest.run`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import duckdb

from dbt_project.registry import Feed, load_feeds
from orchestration.identity.store import LINK_FILE, IdentityError
from orchestration.ingest.examine import Prepared, examine, prepare, unreadable
from orchestration.ingest.landing import (
    LandedFile,
    is_unchanged,
    link_refused,
    scan,
    sha256_of,
    unknown_folder,
)
from orchestration.ingest.ledger import Known
from orchestration.ingest.outcome import FeedIntake, FileReport, IntakeReport, Refusal
from orchestration.ingest.recognise import recognise
from orchestration.ingest.run import Run, anchor_feed, open_run, store
from orchestration.readers import Unreadable
from orchestration.settings import Settings

_BATCH_FILES = 200
_BATCH_BYTES = 16 * 1024**2  # of source files examined together
_AHEAD_BYTES = 48 * 1024**2  # of source files read before they are needed

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
class _Work:
    """A file to be looked into, and the feed it should belong to (None: unknown)."""

    file: LandedFile
    feed: Feed | None
    refusal: Refusal | None = None  # known without opening the file


@dataclass(frozen=True)
class _Look:
    """A file hashed and read. ``prepared`` is None when its bytes were known, ``sha256`` when it is unreadable."""

    work: _Work
    sha256: str | None
    prepared: Prepared | None


def ingest_all(
    settings: Settings,
    feeds: Mapping[str, Feed] | None = None,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
    again: bool | frozenset[str] = False,
) -> IntakeReport:
    """Take everything that has landed, feed by feed in the order of the contracts, then link people.

    Files looked at before cost a stat. Refused files are tried again when their contract changed, accepted ones only
    with ``again`` (True, or the hashes of some). Raises :class:`Refusal` when there is no landing folder.
    """
    start = time.perf_counter()
    contracts = load_feeds() if feeds is None else feeds
    with open_run(settings, contracts, now, again=again) as run:
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
        _clear_erased(run)
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
    with open_run(settings, contracts, now, again=again) as run:
        files = [file for file in scan(settings.landing) if file.folder in (feed, None)]
        work, unchanged = _pending(run, _route(run, files).get(feed, []))
        intake = _take(run, feed, work, unchanged, progress, 0, len(work))
        if chosen.persons and (intake.taken or not _links_written(settings)):
            _link_people(run)
        _clear_erased(run)
    return intake


def _route(run: Run, files: Iterable[LandedFile]) -> dict[str | None, list[_Work]]:
    """Files by feed. Those in the root are recognised by their header, unless the ledger knows them."""
    routed: dict[str | None, list[_Work]] = {}
    seen = run.ledger.seen()
    for file in files:
        feed_id = file.folder
        refusal = None
        if file.is_link:
            refusal = link_refused(file.name)
        elif feed_id is None:
            before = seen.get(file.name)
            if before is not None and before[0] == file.stamp and not _is_due(run, before[1]):
                feed_id = before[1].feed
            else:
                feed_id, refusal = _recognised(run, file)
        if feed_id is not None and feed_id not in run.feeds:
            refusal = refusal or unknown_folder(file.name, feed_id, run.feeds)
            feed_id = None
        feed = run.feeds.get(feed_id) if feed_id else None
        routed.setdefault(feed_id if feed else None, []).append(_Work(file, feed, refusal))
    return routed


def _recognised(run: Run, file: LandedFile) -> tuple[str | None, Refusal | None]:
    try:
        return recognise(run.feeds.values(), None, run.reader.peek(file.path), file.name).feed.id, None
    except Refusal as refusal:
        return None, refusal
    except Unreadable as error:
        return None, unreadable(file.name, error)


def _is_due(run: Run, known: Known) -> bool:
    """Whether a file already in the ledger is to be looked into again."""
    if known.sha256 in run.again if isinstance(run.again, frozenset) else run.again:
        return True
    return known.outcome == "refused" and known.contract_version != run.versions.get(known.feed)


def _pending(run: Run, work: Sequence[_Work]) -> tuple[list[_Work], int]:
    """The files to look into, and how many are as they were."""
    seen = run.ledger.seen()
    due: list[_Work] = []
    for item in work:
        before = seen.get(item.file.name)
        if before is None or before[0] != item.file.stamp or _is_due(run, before[1]):
            due.append(item)
    return due, len(work) - len(due)


def _take(
    run: Run,
    feed: str | None,
    work: Sequence[_Work],
    unchanged: int,
    progress: Progress | None,
    done: int,
    total: int,
) -> FeedIntake:
    """Look into files, small ones of equal shape together; while some are validated, the next are read."""
    start = time.perf_counter()
    reports: list[FileReport] = []
    for batch in _batches(run, work):
        for report in _finish(run, batch):
            reports.append(report)
            logger.info(
                "%s: %s (%s), %d rows taken", report.name, report.outcome, report.code, report.rows_accepted
            )
            if progress is not None:
                progress(Step(feed, report.name, done + len(reports), total, report))
    return FeedIntake(feed, tuple(reports), unchanged, time.perf_counter() - start)


def _batches(run: Run, work: Sequence[_Work]) -> Iterable[list[_Look]]:
    """Files read, in order, grouped as long as they have the same shape and are small."""
    batch: list[_Look] = []
    for look in _read_ahead(run, work):
        if batch and not _fits(batch, look):
            yield batch
            batch = []
        batch.append(look)
    if batch:
        yield batch


def _fits(batch: Sequence[_Look], look: _Look) -> bool:
    """Whether a file can be examined with those before it."""
    if len(batch) == _BATCH_FILES or look.sha256 in {each.sha256 for each in batch}:
        return False
    if sum(each.work.file.stamp.size for each in (*batch, look)) > _BATCH_BYTES:
        return False
    sheets = [each.prepared for each in (*batch, look) if each.prepared and each.prepared.sheets]
    shapes = {each.shape for each in sheets}
    return len(sheets) <= 1 or (len(shapes) == 1 and not any(each.stands_alone for each in sheets))


def _read_ahead(run: Run, work: Sequence[_Work]) -> Iterable[_Look]:
    """Files hashed and read in order by one thread, a bounded number of bytes ahead of whoever uses them."""
    ahead: deque[Future[_Look]] = deque()
    waiting = 0
    following = iter(work)
    nearest = next(following, None)
    sizes: deque[int] = deque()
    with ThreadPoolExecutor(max_workers=1) as pool:
        while ahead or nearest is not None:
            while nearest is not None and (not ahead or waiting + nearest.file.stamp.size <= _AHEAD_BYTES):
                ahead.append(pool.submit(_look, run, nearest))
                sizes.append(nearest.file.stamp.size)
                waiting += sizes[-1]
                nearest = next(following, None)
            yield ahead.popleft().result()
            waiting -= sizes.popleft()


def _look(run: Run, work: _Work) -> _Look:
    """Hash a file and read it, unless that is known to be needless. Runs beside validation, touches no database."""
    name, feed = work.file.name, work.feed
    try:
        sha256 = sha256_of(work.file.path)
    except OSError as error:
        found = f"no readable file ({type(error).__name__})"
        refusal = Refusal("not_readable", name, found, "a readable file")
        return _Look(work, None, Prepared(name, feed, (), refusal=refusal))
    if work.refusal is not None:
        return _Look(work, sha256, Prepared(name, feed, (), refusal=work.refusal))
    if _settled(run, work, sha256) is not None:
        return _Look(work, sha256, None)
    return _Look(work, sha256, prepare(run.reader, work.file.path, name, run.feeds, feed))


def _settled(run: Run, work: _Work, sha256: str) -> Known | None:
    """The earlier verdict on the same bytes, when it still holds for this file."""
    known = run.known.get(sha256)
    if known is None or work.refusal is not None or _is_due(run, known):
        return None
    feed_id = work.feed.id if work.feed else None
    return None if known.outcome == "refused" and known.feed != feed_id else known


def _finish(run: Run, batch: Sequence[_Look]) -> Iterable[FileReport]:
    """The verdicts on a batch, stored and entered, in order."""
    verdicts: dict[int, FileReport] = {}
    fresh: list[int] = []
    for place, look in enumerate(batch):
        report = _without_examination(run, look)
        if report is None:
            fresh.append(place)
        else:
            verdicts[place] = report
    verdicts |= zip(fresh, _examine_and_store(run, [batch[place] for place in fresh]), strict=True)
    return [verdicts[place] for place in range(len(batch))]


def _without_examination(run: Run, look: _Look) -> FileReport | None:
    """The verdict on a file that cannot be read now, changes meanwhile, or whose bytes are known; else None."""
    name, feed = look.work.file.name, look.work.feed
    feed_id = feed.id if feed else None
    if look.sha256 is None or not is_unchanged(look.work.file):
        refusal = Refusal("still_written", name, "a file that changes while it is read", "a finished file")
        if look.sha256 is None and look.prepared is not None and look.prepared.refusal is not None:
            refusal = look.prepared.refusal
        # Not entered: the next run looks again.
        return FileReport(feed_id, name, "refused", refusal.code, refusal.message)
    known = _settled(run, look.work, look.sha256)
    if known is None:
        return None
    run.ledger.record_seen(look.work.file.stamp, look.sha256)
    if known.outcome == "refused":
        return FileReport(known.feed, name, "refused", known.code, known.message, known.sha256)
    if known.path == name:
        return FileReport(known.feed, name, "unchanged", "same_bytes", f"{name}: unchanged", known.sha256)
    found = f"the same bytes as {known.path}, already taken for feed '{known.feed}'"
    message = f"{name}: found {found}; expected a file not sent before: not taken again"
    return FileReport(known.feed, name, "duplicate", "duplicate", message, known.sha256)


def _examine_and_store(run: Run, looks: Sequence[_Look]) -> list[FileReport]:
    """Examine files together; when DuckDB fails on them, each by itself."""
    if not looks:
        return []
    files = [(_read_file(look), look.sha256) for look in looks]
    try:
        examination = examine(run.connection, files, run.now.date())
        return store(run, [look.work.file for look in looks], examination)
    except (duckdb.Error, IdentityError) as error:
        kind = type(error).__name__
    if len(looks) > 1:
        return [report for look in looks for report in _examine_and_store(run, [look])]
    # DuckDB's own message may quote cells, so it goes nowhere. Not entered: the next run tries again.
    name, feed = files[0][0].name, looks[0].work.feed
    found, expected = f"that its rows cannot be processed ({kind})", "enough memory and disk for the file"
    message = f"{name}: found {found}; expected {expected}"
    return [FileReport(feed.id if feed else None, name, "refused", "intake_failed", message)]


def _read_file(look: _Look) -> Prepared:
    if look.prepared is None:
        raise RuntimeError(f"{look.work.file.name}: neither read nor known")
    return look.prepared


def _link_people(run: Run) -> None:
    anchor = anchor_feed(run.feeds)
    if anchor is not None:
        summary = run.identities.resolve(anchor)
        logger.info("people: %d linked, %d not on the register", summary.linked, summary.unanchored)


def _clear_erased(run: Run) -> None:
    """Files with people erased on request do not stay in the landing folder."""
    # imported here: erasure writes raw files with the means of this package
    from orchestration.identity.erasure import clear_landing

    removed = clear_landing(run.settings, run.identities)
    if removed:
        logger.info("%d files with people erased on request removed from the landing folder", removed)


def _links_written(settings: Settings) -> bool:
    return (settings.raw / LINK_FILE).exists()
