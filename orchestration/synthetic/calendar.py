"""The days the generated programme runs on: first to last, and when each feed is drawn."""

from __future__ import annotations

from datetime import date, timedelta

PROGRAMME_START = date(2021, 4, 1)
CUT_OFF = date(2026, 6, 30)
FIRST_CENSUS = date(2020, 3, 1)
LAST_PERIOD = date(2026, 5, 1)  # the June 2026 posts are returned after the cut-off


def add_months(day: date, months: int) -> date:
    """The first of the month that lies `months` after the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def month_end(month: date) -> date:
    """The last day of a month given by any of its days."""
    return add_months(month, 1) - timedelta(days=1)


def months(first: date, last: date, step: int = 1) -> list[date]:
    """Firsts of month from `first` to `last`, both included where the step meets them."""
    found = [first]
    while (following := add_months(found[-1], step)) <= last:
        found.append(following)
    return found


def financial_year(day: date) -> str:
    """The financial year of a day, as ``2024/25``."""
    start = day.year if day.month >= 4 else day.year - 1  # noqa: PLR2004  # years start on 1 April
    return f"{start}/{(start + 1) % 100:02d}"


EXTRACTS = [*months(PROGRAMME_START, date(2026, 4, 1), 3), date(2026, 6, 1)]
REGISTER_SNAPSHOTS = [*months(PROGRAMME_START, date(2026, 4, 1), 3), CUT_OFF]
SMALL_SNAPSHOTS = [
    *months(date(2022, 4, 1), date(2025, 4, 1), 12),
    *months(date(2025, 7, 1), date(2026, 4, 1), 3),
    CUT_OFF,
]
CENSUSES = [*months(FIRST_CENSUS, date(2023, 12, 1), 3), *months(date(2024, 1, 1), LAST_PERIOD)]
DEPLOYMENT_PERIODS = months(PROGRAMME_START, LAST_PERIOD)
PRESCRIBING_PERIODS = months(PROGRAMME_START, date(2026, 4, 1))  # later months are returned after the cut-off
FINANCIAL_YEARS = [financial_year(date(year, 4, 1)) for year in range(2021, 2026)]
