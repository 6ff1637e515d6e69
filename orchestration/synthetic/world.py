"""The in-memory database a generation runs in, its seeded randomness and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

MEMORY_LIMIT = "3GB"

# `hash(i, seed, k)` mixes its last argument in by XOR alone, so two salts would give dependent numbers;
# the outer hash removes that.
_MACROS = """
create macro u(i, k) as
    (hash(hash(k, {seed}::bigint, i::bigint)) % 9007199254740992)::double / 9007199254740992.0;
create macro pick(i, k, n) as floor(u(i, k) * n)::bigint;
create macro whole(i, k, low, high) as (low + floor(u(i, k) * (high - low + 1)))::integer;
create macro bell(i, k) as
    (u(i, k || '.1') + u(i, k || '.2') + u(i, k || '.3') + u(i, k || '.4') - 2.0) * 1.7320508;
create macro choose(list_of, i, k) as list_of[1 + pick(i, k, len(list_of))];
create macro financial_year(d) as
    (year(d) - (month(d) < 4)::integer)::varchar || '/'
    || lpad(((year(d) - (month(d) < 4)::integer + 1) % 100)::varchar, 2, '0');
"""


@dataclass(frozen=True)
class World:
    """One generation: connection, seed and size; tables of later steps build on those of earlier ones."""

    con: duckdb.DuckDBPyConnection
    seed: int
    size: float

    def scaled(self, national: float, least: int = 1) -> int:
        """`national` at size 1, in proportion at other sizes, never under `least`."""
        return max(least, round(national * self.size))

    def run(self, sql: str) -> None:
        """Execute statements for their effect."""
        self.con.execute(sql)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """All rows of a small query."""
        return self.con.execute(sql).fetchall()

    def number(self, sql: str) -> int:
        """The single whole number a query answers."""
        answer = self.con.execute(sql).fetchone()
        return int(answer[0]) if answer and answer[0] is not None else 0


def open_world(seed: int, size: float, threads: int | None, spill: Path) -> World:
    """A fresh in-memory world; the same rows come out on any number of threads. Large steps spill to `spill`."""
    con = duckdb.connect(":memory:")
    con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    con.execute(f"set temp_directory = '{spill}'")
    con.execute("set enable_progress_bar = false")
    if threads is not None:
        con.execute(f"set threads = {threads:d}")
    for statement in filter(None, map(str.strip, _MACROS.format(seed=seed).split(";"))):
        con.execute(statement)
    return World(con, seed, size)


def sql_list(values: Sequence[str]) -> str:
    """A DuckDB list literal of texts."""
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"


def sql_dates(values: Sequence[date]) -> str:
    """A DuckDB list literal of dates."""
    return "[" + ", ".join(f"date '{value.isoformat()}'" for value in values) + "]"
