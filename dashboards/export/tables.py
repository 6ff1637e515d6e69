"""What there is to export: the relations of schema ``marts`` of a published database, with what they promise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import duckdb

from dashboards import formatting, wording
from dashboards.inputs import InputError, ReleaseInfo, read_release
from dbt_project.registry import Mart, Metric, Programme, load_marts
from dbt_project.registry.published_tables import PublishedTable, load_published_tables

FIGURES = ("value", "numerator", "denominator", "lower_95", "upper_95")
METRIC = "metric_id"
VALUES = "fct_metric_value"
ANALYSES, ESTIMATES = "dim_analysis", ("fct_impact_estimate", "fct_impact_balance")
SHOWN = ("published", "exploratory")  # standings of an analysis whose estimates may leave
FAMILY = "fct_metric_"  # tables of figures, one row per metric and more; exported metric by metric
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
LICENCE_NAME = "Open Government Licence v3.0"
# Disclosure control adds these two to the columns that dbt promises.
ADDED = {
    "suppressed": "Whether disclosure control withholds the figure.",
    "symbol": "Why a figure is missing or how far it can be relied on; empty for an ordinary figure. "
    + "; ".join(f"{symbol} = {text}" for symbol, text in wording.SYMBOLS.items())
    + ".",
}


@dataclass(frozen=True)
class ExportColumn:
    """A column with its DuckDB type and its meaning."""

    name: str
    kind: str
    description: str

    @property
    def is_text(self) -> bool:
        """Whether its cells are text, not numbers, dates or truth values."""
        return self.kind == "VARCHAR"


@dataclass(frozen=True)
class Reference:
    """Columns of a table that name a row of another one."""

    columns: tuple[str, ...]
    table: str


@dataclass(frozen=True)
class ExportTable:
    """A published table. ``key`` may be empty; ``metrics`` are those it holds figures of, in catalogue order."""

    name: str
    description: str
    grain: str
    columns: tuple[ExportColumn, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def holds_figures(self) -> bool:
        """Whether its rows are figures of metrics."""
        return self.name.startswith(FAMILY) and METRIC in self.names and "value" in self.names

    @property
    def kind(self) -> str:
        """What the figures are, as file names and tabs say it; empty for the plain values."""
        return "" if self.name == VALUES else self.name.removeprefix(FAMILY).replace("_", "-")


@dataclass(frozen=True)
class Publication:
    """One published database as the exports see it."""

    release: ReleaseInfo
    tables: tuple[ExportTable, ...]
    metrics: dict[str, Metric]
    programme: Programme
    first_day: date  # of the earliest period

    @property
    def figures(self) -> tuple[ExportTable, ...]:
        """Tables of figures, the plain values first."""
        found = [table for table in self.tables if table.holds_figures]
        return tuple(sorted(found, key=lambda table: (bool(table.kind), table.name)))

    @property
    def others(self) -> tuple[ExportTable, ...]:
        """Tables of organisations, definitions and the like."""
        return tuple(table for table in self.tables if not table.holds_figures)

    @property
    def stamp(self) -> datetime:
        """The time every file carries: that of the release, never the clock's; UTC, without a zone."""
        moment = self.release.published_at
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

    @property
    def notices(self) -> tuple[str, ...]:
        """What no reader may miss: generated data, a picture of the past, publication against the checks."""
        lines = (f"{wording.DEMONSTRATION}.",) if self.release.demonstration else ()
        if self.release.as_at:
            lines += (f"{wording.AS_AT} {formatting.day(self.release.as_at)}. {wording.AS_AT_MORE}",)
        if self.release.override_reason:
            lines += (f"Published although checks failed, because: {self.release.override_reason}.",)
        return lines


