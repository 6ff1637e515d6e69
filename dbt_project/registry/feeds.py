"""Feed contracts: one folder under ``models/staging`` per feed, one ``_<feed>__sources.yml`` in it.

The YAML is a dbt source; what dbt cannot say stands under ``config.meta``. The *promise* is the typed table;
a *layout* is the mapping by which one real file fills it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dbt_project.registry.errors import RegistryError, explain, read_yaml
from dbt_project.registry.paths import STAGING_DIR

ColumnType = Literal["text", "integer", "decimal", "date", "month", "boolean"]
Format = Literal["csv", "excel", "parquet", "postgres", "rest"]


class Strict(BaseModel):
    """Unknown keys are errors: a typo must fail at load, not be ignored for years."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """One promised column: type, rules, and how real files spell it."""

    name: str
    type: ColumnType = "text"
    description: str
    required: bool = False
    personal: Literal["none", "indirect", "direct"] = "none"
    allowed: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict[str, str])  # source spelling -> promised value
    other: str | None = None  # promised value for any spelling not listed; None = such a value is an error
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    usual_maximum: float | None = None  # above it a value is taken and remarked on
    beyond_usual: str = "which is unusual"  # what such a value probably is
    scale: int = 9  # digits after the point of a decimal, stored as DECIMAL(18, scale)
    formats: tuple[str, ...] = ()  # strptime formats tried in order; empty = those of the type
    aliases: tuple[str, ...] = ()  # header spellings accepted in every layout
    null_values: tuple[str, ...] = ()  # spellings that mean "no value", e.g. "U" for no PCN
    not_after: str | None = None  # date column of the same row this date may not be later than, or "receipt"

    @property
    def sql_type(self) -> str:
        """DuckDB and Parquet type of the column in ``raw/``."""
        if self.type == "decimal":
            return f"DECIMAL(18,{self.scale})"
        return {"text": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN"}.get(self.type, "DATE")


class Table(Strict):
    """A promised table: what one row is, its key, its columns."""

    name: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()  # columns that identify a row within one file; duplicates are quarantined
    repeated_loads: bool = False  # rows have no key; a file that holds itself k times is reduced to one load

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        """Columns that may enter ``raw/``: everything but direct personal identifiers."""
        return tuple(column for column in self.columns if column.personal != "direct")

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


class Person(Strict):
    """A person described by a row: which columns identify them, and the key that replaces those columns."""

    table: str
    key: str = "person_key"
    gphc_number: str
    surname: str | None = None
    forename: str | None = None
    date_of_birth: str | None = None
    email: str | None = None
    local_id: tuple[str, ...] = ()  # columns that identify the person at the source when there is no number


class Pseudonym(Strict):
    """A keyed pseudonym over columns of a row, for what must be told apart without being named."""

    table: str
    key: str  # column added to ``raw/``
    columns: tuple[str, ...]


class Unpivot(Strict):
    """A wide layout: each named source column holds the value of ``value_column`` for one ``name_column``."""

    name_column: str
    value_column: str
    columns: dict[str, str]  # source header -> value of name_column


class Layout(Strict):
    """How one kind of real file fills a promised table."""

    name: str
    title: str
    table: str
    format: tuple[Format, ...]
    sheets: tuple[str, ...] = ()  # sheet names accepted (any of them); empty = the first sheet
    header: bool = True
    positions: tuple[str, ...] = ()  # header-less files: promised column per position, "" = not taken
    first_value: str | None = None  # header-less files: pattern the first field must match
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    constants: dict[str, str] = Field(default_factory=dict[str, str])
    unpivot: Unpivot | None = None
    delimiter: str | None = None  # None = found from the header
    ignored: tuple[str, ...] = ()  # source columns that are known and not taken
    load_id: str | None = None  # column numbering repeated loads in one file; the newest is kept
    query: str | None = None  # postgres: table or query
    resource: str | None = None  # rest: path and query of the first page
    row_filter: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])  # rows to take

    @model_validator(mode="after")
    def _header_or_positions(self) -> Layout:
        if self.header == bool(self.positions):
            raise ValueError("a layout has a header, or positions, never both")
        return self


class Period(Strict):
    """The period a file declares outside its rows, checked against the rows' own."""

    year: str | None = None  # column of the row's own year
    month: str  # column of the row's own month (number with ``year``, else a month)
    declared_columns: tuple[str, ...] = ()
    filename_pattern: str | None = None  # groups ``year`` and ``month`` (number or English name)


