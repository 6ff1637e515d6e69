"""Every published figure as files to take away: CSV with metadata, Parquet, and an accessible workbook.

They are made from the published database alone and are driven by its tables and the registry: a new metric or table
appears in them without a word here.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from dashboards.downloads import Download
from dashboards.export.csv_files import write_csv
from dashboards.export.parquet_files import write_parquet
from dashboards.export.tables import read_publication
from dashboards.export.workbook import write_workbook
from dbt_project.registry import load_metrics, load_programme

__all__ = ["CSV", "MEMORY_LIMIT", "PARQUET", "WORKBOOK", "write_exports"]

CSV, PARQUET, WORKBOOK = "csv.zip", "parquet", "workbook.xlsx"
MEMORY_LIMIT = "1GB"


def write_exports(database: Path, out: Path) -> tuple[Download, ...]:
    """Write the exports of one published database into ``out`` and say what a site may offer of them.

    The same database gives the same bytes. Raises :class:`dashboards.inputs.InputError` where a withheld figure
    still carries a number.
    """
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as folder:
        scratch = Path(folder)
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            connection.execute(f"set temp_directory = '{scratch / 'spill'}'")
            publication = read_publication(connection, load_metrics(), load_programme())
            write_csv(connection, publication, out / CSV, scratch)
            parquet = write_parquet(connection, publication, out / PARQUET)
            write_workbook(connection, publication, out / WORKBOOK, scratch)
    tables = {table.name: table for table in (*publication.figures, *publication.others)}
    files = {path.stem: path for path in parquet}
    return (
        Download(
            out / WORKBOOK,
            "Workbook for Excel: England, regions and boards and networks; impact analyses",
        ),
        Download(out / CSV, "Every figure as CSV, one file per measure, with metadata"),
        *(
            Download(files[name], f"Parquet: {table.description.split('. ')[0].rstrip('.') or name}")
            for name, table in tables.items()
        ),
    )