def read_publication(
    connection: duckdb.DuckDBPyConnection, metrics: dict[str, Metric], programme: Programme
) -> Publication:
    """What a published database offers for export.

    Raises :class:`InputError` where a withheld figure still carries a number, or an analysis that may not show its
    estimate has one: nothing is written then.
    """
    promised = {**load_marts(), **load_published_tables()}
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by table_name"
    ).fetchall()
    tables = [_table(connection, name, promised.get(name), metrics) for (name,) in found]
    for table in tables:
        _refuse_leaks(connection, table)
    _refuse_estimates(connection, {table.name for table in tables})
    tables = [_with_references(connection, table, tables) for table in tables]
    first = connection.execute(f"select min(period_start) from marts.{VALUES}").fetchone()
    first_day = first[0] if first and first[0] else programme.start
    return Publication(read_release(connection), tuple(tables), metrics, programme, first_day)


def _table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    promise: Mart | PublishedTable | None,
    metrics: dict[str, Metric],
) -> ExportTable:
    said = {column.name: column.meaning for column in promise.columns} if promise else {}
    columns = tuple(
        ExportColumn(column, kind, said.get(column) or ADDED.get(column, ""))
        for column, kind, *_ in connection.execute(f"describe marts.{name}").fetchall()
    )
    table = ExportTable(
        name=name,
        description=promise.description if promise else "",
        grain=promise.grain if promise else "",
        columns=columns,
        key=promise.key if promise else (),
    )
    if not table.holds_figures:
        return table
    held = {row[0] for row in connection.execute(f"select distinct {METRIC} from marts.{name}").fetchall()}
    if unknown := sorted(held - set(metrics)):
        raise InputError(f"{name}: metrics the registry does not know: {', '.join(unknown)}")
    return replace(table, metrics=tuple(metric for metric in metrics if metric in held))


def _refuse_leaks(connection: duckdb.DuckDBPyConnection, table: ExportTable) -> None:
    if "suppressed" not in table.names:
        return
    shown = " or ".join(f"{name} is not null" for name in FIGURES if name in table.names)
    row = connection.execute(
        f"select count(*) from marts.{table.name} where suppressed and ({shown})"
    ).fetchone()
    if row and row[0]:
        raise InputError(f"{table.name}: {row[0]} withheld figures carry a number: expected none")


def _refuse_estimates(connection: duckdb.DuckDBPyConnection, names: set[str]) -> None:
    """An analysis that was refused, or that nobody locked, has no estimate in any file."""
    for name in ESTIMATES:
        if not {name, ANALYSES} <= names:
            continue
        row = connection.execute(
            f"select count(*) from marts.{name} anti join"
            f" (from marts.{ANALYSES} where status in {SHOWN}) as shown using (analysis_id)"
        ).fetchone()
        if row and row[0]:
            raise InputError(f"{name}: {row[0]} rows of analyses that may not be shown: expected none")


def _with_references(
    connection: duckdb.DuckDBPyConnection, table: ExportTable, tables: list[ExportTable]
) -> ExportTable:
    """The table with a reference to each other table whose key it holds, where every row keeps it."""
    kept = tuple(
        Reference(other.key, other.name)
        for other in tables
        if other.name != table.name
        and not other.holds_figures
        and other.key
        and set(other.key) <= set(table.names)
        and _holds(connection, table.name, other.name, other.key)
    )
    return replace(table, references=kept)


def _holds(connection: duckdb.DuckDBPyConnection, table: str, other: str, key: tuple[str, ...]) -> bool:
    keys = ", ".join(key)
    some = " or ".join(f"{name} is null" for name in key)
    row = connection.execute(
        f"select (select count(*) from (select distinct {keys} from marts.{table}) as named "
        f"anti join marts.{other} using ({keys})) + (select count(*) from marts.{table} where {some})"
    ).fetchone()
    return row == (0,)


def selected(table: ExportTable, metric_id: str | None = None, columns: str = "*") -> str:
    """SQL of the rows of a table, or of one metric in it, in their stable order; ``columns`` is what to select."""
    condition = "" if metric_id is None else f" where rows.{METRIC} = '{metric_id}'"
    order = ", ".join(f"rows.{name}" for name in table.key) or "all"
    return f"select {columns} from marts.{table.name} as rows{condition} order by {order}"
