"""The workbook of a release, after the Analysis Function's guidance on releasing statistics in spreadsheets.

Cover, contents, symbols, notes and definitions come first; then one worksheet per table: title in A1, what is to be
known below it, and the table marked up as one, without merged or empty cells, filters or frozen panes.
https://analysisfunction.civilservice.gov.uk/policy-store/releasing-statistics-in-spreadsheets/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from dashboards import formatting, wording
from dashboards.export.csvw import unit_text
from dashboards.export.figure_sheets import COUNT, PLACES, SELECTION, FigureSheet, FigureSheets
from dashboards.export.other_sheets import OtherSheet, other_sheets
from dashboards.export.spreadsheet import TEXT, Document, Line, SheetColumn
from dashboards.export.tables import LICENCE_NAME, Publication

DEFINITIONS = "dim_metric"
COVER, CONTENTS, SYMBOLS, NOTES, MEANINGS = "Cover", "Contents", "Symbols", "Notes", "Definitions"
TABLE = "Table"  # the kind of what holds no figures of a metric
ONE_TABLE = Line("This worksheet contains one table.")
BACK = Line("Back to the contents", link=CONTENTS)


def write_workbook(
    connection: duckdb.DuckDBPyConnection, publication: Publication, target: Path, scratch: Path
) -> None:
    """Write the workbook; ``scratch`` is a folder for its rows before they are packed."""
    title = _title(publication)
    document = Document(scratch, title=title, subject=publication.programme.name)
    document.reserve(COVER, CONTENTS, SYMBOLS, NOTES, MEANINGS)
    entries: list[dict[str, Any]] = []
    for sheet in FigureSheets(connection, publication):
        document.table(sheet.name, sheet.title, (*sheet.lines, BACK), sheet.columns, sheet.table_name)
        entries.append(_entry(sheet))
    for other in other_sheets(connection, publication):
        promise = other.promise
        lines = (*other.lines, BACK, *other.notes)
        heading = f"{promise.title}: {promise.question}"
        document.table(promise.title, heading, lines, other.columns, promise.name)
        entries.append(_entry_of(other))
    figures = sum(entry["Figures"] != TABLE for entry in entries)
    document.text(
        COVER, title, [*_cover(publication, figures, len(entries) - figures), Line("Contents", link=CONTENTS)]
    )
    document.table(CONTENTS, "Contents", [ONE_TABLE], _contents(entries), "contents")
    document.table(SYMBOLS, "Symbols", [ONE_TABLE, BACK], _symbols(), "symbols")
    document.table(NOTES, "Notes", [ONE_TABLE, BACK], _notes(publication), "notes")
    meanings = _definitions(connection, publication)
    document.table(MEANINGS, "Definitions of the measures", [ONE_TABLE, BACK], meanings, "definitions")
    document.save(target, publication.stamp)


def _title(publication: Publication) -> str:
    return f"{publication.programme.name}: figures for England, to {publication.release.data_to:%B %Y}"


def _cover(publication: Publication, sheets: int, others: int) -> Iterator[Line]:
    release = publication.release
    for notice in publication.notices:
        yield Line(notice, heading=True)
    yield Line(f"Release {release.release_id}, published {formatting.day(publication.stamp.date())}.")
    yield Line(
        f"Data to {formatting.day(release.data_to)}. Next update: {formatting.day(release.next_update)}."
    )
    yield Line(f"Checks of this release: {wording.gate_result(release.gate_status)}.")
    yield Line("What is here", heading=True)
    yield Line(f"{sheets} worksheets of figures, one table each. Shown are {SELECTION}.")
    yield Line(PLACES)
    if others:
        yield Line(
            f"After them come {others} worksheets, whole, on what follows from figures: times to events, impact "
            "analyses, networks and months that stand out."
        )
    yield Line("Where the rest is", heading=True)
    yield Line(
        "Other periods of networks, sub-ICB locations and the geography as it was at the time are in the CSV "
        "and Parquet files of the same release, beside this workbook."
    )
    yield Line("How to read it", heading=True)
    yield Line(
        "Start with the contents. Each worksheet says above its table what is counted. Where there is no number, a "
        "symbol in square brackets says why; it never stands for zero."
    )
    yield Line("Questions", heading=True)
    owners = sorted({metric.owner for metric in publication.metrics.values()})
    yield Line(f"{', '.join(owners)}.")
    yield Line(f"Licence: {LICENCE_NAME}.")


def _entry(sheet: FigureSheet) -> dict[str, Any]:
    """A line of the contents."""
    return {
        "Worksheet": sheet.name,
        "Measure": sheet.metric.label,
        "Figures": sheet.kind.replace("-", " ").capitalize() or "Values",
        "Question": sheet.metric.question,
        "Unit": unit_text(sheet.metric),
        "Rows": sheet.rows,
    }


def _entry_of(sheet: OtherSheet) -> dict[str, Any]:
    """A line of the contents about a table that holds no figures of a metric."""
    return {
        "Worksheet": sheet.promise.title,
        "Measure": sheet.promise.title,
        "Figures": TABLE,
        "Question": sheet.promise.question,
        "Unit": f"[{wording.NOT_APPLICABLE[0]}]",
        "Rows": sheet.rows,
    }


def _contents(entries: list[dict[str, Any]]) -> list[SheetColumn]:
    frame = pd.DataFrame(entries, columns=["Worksheet", "Measure", "Figures", "Question", "Unit", "Rows"])
    return [
        SheetColumn(name, COUNT if name == "Rows" else TEXT, frame[name], linked=name == "Worksheet")
        for name in frame.columns
    ]


def _symbols() -> list[SheetColumn]:
    listed = [*wording.SYMBOLS.items(), wording.NOT_APPLICABLE]
    return [
        SheetColumn("Symbol", TEXT, pd.Series([f"[{symbol}]" for symbol, _ in listed])),
        SheetColumn("Meaning", TEXT, pd.Series([text.capitalize() for _, text in listed])),
    ]


def _notes(publication: Publication) -> list[SheetColumn]:
    rule = publication.programme.disclosure
    texts = (
        f"Below England, counts from returns up to {rule.suppress_up_to} are withheld and others rounded to the "
        f"nearest {rule.round_to}, so that nobody can be recognised; rates and intervals are computed from the "
        "rounded counts.",
        wording.CONTROLLED_IN_ENGLAND,
        PLACES,
        "Financial years and quarters start in April. Since the start means since "
        f"{publication.programme.start:%B %Y}.",
        "The 95% interval says where the true value very likely lies, given how few people it rests on.",
        f"Too early: fewer than {publication.programme.mature_share:.0%} of a starting group have had the time "
        "allowed.",
        "Cells show rounded numbers and hold them as published, so that sums and charts use every digit.",
        "Tables have no filter buttons, which can hide headings. To filter or sort, select a cell of the table and "
        "press Ctrl+Shift+L.",
        f"Figures may be used under the {LICENCE_NAME}.",
    )
    return [
        SheetColumn("Note", TEXT, pd.Series([f"Note {number}" for number in range(1, len(texts) + 1)])),
        SheetColumn("Text", TEXT, pd.Series(texts)),
    ]


def _definitions(connection: duckdb.DuckDBPyConnection, publication: Publication) -> list[SheetColumn]:
    """The published table of definitions, every column of it; nothing is listed here a second time."""
    table = next(table for table in publication.tables if table.name == DEFINITIONS)
    frame = connection.execute(f"select * from marts.{DEFINITIONS} order by catalogue_number, metric_id").df()
    return [
        SheetColumn(column.name.replace("_", " ").capitalize(), TEXT, frame[column.name].map(_text))
        for column in table.columns
    ]


def _text(value: Any) -> str:
    if pd.isna(value):
        return f"[{wording.NOT_APPLICABLE[0]}]"
    if isinstance(value, pd.Timestamp):
        return formatting.day(value.date())
    return str(value)
