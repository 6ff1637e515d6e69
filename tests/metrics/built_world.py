"""One generated world taken all the way: files, intake, warehouse; with the truth behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
from metric_oracle.world import World, open_world

from orchestration.ingest import IntakeReport, ingest_all
from orchestration.settings import Settings, load_settings, switch_telemetry_off
from orchestration.synthetic import Truth, generate

SIZE = 0.02


@dataclass(frozen=True)
class Built:
    """A finished warehouse (read-only), what came in, and the truth where there is one."""

    settings: Settings
    intake: IntakeReport
    warehouse: duckdb.DuckDBPyConnection

    def figures(self, table: str, metric_id: str) -> pd.DataFrame:
        """Rows of a fact table for one metric."""
        query = f"select * from marts.{table} where metric_id = ?"
        return self.warehouse.execute(query, [metric_id]).df()

    @property
    def cut_off(self) -> pd.Timestamp:
        """The data cut-off of the build."""
        row = self.warehouse.execute("select max(vintage) from marts.fct_metric_value").fetchone()
        return pd.Timestamp(row[0])  # type: ignore[index]


@dataclass(frozen=True)
class Demonstration:
    """A warehouse built from generated files, and the truth those files were written from."""

    built: Built
    truth: Truth
    world: World


@contextmanager
def build_home(home: Path) -> Iterator[Built]:
    """Take in what has landed under `home`, build one generation and open it read-only."""
    switch_telemetry_off()
    from orchestration.warehouse import build_generation

    settings = load_settings(home=home, landing=home / "landing").prepare()
    intake = ingest_all(settings)
    build, _ = build_generation(settings)
    with duckdb.connect(str(build.path(settings)), read_only=True) as warehouse:
        yield Built(settings, intake, warehouse)


@contextmanager
def demonstration(home: Path, *, seed: int, dirt: frozenset[str] | None) -> Iterator[Demonstration]:
    """Generate a small world under `home` and build it; `dirt` None plants every kind."""
    truth = generate(home / "landing", seed=seed, size=SIZE, dirt=dirt)
    with build_home(home) as built:
        yield Demonstration(built, truth, open_world(truth, built.cut_off))
