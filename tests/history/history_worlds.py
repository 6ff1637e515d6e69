"""One small clean world, taken in and built, whose past the tests of this folder ask about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from orchestration.builds import Build
from orchestration.ingest import ingest_all
from orchestration.settings import Settings, load_settings, switch_telemetry_off
from orchestration.synthetic import Truth, generate

SIZE = 0.02
SEED = 11


@dataclass(frozen=True)
class Past:
    """A home with one generation, and the truth behind its files."""

    settings: Settings
    truth: Truth
    build: Build

    def as_at(self, day: date) -> Settings:
        """The same home, asked about an earlier day."""
        return load_settings(home=self.settings.home, landing=self.settings.landing, as_at=day)


def take_in_and_build(settings: Settings) -> Build:
    """What a run does before the gate, without the data tests, which are not what is tested here."""
    switch_telemetry_off()
    from orchestration import builds
    from orchestration.history import vintages
    from orchestration.warehouse import make
    from orchestration.warehouse_inputs import collect

    ingest_all(settings)
    inputs = collect(settings)
    done, _ = make(settings, builds.next_id(settings, inputs.digest()), inputs, tests=False)
    vintages.keep(settings, done)
    return done


def figures_of(path: Path) -> pd.DataFrame:
    """Every figure of a warehouse, in a stable order."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("select * from marts.fct_metric_value order by all").df()


def back_date(folder: Path, *, returned: date, every: int = 20) -> int:
    """Write a later return of one centre in which every so many of its passes happened a month earlier; how many."""
    source = sorted(folder.glob("CLI01_claim_*.csv"))
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select * exclude (place) from (select *, row_number() over () as place "
            "from read_csv(?, delim = ';', all_varchar = true) where \"Outcome\" = 'Achieved') where place % ? = 0",
            [[str(path) for path in source], every],
        ).df()
    moved = pd.to_datetime(rows["Outcome date"], format="%d/%m/%Y") - pd.DateOffset(months=1)
    rows["Outcome date"] = moved.dt.strftime("%d/%m/%Y")
    rows["Claim month"] = f"{returned:%Y%m}"
    rows["Submission date"] = f"{returned:%d/%m/%Y}"
    rows.to_csv(folder / f"CLI01_claim_{returned:%Y%m}_late.csv", sep=";", index=False)
    return len(rows)


def make_past(home: Path) -> Past:
    """Generate a small clean world below ``home``, take it in and build it."""
    truth = generate(home / "landing", seed=SEED, size=SIZE, dirt=frozenset())
    settings = load_settings(home=home, landing=home / "landing").prepare()
    return Past(settings, truth, take_in_and_build(settings))
