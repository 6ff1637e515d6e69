"""The date a whole-snapshot file stands for: from its name, else the newest plausible date inside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import duckdb

from orchestration.ingest.checks import value_name
from orchestration.ingest.months import MONTHS, SHORTEST, month_number
from orchestration.ingest.validate import Validated

_MONTH = rf"(?P<month_name>{'|'.join(month[:SHORTEST] for month in MONTHS)})[a-z]*"
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


def vintage_dates(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Validated], received_on: date
) -> list[tuple[date, str | None]]:
    """Vintage of each file, and a remark when it was found inside the file or taken from the day of receipt."""
    inside = [_newest(connection, table, received_on) for table in tables]
    found: list[tuple[date, str | None]] = []
    for number, sheet in enumerate(tables[0].sheets, start=1):
        named = date_in_name(sheet.file)
        newest = max((dates[number] for dates in inside if number in dates), default=None)
        if named is not None:
            found.append((named, None))
        elif newest is not None:
            found.append((newest, f"no date in the file name: vintage {newest}, the newest date inside"))
        else:
            remark = f"no date in the file name or inside: vintage {received_on}, the day of receipt"
            found.append((received_on, remark))
    return found


def date_in_name(file_name: str) -> date | None:
    """The date written in a file name; a month stands for its first day."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(file_name):
            found = _date(match.groupdict())
            if found is not None:
                return found
    return None


def _date(parts: dict[str, str | None]) -> date | None:
    month = month_number(parts.get("month_name") or parts.get("month") or "")
    try:
        return None if month is None else date(int(parts["year"] or 0), month, int(parts.get("day") or 1))
    except ValueError:
        return None


def _newest(connection: duckdb.DuckDBPyConnection, table: Validated, received_on: date) -> dict[int, date]:
    """The newest date not after the receipt, by file."""
    columns = [value_name(column.name) for column in table.first.table.columns if column.type == "date"]
    if not columns:
        return {}
    newest = ", ".join(f"max({column}) filter (where {column} <= date '{received_on}')" for column in columns)
    rows = connection.execute(
        f"select file_no, {newest} from {table.typed} where not bad group by file_no"
    ).fetchall()
    return {row[0]: max(dates) for row in rows if (dates := [day for day in row[1:] if day is not None])}
