"""Remarks on a return beside those before it: far fewer rows, far more, a part sent for the whole, or out of date.

A return of half or twice the rows of any before it may be right, so nothing is refused for it; the numbers are told
while the supplier still remembers. Returns are compared with those of the same submitter for other periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from dbt_project.registry import Feed
from orchestration.ingest.ledger import ReturnVersion

_LEAST_BEFORE = 2  # returns to compare with
_MOST_BEFORE = 12  # of them, the newest: a year of months
_LEAST_ROWS = 10  # rows by which sizes must differ; small returns double and halve all the time
_FACTOR = 2

_Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Size:
    told: date
    rows: int


@dataclass
class Sizes:
    """Every return known by feed, table and submitter, and its rows; kept up to date through a run."""

    _known: dict[tuple[str, str, _Key], dict[_Key, _Size]] = field(
        default_factory=dict[tuple[str, str, _Key], dict[_Key, _Size]]
    )

    def add(self, feed: Feed, versions: Iterable[ReturnVersion]) -> None:
        """Enter returns; for one return the newest told stands, and of those the one that came last."""
        for version in versions:
            submitter, period = _split(feed, version)
            sizes = self._known.setdefault((feed.id, version.table, submitter), {})
            before = sizes.get(period)
            if before is None or version.reported_at >= before.told:
                sizes[period] = _Size(version.reported_at, version.rows)

    def remarks(self, feed: Feed, versions: Sequence[ReturnVersion]) -> tuple[str, ...]:
        """What is to be said of the returns in one file, beside what came before."""
        told: dict[str, list[str]] = {}
        for version in versions:
            for what, numbers in self._compared(feed, version):
                told.setdefault(what, []).append(numbers)
        return tuple(_sentence(feed, what, numbers) for what, numbers in told.items())

    def _compared(self, feed: Feed, version: ReturnVersion) -> Iterable[tuple[str, str]]:
        if not version.return_key and not feed.vintage:
            return  # files that add to each other: any size is ordinary
        submitter, period = _split(feed, version)
        sizes = self._known.get((feed.id, version.table, submitter), {})
        same = sizes.get(period)
        if same is not None and same.told > version.reported_at:
            yield "superseded", ""
            return
        if (
            same is not None
            and same.rows >= _FACTOR * version.rows
            and same.rows - version.rows >= _LEAST_ROWS
        ):
            yield "partial", f"{_rows(version.rows)}, {same.rows:,} before"
            return
        before = [
            size for other, size in sizes.items() if other != period and size.told <= version.reported_at
        ]
        rows = [size.rows for size in sorted(before, key=lambda size: size.told)[-_MOST_BEFORE:]]
        if len(rows) < _LEAST_BEFORE:
            return
        low, high = min(rows), max(rows)
        numbers = f"{_rows(version.rows)}; {_between(low, high)} in {len(rows)} earlier ones"
        if version.rows * _FACTOR <= low and low - version.rows >= _LEAST_ROWS:
            yield "smaller", numbers
        elif version.rows >= high * _FACTOR and version.rows - high >= _LEAST_ROWS:
            yield "larger", numbers


def _split(feed: Feed, version: ReturnVersion) -> tuple[_Key, _Key]:
    """Who submits, and for when. Of a feed of whole snapshots each day of the source is a return of its own."""
    periods = {
        column.name
        for column in feed.table(version.table).columns
        if column.type in ("date", "month")
        or (feed.period and column.name in (feed.period.year, feed.period.month))
    }
    key = sorted((name, str(value)) for name, value in version.return_key.items())
    when = tuple(each for each in key if each[0] in periods)
    if not version.return_key:
        when = (("", version.reported_at.isoformat()),)
    return tuple(each for each in key if each[0] not in periods), when


def _sentence(feed: Feed, what: str, numbers: Sequence[str]) -> str:
    count = len(numbers)
    first = f"({numbers[0]}{f', and {count - 1} more' if count > 1 else ''})"
    subject = f"{count:,} returns" if count > 1 else "1 return"
    verb = "are" if count > 1 else "is"
    if what == "superseded":
        return f"{subject} {verb} older than the one that stands and {'do' if count > 1 else 'does'} not replace it"
    if what == "partial":
        replaces = "replace" if count > 1 else "replaces"
        again = "if only the changes were sent, send the whole return again"
        return f"{subject} {replaces} one of many more rows {first}: {again}"
    whole = "the file is" if feed.vintage else f"{subject} {verb}"
    return f"{whole} much {what} than those before {first}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _between(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
