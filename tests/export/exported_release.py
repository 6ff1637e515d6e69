"""Where the exports of the made-up release are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboards.export import CSV, PARQUET, WORKBOOK


@dataclass(frozen=True)
class Exported:
    """A build, its published database, and the exports of it; ``csv`` is the unpacked archive."""

    build: Path
    database: Path
    folder: Path
    csv: Path

    @property
    def archive(self) -> Path:
        return self.folder / CSV

    @property
    def parquet(self) -> Path:
        return self.folder / PARQUET

    @property
    def workbook(self) -> Path:
        return self.folder / WORKBOOK
