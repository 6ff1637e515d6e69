"""The ledger of received files: what arrived, what became of it, and which return stands.

One SQLite file. Bytes are identified by SHA-256; the (path, size, modified) of a file seen before spares reading it
again. A return is superseded per return key, not per file: a file may hold several returns.

**What was known on a day** (``as_at``). Two dates speak of it: ``reported_at``, when the source told us, as the return
itself says (its own date, the day of a snapshot, the end of a census month; the day of receipt where it says nothing),
and ``received_at``, when the file came here. A return is known on a day when it had been told by then and, from the
day on which the first file of its feed came, also received by then: a return dated April that came in July was not
known in May. Before that first day a receipt says nothing, for files that are loaded years after the fact were known
to somebody in their time: history that is loaded in one go counts as of the days it was told. A return is one
statement and is told on the newest date in it, so that no day ever sees a later one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orchestration.ingest.outcome import FileReport, Outcome, TableCounts

_FILE_MODE = 0o640
_NO_KEY = "{}"  # return key of tables without one, as JSON
_BUSY_SECONDS = 60.0

_SCHEMA = """
create table if not exists file (
    sha256 text primary key,
    feed text,
    tables text not null,            -- JSON list of the tables filled, with layout, sheet and counts
    path text not null,              -- below the landing folder, when first received
    size integer not null,
    received_at text not null,
    outcome text not null check (outcome in ('accepted', 'accepted_with_quarantine', 'refused')),
    code text not null,
    message text not null,
    notes text not null,             -- JSON list
    rows_read integer not null,
    rows_accepted integer not null,
    rows_quarantined integer not null,
    rows_not_taken integer not null,
    layout text not null,            -- comma-separated
    reported_at text,                -- newest day on which the source told us anything in it
    vintage_date text,
    contract_version text not null
) without rowid;
create table if not exists seen (
    path text primary key,
    size integer not null,
    mtime_ns integer not null,
    sha256 text not null references file (sha256)
) without rowid;
create table if not exists return_version (
    seq integer primary key autoincrement,
    feed text not null,
    table_name text not null,
    return_key text not null,        -- JSON object: column -> value as text
    sha256 text not null references file (sha256),
    reported_at text not null,
    row_count integer not null,
    unique (table_name, return_key, sha256)
);
create index if not exists seen_by_sha256 on seen (sha256);
"""


@dataclass(frozen=True)
class Stamp:
    """How a file looks from outside."""

    path: str  # below the landing folder
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class ReturnVersion:
    """One return in one file. ``return_key`` is empty for tables without one: the file is the return."""

    table: str
    return_key: dict[str, str]
    reported_at: date
    rows: int


@dataclass(frozen=True)
class Entry:
    """What the ledger keeps of one file."""

    report: FileReport
    stamp: Stamp
    received_at: datetime
    contract_version: str
    reported_at: date | None = None
    vintage: date | None = None
    versions: tuple[ReturnVersion, ...] = ()


@dataclass(frozen=True)
class Known:
    """A file as the ledger knows it."""

    sha256: str
    feed: str | None
    path: str
    outcome: Outcome
    code: str
    message: str
    contract_version: str


@dataclass(frozen=True)
class CurrentFile:
    """A raw file in which at least one return stands."""

    sha256: str
    path: Path  # below home
    rows: int  # rows of the returns that stand
    superseded: tuple[dict[str, str], ...]  # return keys in it that do not stand: replaced, or told later


@dataclass(frozen=True)
class Receipt:
    """One return as it once came, whether it still stands or was replaced. ``return_key`` as in the contract."""

    return_key: dict[str, str]
    reported_at: date
    received_at: datetime


@dataclass(frozen=True)
class FeedStatus:
    """The feed at a glance."""

    feed: str
    files_accepted: int
    files_with_quarantine: int
    files_refused: int
    files_duplicate: int
    rows_current: int
    rows_quarantined: int
    latest_reported_at: date | None
    latest_received_at: datetime | None
    refusals: tuple[str, ...]  # messages of the files refused


class Ledger:
    """The ledger file. A context manager; every write is one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        path.chmod(_FILE_MODE)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.execute("pragma foreign_keys = on")
        self._connection.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def seen(self) -> dict[str, tuple[Stamp, Known]]:
        """Every path seen and what its bytes are known as."""
        rows = self._all(
            "select s.path, s.size, s.mtime_ns, f.sha256, f.feed, f.path, f.outcome, f.code, f.message, "
            "f.contract_version from seen as s inner join file as f on s.sha256 = f.sha256"
        )
        return {row[0]: (Stamp(*row[:3]), Known(*row[3:])) for row in rows}

    def known(self, hashes: Iterable[str | None]) -> tuple[Known, ...]:
        """Files by their bytes."""
        rows = [row for each in hashes for row in self._all(f"{_SELECT_KNOWN} where sha256 = ?", [each])]
        return tuple(Known(*row) for row in rows)

    def all_known(self) -> tuple[Known, ...]:
        """Every file."""
        return tuple(Known(*row) for row in self._all(_SELECT_KNOWN))

    def return_versions(self) -> Iterable[tuple[str, ReturnVersion]]:
        """Every return of every file with its feed, in the order in which they came."""
        for feed, table, key, reported, rows in self._all(
            "select feed, table_name, return_key, reported_at, row_count from return_version order by seq"
        ):
            yield feed, ReturnVersion(table, json.loads(key), date.fromisoformat(reported), rows)

    def record(self, entries: Iterable[Entry]) -> None:
        """Enter files, their returns and how they looked, in one transaction; what stood of them is replaced."""
        with self._connection:
            self._connection.execute("begin immediate")
            for entry in entries:
                self._record(entry)

    def _record(self, entry: Entry) -> None:
        sha256 = entry.report.sha256
        if sha256 is None:
            raise ValueError("a file is entered by its hash")
        self._connection.execute("delete from return_version where sha256 = ?", [sha256])
        self._connection.execute(_UPSERT_FILE, _file_row(entry, sha256))
        self._see(entry.stamp, sha256)
        self._connection.executemany(
            "insert into return_version (feed, table_name, return_key, sha256, reported_at, row_count) "
            "values (?, ?, ?, ?, ?, ?)",
            [
                (
                    entry.report.feed,
                    version.table,
                    json.dumps(version.return_key, sort_keys=True),
                    sha256,
                    version.reported_at.isoformat(),
                    version.rows,
                )
                for version in entry.versions
            ],
        )

    def record_seen(self, stamp: Stamp, sha256: str) -> None:
        """Remember that a path holds bytes already entered."""
        with self._connection:
            self._connection.execute("begin immediate")
            self._see(stamp, sha256)

    def current_files(
        self, feed: str, table: str, as_at: date | None = None, among: Collection[str] | None = None
    ) -> tuple[CurrentFile, ...]:
        """Raw files of a table in which a return stands, oldest first, as known on ``as_at`` (None: now).

        ``among``: as if only the files of these hashes had ever come, which is how an older build saw the ledger.
        """
        standing: dict[str, int] = {}
        superseded: dict[str, list[dict[str, str]]] = {}
        for sha256, key, rows, rank in self._versions(feed, table, as_at, among):
            if _stands(key, rank):
                standing[sha256] = standing.get(sha256, 0) + rows
            else:
                superseded.setdefault(sha256, []).append(json.loads(key))
        return tuple(
            CurrentFile(sha256, raw_path(feed, table, sha256), rows, tuple(superseded.get(sha256, ())))
            for sha256, rows in standing.items()
        )

    def superseded_files(self, feed: str, table: str, as_at: date | None = None) -> tuple[str, ...]:
        """Hashes of files in which no return stands any more."""
        versions = self._versions(feed, table, as_at)
        standing = {sha256 for sha256, key, _, rank in versions if _stands(key, rank)}
        told = [sha256 for sha256, _, _, rank in versions if rank]
        return tuple(dict.fromkeys(sha256 for sha256 in told if sha256 not in standing))

    def receipts(
        self, feed: str, as_at: date | None = None, among: Collection[str] | None = None
    ) -> tuple[Receipt, ...]:
        """Every return of a feed as it came, replaced ones among them, in the order of their dates.

        ``as_at`` and ``among`` as for :meth:`current_files`; ``among`` need not name files of which nothing stands:
        a return that had come by the time another for the same key did is known with that one.
        """
        rows = self._all(
            "select v.sha256, v.return_key, v.reported_at, f.received_at "
            f"from ({_KNOWN_VERSIONS}) as v inner join file as f on v.sha256 = f.sha256 "
            "where v.told order by v.reported_at, v.seq",
            _asked(feed, as_at, None),
        )
        known = {sha256 for sha256, *_ in rows} if among is None else {*among}
        latest: dict[str, str] = {}
        for sha256, key, _, received in rows:
            if sha256 in known:
                latest[key] = max(received, latest.get(key, ""))
        return tuple(
            Receipt(json.loads(key), date.fromisoformat(reported), datetime.fromisoformat(received))
            for _, key, reported, received in rows
            if received <= latest.get(key, "")
        )

    def reports(self, feed: str | None = None) -> tuple[FileReport, ...]:
        """What was said of every file (of one feed), in the order of their paths."""
        where = "" if feed is None else "where feed = ?"
        rows = self._all(
            "select feed, path, outcome, code, message, sha256, tables, notes from file "
            f"{where} order by path, sha256",
            [] if feed is None else [feed],
        )
        return tuple(
            FileReport(*row[:6], tables=_tables(row[6]), notes=tuple(json.loads(row[7]))) for row in rows
        )

    def first_told(self) -> date | None:
        """The oldest day on which any feed told us anything; None when nothing has been taken."""
        day = self._all("select min(reported_at) from return_version")[0][0]
        return date.fromisoformat(day) if day else None

    def status(
        self,
        feed: str,
        tables: Iterable[str],
        as_at: date | None = None,
        among: Collection[str] | None = None,
    ) -> FeedStatus:
        """The feed at a glance; its ``tables`` are those of the contract.

        What stands and when it was told are as known on ``as_at``; counts of files are of all that ever came.
        """
        counts = dict(self._all("select outcome, count(*) from file where feed = ? group by outcome", [feed]))
        duplicates = self._all(
            "select count(*) from seen as s inner join file as f on s.sha256 = f.sha256 "
            "where f.feed = ? and s.path <> f.path",
            [feed],
        )[0][0]
        current = [file for table in tables for file in self.current_files(feed, table, as_at, among)]
        quarantined, received = self._all(
            "select coalesce(sum(rows_quarantined), 0), max(received_at) from file where feed = ?", [feed]
        )[0]
        reported = self._all(
            f"select max(reported_at) from ({_KNOWN_VERSIONS}) where told", _asked(feed, as_at, among)
        )[0][0]
        refusals = self._all(
            "select message from file where feed = ? and outcome = 'refused' order by path", [feed]
        )
        return FeedStatus(
            feed=feed,
            files_accepted=counts.get("accepted", 0),
            files_with_quarantine=counts.get("accepted_with_quarantine", 0),
            files_refused=counts.get("refused", 0),
            files_duplicate=duplicates,
            rows_current=sum(file.rows for file in current),
            rows_quarantined=quarantined,
            latest_reported_at=date.fromisoformat(reported) if reported else None,
            latest_received_at=datetime.fromisoformat(received) if received else None,
            refusals=tuple(message for (message,) in refusals),
        )

    def _versions(
        self, feed: str, table: str, as_at: date | None, among: Collection[str] | None = None
    ) -> list[tuple[str, str, int, int]]:
        """(sha256, key, rows, rank) of each return; rank 1 stands: latest told, then last taken. 0: not yet known."""
        return self._all(
            "select sha256, return_key, row_count, case when told then row_number() over ("
            "partition by return_key, told order by reported_at desc, seq desc) else 0 end from ("
            f"{_KNOWN_VERSIONS}) where table_name = ? order by seq",
            [*_asked(feed, as_at, among), table],
        )

    def _see(self, stamp: Stamp, sha256: str) -> None:
        self._connection.execute(
            "insert into seen values (?, ?, ?, ?) on conflict (path) do update set "
            "size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256",
            [stamp.path, stamp.size, stamp.mtime_ns, sha256],
        )

    def _all(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        with closing(self._connection.execute(query, tuple(parameters))) as cursor:
            return cursor.fetchall()


def _asked(feed: str, as_at: date | None, among: Collection[str] | None) -> list[object]:
    """Parameters of :data:`_KNOWN_VERSIONS`."""
    listed = None if among is None else json.dumps(sorted(among))
    return [feed, (as_at or date.max).isoformat(), listed]


def _stands(key: str, rank: int) -> bool:
    """Whether a return stands: the first of its key, or any where returns have no key (whole snapshots)."""
    return rank == 1 or (rank > 0 and key == _NO_KEY)


def raw_path(feed: str, table: str, sha256: str) -> Path:
    """Place of a raw file, below home."""
    return Path("raw") / feed / table / f"{sha256}.parquet"


_FILE_COLUMNS = [
    "sha256",
    "feed",
    "tables",
    "path",
    "size",
    "received_at",
    "outcome",
    "code",
    "message",
    "notes",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_not_taken",
    "layout",
    "reported_at",
    "vintage_date",
    "contract_version",
]
_SELECT_KNOWN = "select sha256, feed, path, outcome, code, message, contract_version from file"


def _again(column: str) -> str:
    """A column of a file entered once more. A second look at a file taken before is no second receipt."""
    if column == "received_at":
        return "case when file.outcome = 'refused' then excluded.received_at else file.received_at end"
    return f"excluded.{column}"


_FIRST_RECEIPT = "select min(substr(received_at, 1, 10)) from file where feed = ?1 and outcome <> 'refused'"
# the returns of feed ?1 with ``told``: whether each was known on day ?2; of the files in the JSON list ?3, or of all
_KNOWN_VERSIONS = (
    "select v.*, v.reported_at <= ?2 and "
    f"(substr(f.received_at, 1, 10) <= ?2 or ?2 < ({_FIRST_RECEIPT})) as told "
    "from return_version as v inner join file as f on v.sha256 = f.sha256 "
    "where v.feed = ?1 and (?3 is null or v.sha256 in (select value from json_each(?3)))"
)
_UPSERT_FILE = (
    f"insert into file ({', '.join(_FILE_COLUMNS)}) values ({', '.join('?' * len(_FILE_COLUMNS))}) "
    f"on conflict (sha256) do update set {', '.join(f'{c} = {_again(c)}' for c in _FILE_COLUMNS[1:])}"
)


def _file_row(entry: Entry, sha256: str) -> list[object]:
    report = entry.report
    return [
        sha256,
        report.feed,
        json.dumps([counts.to_dict() for counts in report.tables]),
        entry.stamp.path,
        entry.stamp.size,
        entry.received_at.isoformat(sep=" "),
        report.outcome,
        report.code,
        report.message,
        json.dumps(report.notes),
        report.rows_read,
        report.rows_accepted,
        report.rows_quarantined,
        report.rows_not_taken,
        ", ".join(counts.layout for counts in report.tables),
        entry.reported_at.isoformat() if entry.reported_at else None,
        entry.vintage.isoformat() if entry.vintage else None,
        entry.contract_version,
    ]


def _tables(text: str) -> tuple[TableCounts, ...]:
    return tuple(
        TableCounts(
            table=item["table"],
            layout=item["layout"],
            sheet=item["sheet"],
            read=item["rows_read"],
            accepted=item["rows_accepted"],
            quarantined=item["rows_quarantined"],
            not_taken=item["rows_not_taken"],
        )
        for item in json.loads(text)
    )
