"""The verdict on one file, before anything is stored: read it, recognise it, validate its sheets."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import duckdb

from dbt_project.registry import Feed
from orchestration.identity import use_key
from orchestration.ingest.checks import value_name
from orchestration.ingest.ledger import ReturnVersion
from orchestration.ingest.outcome import FileReport, Refusal
from orchestration.ingest.problems import create_problem_table, problem_count, summary
from orchestration.ingest.recognise import Recognition, recognise
from orchestration.ingest.validate import Sheet, Validated, validate
from orchestration.ingest.vintage import vintage_date
from orchestration.readers import Peek, SourceTable, Unreadable
from orchestration.settings import Secret, Settings


class Reader(Protocol):
    """What reads a file: the readers themselves, or the child process they run in."""

    def peek(self, path: Path) -> Peek:
        """The first rows of each sheet."""
        ...

    def read(
        self, path: Path, *, sheet: str | None = None, header: bool = True, delimiter: str | None = None
    ) -> SourceTable:
        """All rows of one sheet."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A file read into memory as text, its feed and layouts known; or why it is refused."""

    name: str
    recognition: Recognition | None
    sources: tuple[SourceTable, ...]
    refusal: Refusal | None


@dataclass(frozen=True)
class Examined:
    """The verdict on a file and, unless it is refused, the typed rows it stands on."""

    report: FileReport
    tables: tuple[Validated, ...] = ()
    versions: tuple[ReturnVersion, ...] = ()
    vintage: date | None = None
    has_problems: bool = False

    @property
    def reported_at(self) -> date | None:
        """Newest day on which the source told us anything in this file."""
        return max((version.reported_at for version in self.versions), default=None)


@contextmanager
def workbench(settings: Settings, key: Secret) -> Generator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB with the run's limits and the key of the pseudonyms."""
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        use_key(connection, key)
        yield connection


def prepare(
    reader: Reader, path: Path, name: str, feeds: Mapping[str, Feed], wanted: Feed | None
) -> Prepared:
    """Read a file that should belong to feed ``wanted`` (None: any feed)."""
    try:
        recognition = recognise(feeds.values(), wanted, reader.peek(path), name)
        sources = tuple(
            reader.read(
                path, sheet=match.sheet, header=match.has_header, delimiter=match.layout.delimiter
            )
            for match in recognition.matches
        )
    except Unreadable as error:
        where = name + error.message.removeprefix(path.name).split(":", 1)[0]
        return Prepared(name, None, (), Refusal(error.code, where, error.found, error.expected))
    except Refusal as refusal:
        return Prepared(name, None, (), refusal)
    return Prepared(name, recognition, sources, None)


def examine(
    connection: duckdb.DuckDBPyConnection,
    prepared: Prepared,
    feed_id: str | None,
    sha256: str | None,
    received_at: datetime,
) -> Examined:
    """Validate what was read. Problems stand in the table ``problem`` of the connection afterwards."""
    create_problem_table(connection)
    if prepared.refusal is not None or prepared.recognition is None:
        return Examined(_refused(prepared, feed_id, sha256))
    feed = prepared.recognition.feed
    tables: list[Validated] = []
    try:
        for number, (match, source) in enumerate(
            zip(prepared.recognition.matches, prepared.sources, strict=True)
        ):
            sheet = Sheet(feed, match, prepared.name, received_at)
            tables.append(validate(connection, sheet, source, f"typed_{number}"))
    except Refusal as refusal:
        create_problem_table(connection)
        return Examined(_refused(prepared, feed.id, sha256, refusal))
    vintage, remark = None, None
    if feed.vintage:
        vintage, remark = vintage_date(connection, prepared.name, tables, received_at.date())
    notes = [*prepared.recognition.notes, *_distinct_notes(tables), *([remark] if remark else [])]
    report = _report(connection, prepared.name, feed, tables, sha256, tuple(notes))
    if report.outcome == "refused":
        return Examined(report, has_problems=True)
    versions = tuple(
        version
        for table in tables
        for version in _versions(connection, feed, table, vintage, received_at.date())
    )
    return Examined(report, tuple(tables), versions, vintage, problem_count(connection) > 0)


def _refused(
    prepared: Prepared, feed_id: str | None, sha256: str | None, refusal: Refusal | None = None
) -> FileReport:
    reason = refusal or prepared.refusal
    if reason is None:
        raise ValueError("a refusal has a reason")
    return FileReport(feed_id, prepared.name, "refused", reason.code, reason.message, sha256)


def _report(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    feed: Feed,
    tables: list[Validated],
    sha256: str | None,
    notes: tuple[str, ...],
) -> FileReport:
    counts = tuple(table.counts for table in tables)
    accepted = sum(count.accepted for count in counts)
    quarantined = sum(count.quarantined for count in counts)
    if accepted == 0:
        read = sum(count.read for count in counts)
        code, found = "no_good_row", f"{read:,} rows, none of which can be taken"
        if quarantined:
            found += f" ({summary(connection)})"
        message = f"{name}: found {found}; expected rows as promised by the contract of feed '{feed.id}'"
        return FileReport(feed.id, name, "refused", code, message, sha256, counts, notes)
    rows = f"{accepted:,} row{'s' if accepted != 1 else ''} taken"
    if quarantined:
        message = f"{name}: {rows}, {quarantined:,} set aside: {summary(connection)}"
        code = "rows_set_aside"
        return FileReport(feed.id, name, "accepted_with_quarantine", code, message, sha256, counts, notes)
    return FileReport(feed.id, name, "accepted", "accepted", f"{name}: {rows}", sha256, counts, notes)


def _distinct_notes(tables: Iterable[Validated]) -> list[str]:
    """Remarks of all sheets, each once."""
    return list(dict.fromkeys(note for table in tables for note in table.notes))


def _versions(
    connection: duckdb.DuckDBPyConnection, feed: Feed, table: Validated, vintage: date | None, received_on: date
) -> list[ReturnVersion]:
    """The returns in a validated sheet and when each was told."""
    key = list(feed.return_key)
    picked = "".join(f"{value_name(column)}::varchar, " for column in key)
    group = f"group by {', '.join(str(place + 1) for place in range(len(key)))}" if key else ""
    query = f"select {picked}{_told_sql(feed, vintage, received_on)}, count(*) from {table.typed} where not bad"
    rows = connection.execute(f"{query} {group} order by all").fetchall()
    name = table.sheet.table.name
    return [
        ReturnVersion(name, dict(zip(key, row[:-2], strict=True)), row[-2] or received_on, row[-1])
        for row in rows
        if row[-1]
    ]


def _told_sql(feed: Feed, vintage: date | None, received_on: date) -> str:
    """When a return was told: its own date; else its vintage; else the end of its period; else the receipt."""
    if feed.reported_at is not None:
        return f"max({value_name(feed.reported_at)})"
    if vintage is not None:
        return f"date '{vintage}'"
    if feed.period is not None:
        month = value_name(feed.period.month)
        if feed.period.year is not None:
            month = f"make_date({value_name(feed.period.year)}, {month}, 1)"
        return f"least(last_day(max({month})), date '{received_on}')"
    return f"date '{received_on}'"
