"""One generated world taken all the way: files, intake, warehouse; with the truth behind it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
from metric_oracle.world import World, open_world

from orchestration import builds
from orchestration.ingest import IntakeReport, ingest_all
from orchestration.settings import Settings, load_settings, switch_telemetry_off
from orchestration.synthetic import Truth, generate
from orchestration.synthetic.truth import Planted

SIZE = 0.02
RECEIVED = datetime(2026, 7, 1, 9, 0, 0)  # the day after the last of the generated files was sent


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


def settings_of(home: Path, as_at: date | None = None) -> Settings:
    """Settings of a home whose files have landed in it."""
    return load_settings(home=home, landing=home / "landing", as_at=as_at).prepare()


def build(settings: Settings, *, received: datetime = RECEIVED) -> Path:
    """Take in what has landed, build one generation and give its file."""
    switch_telemetry_off()
    from orchestration.warehouse import build_generation

    intake = ingest_all(settings, now=received)
    (settings.home / "intake.pickle").write_bytes(pickle.dumps(intake))
    done, _ = build_generation(settings)
    return done.path(settings)


@contextmanager
def opened(home: Path) -> Iterator[Built]:
    """The newest generation of a home, read-only."""
    settings = settings_of(home)
    done = builds.newest(settings)
    assert done is not None, "nothing was built"
    intake: IntakeReport = pickle.loads((home / "intake.pickle").read_bytes())
    with duckdb.connect() as warehouse:
        # under the name it was built under: views name it
        warehouse.execute(f"attach '{done.path(settings)}' as wh (read_only)")
        warehouse.execute("use wh")
        yield Built(settings, intake, warehouse)


@contextmanager
def build_home(home: Path) -> Iterator[Built]:
    """Take in what has landed under `home`, build one generation and open it read-only."""
    build(settings_of(home))
    with opened(home) as built:
        yield built


@contextmanager
def demonstration(home: Path) -> Iterator[Demonstration]:
    """Open a world that :func:`make_world` has made."""
    truth = _read_truth(home / "truth")
    with opened(home) as built:
        yield Demonstration(built, truth, open_world(truth, built.cut_off, home / "landing"))


def make_world(home: Path, *, seed: int, dirt: frozenset[str] | None) -> None:
    """Generate a small world under `home` and build it; `dirt` None plants every kind."""
    truth = generate(home / "landing", seed=seed, size=SIZE, dirt=dirt)
    truth.write(home / "truth")
    build(settings_of(home))


def _read_truth(folder: Path) -> Truth:
    tables = {path.stem: pq.read_table(path) for path in folder.glob("*.parquet")}
    planted = tuple(Planted(**row) for row in tables.pop("planted").to_pylist())
    return Truth(**tables, planted=planted)
