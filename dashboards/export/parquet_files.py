"""Every published table as one Parquet file, rows in a stable order."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dashboards.export.tables import LICENCE, ExportTable, Publication, selected

ROW_GROUP = 122_880


def write_parquet(
    connection: duckdb.DuckDBPyConnection, publication: Publication, folder: Path
) -> list[Path]:
    """Write the files into ``folder`` (created) and return them; the release stands in each file's metadata."""
    folder.mkdir(parents=True)
    return [_write(connection, publication, table, folder) for table in publication.tables]


def _write(
    connection: duckdb.DuckDBPyConnection, publication: Publication, table: ExportTable, folder: Path
) -> Path:
    target = folder / f"{table.name}.parquet"
    release = publication.release
    said = {
        "title": table.description,
        "grain": table.grain,
        "release": release.release_id,
        "data_to": release.data_to.isoformat(),
        "licence": LICENCE,
        "notice": " ".join(publication.notices),
    }
    metadata = ", ".join(f"{name}: {_quoted(text)}" for name, text in said.items())
    connection.execute(
        f"copy ({selected(table)}) to {_quoted(str(target))} (format parquet, compression zstd, "
        f"row_group_size {ROW_GROUP}, kv_metadata {{{metadata}}})"
    )
    return target


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
