"""One archive of CSV files: a file per metric and kind of figure, the tables they refer to, and their metadata."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb

from dashboards import wording
from dashboards.export import csvw
from dashboards.export.archive import Archive
from dashboards.export.tables import LICENCE_NAME, ExportColumn, ExportTable, Publication, selected
from dashboards.inert import STATEMENT, inert, inert_sql

METADATA = "csv-metadata.json"
README = "README.txt"
_EXACT_WHOLE = 1e15  # whole numbers below it are exact in a double


def write_csv(
    connection: duckdb.DuckDBPyConnection, publication: Publication, target: Path, scratch: Path
) -> None:
    """Write the archive; ``scratch`` is a folder for one unpacked file at a time."""
    with Archive(target, publication.stamp) as archive:
        archive.add(README, _readme(publication))
        archive.add(METADATA, json.dumps(csvw.describe(publication), indent=1, ensure_ascii=False) + "\n")
        archive.add(csvw.SYMBOLS_FILE, _symbols())
        for table in publication.others:
            _add(connection, archive, table, None, scratch)
        for table in publication.figures:
            for metric_id in table.metrics:
                _add(connection, archive, table, metric_id, scratch)


def _add(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    table: ExportTable,
    metric_id: str | None,
    scratch: Path,
) -> None:
    draft = scratch / "table.csv"
    columns = ", ".join(f"{_cell(column)} as {column.name}" for column in table.columns)
    connection.execute(
        f"copy ({selected(table, metric_id, columns)}) to '{draft}' (format csv, header, nullstr '')"
    )
    archive.add_file(csvw.file_name(table, metric_id), draft)
    draft.unlink()


def _cell(column: ExportColumn) -> str:
    """The cell of a column as text: harmless, and whole numbers without a point."""
    if column.is_text:
        return inert_sql(column.name)
    if column.kind == "DOUBLE":
        return (
            f"case when {column.name} = trunc({column.name}) and abs({column.name}) < {_EXACT_WHOLE:.0f} "
            f"then cast(cast({column.name} as bigint) as varchar) else cast({column.name} as varchar) end"
        )
    return column.name


def _symbols() -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(csvw.SYMBOL_COLUMNS)
    writer.writerows((symbol, inert(text)) for symbol, text in wording.SYMBOLS.items())
    return buffer.getvalue()


def _readme(publication: Publication) -> str:
    release = publication.release
    kinds = "; ".join(
        f"<metric>{'-' * bool(table.kind)}{table.kind}.csv: {table.description}"
        for table in publication.figures
    )
    lines = [
        f"{publication.programme.name}: published figures, release {release.release_id}",
        *publication.notices,
        f"Data to {release.data_to}. Licence: {LICENCE_NAME}.",
        "",
        f"{METADATA} describes every file and column (CSV on the Web, https://www.w3.org/TR/tabular-metadata/).",
        f"One file per metric: {kinds}",
        "An empty value is never zero: the columns status and symbol say why it is empty; symbols are listed in "
        f"{csvw.SYMBOLS_FILE}.",
        STATEMENT,
    ]
    return "\n".join(lines) + "\n"
