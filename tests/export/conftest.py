"""One made-up release, exported once, for all tests of this folder."""

from __future__ import annotations

import zipfile

import made_release
import pytest
from exported_release import Exported

from dashboards.export import CSV, write_exports


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
