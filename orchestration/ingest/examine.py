"""The verdict on files, before anything is stored: read, recognise, bind, validate.

Small files of equal shape are examined together; each still gets a verdict of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Protocol

import duckdb

from dbt_project.registry import Feed
from orchestration.identity import use_key
from orchestration.ingest.checks import value_name
from orchestration.ingest.ledger import ReturnVersion
from orchestration.ingest.outcome import FileReport, Refusal
from orchestration.ingest.printable import printable
from orchestration.ingest.problems import create_problem_table, problem_counts, start_table, summary
from orchestration.ingest.recognise import recognise
from orchestration.ingest.sheets import Sheet, bind_sheet
from orchestration.ingest.validate import Validated, validate
from orchestration.ingest.vintage import vintage_dates
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
    """A file read as text, its sheets bound to promised tables; or why it is refused (then without sheets)."""

    name: str
    feed: Feed | None
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """Files of equal shape can be examined together."""
        return tuple(sheet.shape for sheet in self.sheets)

    @property
    def stands_alone(self) -> bool:
        """Whether the file must be examined by itself."""
        return any(sheet.stands_alone for sheet in self.sheets)


@dataclass(frozen=True)
class Examined:
    """The verdict on one file."""

    report: FileReport
    versions: tuple[ReturnVersion, ...] = ()
    vintage: date | None = None
    file_no: int | None = None  # its number in the tables of the examination; None: refused before
    has_problems: bool = False

    @property
    def reported_at(self) -> date | None:
        """Newest day on which the source told us anything in this file."""
        return max((version.reported_at for version in self.versions), default=None)


@dataclass(frozen=True)
class Examination:
    """Verdicts, and the validated tables they stand on."""

    files: tuple[Examined, ...]
    tables: tuple[Validated, ...]


@contextmanager
def workbench(settings: Settings, key: Secret, spill: Path) -> Generator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB with the run's limits, a spill folder of its own and the key of the pseudonyms."""
    config = {**settings.duckdb_config, "temp_directory": str(spill)}
    with duckdb.connect(":memory:", config=config) as connection:
        use_key(connection, key)
        yield connection


def prepare(
    reader: Reader, path: Path, name: str, feeds: Mapping[str, Feed], wanted: Feed | None
) -> Prepared:
    """Read and bind a file that should belong to feed ``wanted`` (None: any feed)."""
    try:
        found = recognise(feeds.values(), wanted, reader.peek(path), name)
        sheets = tuple(
            bind_sheet(
                found.feed,
                match,
                name,
                reader.read(
                    path, sheet=match.sheet, header=match.has_header, delimiter=match.layout.delimiter
                ),
            )
            for match in found.matches
        )
    except Unreadable as error:
        return Prepared(name, wanted, (), refusal=unreadable(name, error))
    except Refusal as refusal:
        return Prepared(name, wanted, (), refusal=refusal)
    return Prepared(name, found.feed, sheets, found.notes)


def unreadable(name: str, error: Unreadable) -> Refusal:
    """A reader's refusal, told of the file as it lies in the landing folder."""
    where = name
    if error.sheet is not None:
        where += f", sheet '{error.sheet}'"
    if error.line is not None:
        where += f", line {error.line}"
    return Refusal(error.code, where, error.found, error.expected)


def examine(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[tuple[Prepared, str | None]],
    received_on: date,
) -> Examination:
    """Validate files of equal shape, given with their hashes; those refused already may stand among them.

    What is wrong stands in the table ``problem`` of the connection afterwards, by the files' numbers.
    """
    create_problem_table(connection)
    readable = [prepared for prepared, _ in files if prepared.refusal is None]
    tables: list[Validated] = []
    if readable:
        for number in range(len(readable[0].sheets)):
            start_table(connection, number)
            sheets = [prepared.sheets[number] for prepared in readable]
            tables.append(validate(connection, sheets, f"typed_{number}", received_on))
    verdicts = iter(_verdicts(connection, readable, tables, received_on))
    examined = [
        next(verdicts) if prepared.refusal is None else Examined(_refused(prepared, prepared.refusal))
        for prepared, _ in files
    ]
    return Examination(
        tuple(_with_hash(each, sha256) for each, (_, sha256) in zip(examined, files, strict=True)),
        tuple(tables),
    )