class Feed(Strict):
    """One feed: owner, cadence, tables, layouts, and the persons in its rows."""

    id: str
    title: str
    description: str
    owner: str
    owner_email: str
    cadence: Literal["monthly", "quarterly", "termly", "yearly", "irregular"]
    grace_days: int  # days after the cadence before the feed counts as late
    order: int = 100  # lower is ingested earlier; the register comes first because it anchors identities
    return_key: tuple[str, ...] = ()  # a later file with the same values supersedes
    reported_at: str | None = None  # column saying when the source told us; None = date of receipt
    vintage: bool = False  # whole snapshots: the newest file stands; vintage_date is added to raw
    period: Period | None = None
    licence: str
    tables: tuple[Table, ...]
    layouts: tuple[Layout, ...]
    persons: tuple[Person, ...] = ()
    pseudonyms: tuple[Pseudonym, ...] = ()

    @property
    def month_columns(self) -> frozenset[str]:
        """Names of the columns that hold a month."""
        return frozenset(
            column.name for table in self.tables for column in table.columns if column.type == "month"
        )

    @property
    def is_in_parts(self) -> bool:
        """Whether a month comes as several returns, one from each sender: it is complete when the last has come."""
        months = self.month_columns
        return bool(months & set(self.return_key)) and not set(self.return_key) <= months

    def table(self, name: str) -> Table:
        """The promised table of that name. Raises KeyError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(f"{self.id} has no table {name}")

    @property
    def freshness_days(self) -> int:
        """Days after which the newest data of this feed counts as stale."""
        return {"monthly": 31, "quarterly": 92, "termly": 122, "yearly": 366, "irregular": 366}[
            self.cadence
        ] + self.grace_days

    @model_validator(mode="after")
    def _names_exist(self) -> Feed:
        for layout in self.layouts:
            known = {column.name for column in self.table(layout.table).columns}
            for name in (*layout.columns, *layout.constants, *filter(None, layout.positions)):
                if name not in known:
                    raise ValueError(
                        f"layout {layout.name} names {name}, which {layout.table} does not promise"
                    )
        for column in (c for table in self.tables for c in table.columns if c.pattern):
            re.compile(column.pattern or "")
        return self


def header_key(text: str) -> str:
    """Fold a header for comparison: case, spaces, line breaks, underscores and punctuation do not matter."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower().replace("\ufeff", "")).strip()


@lru_cache(maxsize=4)
def load_feeds(folder: Path = STAGING_DIR) -> dict[str, Feed]:
    """Every feed contract by id, in ingest order.

    Raises :class:`RegistryError` naming file and key when a contract is wrong.
    """
    feeds = [_load(path) for path in sorted(folder.glob("*/_*__sources.yml"))]
    return {feed.id: feed for feed in sorted(feeds, key=lambda feed: (feed.order, feed.id))}


def _load(path: Path) -> Feed:
    document = read_yaml(path)
    try:
        source: dict[str, Any] = document["sources"][0]
        meta: dict[str, Any] = source["config"]["meta"]
        tables = [_table(table) for table in source["tables"]]
    except (KeyError, TypeError, IndexError) as error:
        raise RegistryError(
            f"{path.name}: not a dbt source with config.meta: {error!r} is missing"
        ) from error
    if source["name"] != path.parent.name:
        raise RegistryError(f"{path.name}: source {source['name']} stands in folder {path.parent.name}")
    fields = {"id": source["name"], "description": source["description"], "tables": tables, **meta}
    try:
        return Feed.model_validate(fields)
    except ValidationError as error:
        raise explain(path, error) from error


def _table(table: dict[str, Any]) -> dict[str, Any]:
    meta = table.get("config", {}).get("meta", {})
    columns = [
        {
            "name": column["name"],
            "description": column["description"],
            **column.get("config", {}).get("meta", {}),
        }
        for column in table["columns"]
    ]
    return {"name": table["name"], "description": table["description"], "columns": columns, **meta}
