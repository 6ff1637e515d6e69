"""The date a whole-snapshot file stands for: from its name, else the newest plausible date inside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

import duckdb

from orchestration.ingest.checks import value_name
from orchestration.ingest.validate import Validated

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?P<month_name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_YEAR = r"(?P<year>(19|20)\d\d)"
_PATTERNS = tuple(
    re.compile(rf"(?<![0-9]){pattern}(?![0-9])", re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}[-_. ](?P<month>\d\d)[-_. ](?P<day>\d\d)",
        rf"(?P<day>\d\d)[-_. ](?P<month>\d\d)[-_. ]{_YEAR}",
        rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)",
        rf"(?P<day>\d{{1,2}})[-_. ]?{_MONTH}[-_. ]?{_YEAR}",
        rf"{_YEAR}[-_. ](?P<month>\d\d)",
        rf"{_MONTH}[-_. ]*{_YEAR}",
        rf"{_YEAR}(?P<month>\d\d)",
    )
)


def vintage_date(
    connection: duckdb.DuckDBPyConnection, file_name: str, tables: Sequence[Validated], received_on: date
) -> tuple[date, str | None]:
    """The vintage, and a remark when it had to be found inside the file or taken from the day of receipt."""
    named = date_in_name(file_name)
    if named is not None:
        return named, None
    newest = max(filter(None, (_newest(connection, table, received_on) for table in tables)), default=None)
    if newest is not None:
        return newest, f"no date in the file name: vintage {newest}, the newest date inside"
    return received_on, f"no date in the file name or inside: vintage {received_on}, the day of receipt"


def date_in_name(file_name: str) -> date | None:
    """The date written in a file name; a month stands for its first day."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(file_name):
            found = _date(match.groupdict())
            if found is not None:
                return found
    return None


def _date(parts: dict[str, str | None]) -> date | None:
    name = parts.get("month_name")
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(parts.get("month") or 0)
    try:
        return date(int(parts["year"] or 0), month, int(parts.get("day") or 1))
    except ValueError:
        return None


def _newest(connection: duckdb.DuckDBPyConnection, table: Validated, received_on: date) -> date | None:
    columns = [column for column in table.sheet.table.columns if column.type == "date"]
    if not columns:
        return None
    newest = ", ".join(
        f"max({value_name(column.name)}) filter (where {value_name(column.name)} <= date '{received_on}')"
        for column in columns
    )
    row: Iterable[date | None] = connection.execute(f"select {newest} from {table.typed} where not bad").fetchall()[0]
    return max(filter(None, row), default=None)
