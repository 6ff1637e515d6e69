"""One made-up release, exported once, for all tests of this folder."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import made_release
import pytest

from dashboards.export import CSV, PARQUET, WORKBOOK, write_exports


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


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The exports of the made-up release."""
    home = tmp_path_factory.mktemp("export")
    build, database, folder = home / "build.duckdb", home / "published.duckdb", home / "release"
    made_release.write_build(build, home / "raw.parquet")
    made_release.write_release(build, database)
    folder.mkdir()
    write_exports(database, folder)
    with zipfile.ZipFile(folder / CSV) as archive:
        archive.extractall(home / "csv")
    return Exported(build, database, folder, home / "csv")
