"""The revision triangle: the same figures as they stood at one data cut-off after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import duckdb
import pandas as pd

from orchestration.fingerprint import figures_version
from orchestration.history import vintages
from orchestration.history.scenario import as_known
from orchestration.history.vintages import Vintage
from orchestration.ingest.sql import listed
from orchestration.settings import Settings
from orchestration.warehouse_inputs import collect

Progress = Callable[[str], None]
Step = Literal["month", "quarter"]

MONTHS_OF_STEP: dict[Step, int] = {"month": 1, "quarter": 3}
_MONTHS = 12
_CODE_DIGITS = 8


@dataclass(frozen=True)
class Cut:
    """Which figures of a metric: one organisation, one grain, one strand and sector, one geography."""

    metric_id: str
    org: str = "ENG"
    grain: str = "month"
    strand: str = "all"
    sector: str = "all"
    geography: str = "as_was"


@dataclass(frozen=True)
class Triangle:
    """Values by period (rows) and vintage (columns), and what became of each.

    ``frame``: period_start, one column per vintage (its ISO date; empty where the vintage has no value), ``first``
    and ``latest`` value and ``revision_percent``, the absolute change between them in percent of the first (empty
    where there is one value, or the first is 0).
    """

    cut: Cut
    frame: pd.DataFrame
    vintages: tuple[str, ...]
    median_absolute_revision_percent: float | None
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For a machine."""
        rows = [
            {
                "period_start": row["period_start"],
                "values": {day: _number(row[day]) for day in self.vintages},
                "first": _number(row["first"]),
                "latest": _number(row["latest"]),
                "revision_percent": _number(row["revision_percent"]),
            }
            for row in self.frame.to_dict("records")
        ]
        return {
            **vars(self.cut),
            "vintages": list(self.vintages),
            "rows": rows,
            "median_absolute_revision_percent": self.median_absolute_revision_percent,
            "notes": list(self.notes),
        }


def days_between(first: date, last: date, step: Step) -> list[date]:
    """The last days of months, or of quarters, from ``first`` to ``last``, both included."""
    months = MONTHS_OF_STEP[step]
    found: list[date] = []
    index = first.year * _MONTHS + first.month  # of the month after
    while (day := date(index // _MONTHS, index % _MONTHS + 1, 1) - timedelta(days=1)) <= last:
        if index % months == 0:
            found.append(day)
        index += 1
    return found


def vintages_of_days(
    settings: Settings, days: Iterable[date], progress: Progress, *, build: bool
) -> tuple[list[Vintage], list[date]]:
    """The kept vintages of what was known on these days, and the days that are not kept.

    With ``build`` those are built, oldest first, and kept; days before the first report stay out.
    """
    found: dict[date, Vintage] = {}
    missing: list[date] = []
    wanted = sorted(set(days))
    for number, day in enumerate(wanted, start=1):
        asked = replace(settings, as_at=day)
        inputs = collect(asked)
        if not inputs.files:
            continue
        vintage = _of_day(settings, inputs.vintage)
        if vintage is None and build:
            progress(f"vintage {number} of {len(wanted)}")
            picture = as_known(asked, progress, keep=True)
            vintages.keep(picture.settings, picture.build)
            vintage = _of_day(settings, inputs.vintage)
        if vintage is None:
            missing.append(day)
        else:
            found[vintage.day] = vintages.promote(settings, vintage) if build else vintage
    return list(found.values()), missing


def triangle(cut: Cut, chosen: Sequence[Vintage]) -> Triangle:
    """The triangle of one figure series over kept vintages; no rows where none of them knows it."""
    one_a_day = {vintage.day: vintage for vintage in reversed(chosen)}  # kept before only asked for
    wide, definitions = _read(cut, [one_a_day[day] for day in sorted(one_a_day)])
    days = [column for column in wide.columns if column != "period_start"]
    values = wide[days]
    first = values.bfill(axis=1).iloc[:, 0] if days else pd.Series(dtype=float)
    latest = values.ffill(axis=1).iloc[:, -1] if days else pd.Series(dtype=float)
    changed = (values.notna().sum(axis=1) > 1) & (first != 0)
    revision = (100 * (latest - first).abs() / first.abs()).where(changed)
    frame = wide.assign(first=first, latest=latest, revision_percent=revision)
    median = revision.median()
    notes: list[str] = []
    if len(definitions) > 1:
        listing = ", ".join(str(version) for version in definitions)
        notes.append(
            f"the definition changed between these vintages (versions {listing}): --build makes them anew"
        )
    elif any(vintage.code != figures_version()[:_CODE_DIGITS] for vintage in one_a_day.values()):
        notes.append("some of these vintages were computed by earlier code: --build makes them anew")
    return Triangle(cut, frame, tuple(days), None if pd.isna(median) else float(median), tuple(notes))


def levels_of(org: str, chosen: Sequence[Vintage]) -> list[str]:
    """Levels at which the vintages know an organisation; none when they do not."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select distinct org_level from read_parquet([{_paths(chosen)}]) where org_code = ? order by 1",
            [org],
        ).fetchall()
    return [level for (level,) in rows]


def _of_day(settings: Settings, day: date) -> Vintage | None:
    """The kept vintage of a data cut-off, computed by the code of today."""
    code = figures_version()[:_CODE_DIGITS]
    return next((found for found in vintages.kept(settings) if found.day == day and found.code == code), None)


def _read(cut: Cut, chosen: Sequence[Vintage]) -> tuple[pd.DataFrame, list[int]]:
    """Periods by vintage, and the definition versions among them."""
    if not chosen:
        return pd.DataFrame({"period_start": pd.Series(dtype="datetime64[ns]")}), []
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select vintage::varchar as vintage, period_start, value, definition_version "
            f"from read_parquet([{_paths(chosen)}]) where metric_id = ? and org_code = ? and period_grain = ? "
            "and strand = ? and sector = ? and geography = ?",
            [cut.metric_id, cut.org, cut.grain, cut.strand, cut.sector, cut.geography],
        ).df()
    wide = rows.pivot(index="period_start", columns="vintage", values="value").sort_index(axis=1)
    wide.columns.name = None
    return wide.sort_index().reset_index(), sorted(set(rows["definition_version"]))


def _paths(chosen: Sequence[Vintage]) -> str:
    return listed(str(vintage.path) for vintage in chosen)


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # pyright: ignore[reportArgumentType, reportCallIssue, reportGeneralTypeIssues, reportUnknownVariableType]