def _verdicts(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Prepared],
    tables: Sequence[Validated],
    received_on: date,
) -> list[Examined]:
    """One verdict per readable file."""
    feed = files[0].feed if files else None
    if feed is None:
        return []
    vintages = vintage_dates(connection, tables, received_on) if feed.vintage else [(None, None)] * len(files)
    problems = problem_counts(connection)
    versions = _versions(connection, feed, tables, [vintage for vintage, _ in vintages], received_on)
    verdicts: list[Examined] = []
    for number, (prepared, (vintage, remark)) in enumerate(zip(files, vintages, strict=True), start=1):
        said = [note for table in tables for note in table.notes[number - 1]]
        every = [
            *prepared.notes,
            *said,
            *_future(versions.get(number, ()), received_on),
            *([remark] if remark else []),
        ]
        notes = dict.fromkeys(map(printable, every))
        report = _report(connection, prepared.name, feed, tables, number, tuple(notes))
        told = () if report.outcome == "refused" else tuple(versions.get(number, ()))
        verdicts.append(Examined(report, told, vintage, number, problems[number] > 0))
    return verdicts


def _future(versions: Sequence[ReturnVersion], received_on: date) -> list[str]:
    """A remark on returns dated after they came: they would outrank their own corrections."""
    late = [version.reported_at for version in versions if version.reported_at > received_on]
    if not late:
        return []
    subject = "1 return is" if len(late) == 1 else f"{len(late):,} returns are"
    return [
        f"{subject} dated after the day of receipt ({max(late)}; received {received_on}): a correction dated earlier "
        "will not replace it"
    ]


def _refused(prepared: Prepared, refusal: Refusal) -> FileReport:
    feed_id = prepared.feed.id if prepared.feed else None
    return FileReport(feed_id, prepared.name, "refused", refusal.code, refusal.message)


def _with_hash(examined: Examined, sha256: str | None) -> Examined:
    return replace(examined, report=replace(examined.report, sha256=sha256))


def _report(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    feed: Feed,
    tables: Sequence[Validated],
    file_no: int,
    notes: tuple[str, ...],
) -> FileReport:
    counts = tuple(table.counts[file_no - 1] for table in tables)
    accepted = sum(count.accepted for count in counts)
    quarantined = sum(count.quarantined for count in counts)
    problems = summary(connection, file_no) if quarantined else ""
    if accepted == 0:
        read = sum(count.read for count in counts)
        rows = "1 row, which cannot be taken" if read == 1 else f"{read:,} rows, none of which can be taken"
        found = rows + (f" ({problems})" if problems else "")
        message = f"{name}: found {found}; expected rows as promised by the contract of feed '{feed.id}'"
        return FileReport(feed.id, name, "refused", "no_good_row", message, None, counts, notes)
    message = f"{name}: {accepted:,} row{'s' if accepted != 1 else ''} taken"
    if quarantined:
        message += f", {quarantined:,} set aside: {problems}"
        return FileReport(
            feed.id, name, "accepted_with_quarantine", "rows_set_aside", message, None, counts, notes
        )
    return FileReport(feed.id, name, "accepted", "accepted", message, None, counts, notes)


def _versions(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    tables: Sequence[Validated],
    vintages: Sequence[date | None],
    received_on: date,
) -> dict[int, list[ReturnVersion]]:
    """The returns in each file and when each was told."""
    key = list(feed.return_key)
    picked = "".join(f", {value_name(column)}::varchar" for column in key)
    group = ", ".join(str(place + 1) for place in range(len(key) + 1))
    found: dict[int, list[ReturnVersion]] = {}
    for table in tables:
        query = f"select file_no{picked}, {_told_sql(feed)}, count(*) from {table.typed} where not bad"
        for file_no, *values, told, rows in connection.execute(
            f"{query} group by {group} order by all"
        ).fetchall():
            reported_at = vintages[file_no - 1] or told or received_on
            version = ReturnVersion(
                table.first.table.name, dict(zip(key, values, strict=True)), reported_at, rows
            )
            found.setdefault(file_no, []).append(version)
    return found


def _told_sql(feed: Feed) -> str:
    """When a return was told: its own date, else the end of its period; null: with the file."""
    if feed.reported_at is not None:
        return f"max({value_name(feed.reported_at)})"
    if feed.period is None:
        return "null::date"
    month = value_name(feed.period.month)
    if feed.period.year is not None:
        month = f"make_date({value_name(feed.period.year)}, {month}, 1)"
    return f"last_day(max({month}))"
