"""The units behind one figure and the rows of received files they come from. Pseudonymous; evaluators' tier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.ledger import Ledger

LEVEL_COLUMN = {"region": "region_code", "icb": "icb_code", "sub_icb": "sub_icb_code", "pcn": "pcn_code"}
MONTHS = {"month": 1, "quarter": 3, "year": 12}

_SOURCES = """
with chosen as (select distinct unit_key, strand, event_date, split_part(unit_key, '|', 1) as subject from unit),
found as (
    select chosen.unit_key, events.event_type as fact, events.event_date as happened, events.reported_at,
        events.source_file_sha256 as sha256, events.source_line as line
    from chosen inner join wh.marts.fct_event as events
        on events.person_key = chosen.subject or events.enrolment_id = chosen.subject
    where chosen.strand in ('all', events.strand)
    union all
    select chosen.unit_key, 'in post, ' || posts.role, posts.period, posts.reported_at,
        posts.source_file_sha256, posts.source_line
    from chosen inner join wh.marts.fct_deployment as posts
        on posts.pcn_code = chosen.subject and posts.period = chosen.event_date
    union all
    select chosen.unit_key, posts.category, posts.event_date, null, posts.source_file_sha256, posts.source_line
    from chosen inner join wh.intermediate.int_measure_workforce_post as posts
        on posts.unit_key = chosen.unit_key and posts.event_date = chosen.event_date
)
select * from found order by unit_key, happened, fact
"""


@dataclass(frozen=True)
class Figure:
    """Key of one figure."""

    metric_id: str
    org_level: str
    org_code: str
    strand: str
    sector: str
    period_start: str  # ISO date
    period_grain: str
    geography: str


@dataclass(frozen=True)
class Evidence:
    """What a figure counts. ``parts``: units and their sum by part; ``units``, ``rows``: as many as asked for."""

    parts: tuple[dict[str, Any], ...]
    units: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]


def behind(warehouse: Path, ledger: Path, figure: Figure, *, limit: int) -> Evidence:
    """The units of a figure, the first ``limit`` of them with the rows they come from.

    Empty where a metric has no units of its own: money, patients, gaps between other figures.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as wh (read_only)")
        connection.execute("use wh")
        condition, parameters = _where(figure)
        connection.execute(
            "create temp table temp.every_unit as select part, unit_key, event_date, strand, sector, category, amount, "
            f"pcn_code, icb_code from marts.fct_metric_unit where {condition}",
            parameters,
        )
        parts = _records(
            connection,
            "select part, count(distinct unit_key) as units, sum(amount) as amount from temp.every_unit "
            "group by part order by part desc",
        )
        connection.execute(
            "create temp table temp.unit as select * from temp.every_unit "
            f"order by part desc, event_date, unit_key limit {int(limit)}"
        )
        units = _records(connection, "select * from temp.unit order by part desc, event_date, unit_key")
        rows = _records(connection, _SOURCES.replace("from unit)", "from temp.unit)"))
    names = _file_names(ledger)
    for row in rows:
        row["feed"], row["file"] = names.get(str(row["sha256"]), ("", ""))
    return Evidence(tuple(parts), tuple(units), tuple(rows))


def _where(figure: Figure) -> tuple[str, list[Any]]:
    conditions = ["metric_id = ?", "geography = ?", "event_date >= cast(? as date)"]
    parameters: list[Any] = [figure.metric_id, figure.geography, figure.period_start]
    if figure.period_grain in MONTHS:
        conditions.append(f"event_date < cast(? as date) + interval {MONTHS[figure.period_grain]} month")
        parameters.append(figure.period_start)
    if figure.org_level in LEVEL_COLUMN:
        conditions.append(f"{LEVEL_COLUMN[figure.org_level]} = ?")
        parameters.append(figure.org_code)
    for column in ("strand", "sector"):
        value = getattr(figure, column)
        if value != "all":
            conditions.append(f"{column} = ?")
            parameters.append(value)
    return " and ".join(conditions), parameters


def _records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _file_names(path: Path) -> dict[str, tuple[str, str]]:
    with Ledger(path) as ledger:
        return {
            report.sha256: (report.feed or "", Path(report.name).name)
            for report in ledger.reports()
            if report.sha256
        }
