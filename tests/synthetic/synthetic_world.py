"""A generated toy world as the tests of this folder see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from orchestration.synthetic import Truth, generate

SEED = 7


@dataclass(frozen=True)
class Generated:
    """Where the files lie, and the truth behind them."""

    landing: Path
    truth: Truth

    def frame(self, name: str) -> pd.DataFrame:
        """One clean table; dates as datetime64."""
        frame = self.truth.tables()[name].to_pandas()
        for column in frame.columns:
            if column.endswith(("_on", "_date", "_from", "_to")) or column == "period":
                frame[column] = pd.to_datetime(
                    frame[column].astype("string"), format="%Y-%m-%d", errors="coerce"
                )
        return frame


def generated(folder: Path, dirt: frozenset[str], threads: int | None = None) -> Generated:
    """Generate a toy into `folder`."""
    return Generated(folder, generate(folder, seed=SEED, size=0.02, dirt=dirt, threads=threads))
