"""What intake says about a file: an outcome, a code, one line a supplier understands, and the problems found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from orchestration.ingest.printable import printable

Outcome = Literal["accepted", "accepted_with_quarantine", "refused", "duplicate", "unchanged"]


class Refusal(Exception):  # the word suppliers read
    """A file, or one sheet of it, is not taken at all; the message is one line for the supplier."""

    def __init__(self, code: str, where: str, found: str, expected: str) -> None:
        self.code = code
        self.where = where  # file, sheet, line: what is known
        self.found = found
        self.expected = expected
        self.message = printable(f"{where}: found {found}; expected {expected}")
        super().__init__(self.message)


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place. ``found`` never quotes a personal column."""

    file: str
    sheet: str | None
    line: int | None
    column: str | None
    code: str
    found: str
    expected: str

    def to_dict(self) -> dict[str, str | int | None]:
        """Plain values, ready for JSON."""
        return {
            "file": self.file,
            "sheet": self.sheet,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "found": self.found,
            "expected": self.expected,
        }


@dataclass(frozen=True)
class TableCounts:
    """Rows of one promised table in one file: ``read = accepted + quarantined + not_taken``.

    A wide layout yields one row per milestone, so ``read`` may exceed the lines of the sheet.
    """

    table: str
    layout: str
    sheet: str | None
    read: int
    accepted: int
    quarantined: int
    not_taken: int

    def to_dict(self) -> dict[str, str | int | None]:
        """Plain values, ready for JSON."""
        return {
            "table": self.table,
            "layout": self.layout,
            "sheet": self.sheet,
            "rows_read": self.read,
            "rows_accepted": self.accepted,
            "rows_quarantined": self.quarantined,
            "rows_not_taken": self.not_taken,
        }


@dataclass(frozen=True)
class FileReport:
    """The intake verdict on one file."""

    feed: str | None
    name: str  # path below the landing folder
    outcome: Outcome
    code: str
    message: str
    sha256: str | None = None
    tables: tuple[TableCounts, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows_read(self) -> int:
        """Rows found, over all tables of the file."""
        return sum(counts.read for counts in self.tables)

    @property
    def rows_accepted(self) -> int:
        """Rows taken."""
        return sum(counts.accepted for counts in self.tables)

    @property
    def rows_quarantined(self) -> int:
        """Rows set aside."""
        return sum(counts.quarantined for counts in self.tables)

    @property
    def rows_not_taken(self) -> int:
        """Rows that are not for us: filtered by the layout, or repeated loads."""
        return sum(counts.not_taken for counts in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "feed": self.feed,
            "file": self.name,
            "sha256": self.sha256,
            "outcome": self.outcome,
            "code": self.code,
            "message": self.message,
            "notes": list(self.notes),
            "tables": [counts.to_dict() for counts in self.tables],
        }


@dataclass(frozen=True)
class FeedIntake:
    """What one run did with the files of one feed. Files already known and unchanged are only counted."""

    feed: str | None  # None: files that belong to no feed
    files: tuple[FileReport, ...]
    unchanged: int
    seconds: float

    def with_outcome(self, *outcomes: Outcome) -> tuple[FileReport, ...]:
        """Files of this run with one of these outcomes."""
        return tuple(report for report in self.files if report.outcome in outcomes)

    @property
    def taken(self) -> tuple[FileReport, ...]:
        """Files taken, wholly or in part."""
        return self.with_outcome("accepted", "accepted_with_quarantine")

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """Files not taken."""
        return self.with_outcome("refused")

    @property
    def duplicates(self) -> tuple[FileReport, ...]:
        """Files whose bytes had been taken before, under another name."""
        return self.with_outcome("duplicate")


@dataclass(frozen=True)
class IntakeReport:
    """What one run did with everything in the landing folder."""

    feeds: tuple[FeedIntake, ...]
    seconds: float

    @property
    def files(self) -> tuple[FileReport, ...]:
        """Every file this run looked into."""
        return tuple(report for feed in self.feeds for report in feed.files)

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """Files not taken."""
        return tuple(report for feed in self.feeds for report in feed.refused)

    def feed(self, feed_id: str | None) -> FeedIntake:
        """The intake of one feed (None: files of no feed). Raises KeyError."""
        for intake in self.feeds:
            if intake.feed == feed_id:
                return intake
        raise KeyError(feed_id)


@dataclass(frozen=True)
class CheckReport:
    """A supplier's self-check: the verdict intake would give. Nothing was stored."""

    report: FileReport
    problems: tuple[Problem, ...]  # the first ones, in order of line
    problem_count: int

    @property
    def ok(self) -> bool:
        """Whether every row would be taken."""
        return self.report.outcome == "accepted"

    def rows(self) -> list[tuple[str, ...]]:
        """The problems as a table of text: file, sheet, line, column, code, found, expected."""
        return [
            tuple("" if value is None else str(value) for value in problem.to_dict().values())
            for problem in self.problems
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            **self.report.to_dict(),
            "ok": self.ok,
            "problem_count": self.problem_count,
            "problems": [problem.to_dict() for problem in self.problems],
        }
