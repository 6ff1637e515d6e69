"""The workbook: the Analysis Function's guidance on accessible spreadsheets, and figures as published."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest
from exported_release import Exported
from openpyxl.utils import range_boundaries
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dashboards import formatting, wording
from dashboards.inert import original
from dbt_project.registry import load_metrics, load_programme
from dbt_project.registry.published_tables import load_published_tables

FRONT = ["Cover", "Contents", "Symbols", "Notes", "Definitions"]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SYMBOL = re.compile(r"\[[a-z]\]")


@pytest.fixture(scope="module")
def book(exported: Exported) -> Iterator[Workbook]:
    found = openpyxl.load_workbook(exported.workbook)
    yield found
    found.close()


def grid(sheet: Worksheet) -> pd.DataFrame:
    """The one table of a worksheet."""
    (table,) = sheet.tables.values()
    left, top, right, bottom = range_boundaries(table.ref)
    cells = [
        [cell.value for cell in row]
        for row in sheet.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right)
    ]
    return pd.DataFrame(cells[1:], columns=cells[0])


def figure_sheets(book: Workbook) -> list[Worksheet]:
    return [book[name] for name in book.sheetnames[len(FRONT) :]]


def test_it_opens_on_the_cover_and_names_every_sheet_once(book: Workbook) -> None:
    assert book.sheetnames[: len(FRONT)] == FRONT
    assert book.active.title == "Cover"
    assert all(len(name) <= 31 for name in book.sheetnames)
    assert len({name.lower() for name in book.sheetnames}) == len(book.sheetnames)
    assert all(sheet.sheet_state == "visible" for sheet in book.worksheets)
    assert [sheet.sheet_view.selection[0].activeCell for sheet in book.worksheets] == ["A1"] * len(
        book.sheetnames
    )


def test_the_document_has_title_language_and_the_time_of_the_release(
    book: Workbook, exported: Exported
) -> None:
    properties = book.properties
    assert properties.title == "NHS Pharmacy Integration Programme: figures for England, to June 2026"
    assert properties.language == "en-GB"
    assert properties.creator == properties.subject == "NHS Pharmacy Integration Programme"
    assert properties.created == properties.modified == datetime(2026, 7, 9, 8, 30, 14)
    with zipfile.ZipFile(exported.workbook) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 7, 9, 8, 30, 14)}


def test_every_sheet_has_its_title_in_the_first_cell(book: Workbook) -> None:
    titles = [sheet["A1"].value for sheet in book.worksheets]
    assert len(set(titles)) == len(titles)
    for sheet in book.worksheets:
        assert sheet["A1"].style == "Heading 1"
        assert sheet["A1"].font.sz >= 14


def test_one_marked_up_table_a_sheet_without_what_hinders_screen_readers(book: Workbook) -> None:
    names: list[str] = []
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        assert sheet.freeze_panes is None
        assert sheet.auto_filter.ref is None
        assert not sheet._images
        assert not [row for row, found in sheet.row_dimensions.items() if found.hidden]
        assert not [column for column, found in sheet.column_dimensions.items() if found.hidden]
        tables = list(sheet.tables.values())
        assert len(tables) == (0 if sheet.title == "Cover" else 1)
        for table in tables:
            names.append(table.displayName)
            left, top, right, bottom = range_boundaries(table.ref)
            assert left == 1
            assert (bottom, right) == (sheet.max_row, sheet.max_column), "content beside or below the table"
            headers = [cell.value for cell in sheet[top][:right]]
            assert headers == [column.name for column in table.tableColumns]
            assert len(set(headers)) == len(headers)
            assert table.autoFilter is None
            assert all(sheet.cell(row, 1).value for row in range(1, top)), "an empty row above the table"
            assert "This worksheet contains one table." in sheet["A2"].value
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_no_cell_is_empty_or_a_formula_and_text_is_large_and_sans_serif(book: Workbook) -> None:
    kinds: set[str] = set()
    fonts: set[tuple[str, float]] = set()
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            within = sheet.tables and row[0].row >= range_boundaries(next(iter(sheet.tables.values())).ref)[1]
            for cell in row if within else row[:1]:
                assert cell.value not in (None, ""), (sheet.title, cell.coordinate)
                kinds.add(cell.data_type)
                fonts.add((cell.font.name, cell.font.sz))
                if cell.data_type == "s":
                    assert not cell.value.startswith(FORMULA), (sheet.title, cell.coordinate)
    assert kinds == {"s", "n", "d"}
    assert {name for name, _ in fonts} == {"Arial"}
    assert min(size for _, size in fonts) >= 12


def test_the_contents_lead_to_every_sheet_and_every_sheet_leads_back(book: Workbook) -> None:
    contents = grid(book["Contents"])
    assert contents["Worksheet"].tolist() == [sheet.title for sheet in figure_sheets(book)]
    links = {
        cell.hyperlink.location for row in book["Contents"].iter_rows() for cell in row if cell.hyperlink
    }
    assert links == {f"'{name}'!A1" for name in contents["Worksheet"]}
    assert contents["Rows"].tolist() == [len(grid(sheet)) for sheet in figure_sheets(book)]
    for sheet in book.worksheets[2:]:
        back = [
            cell.hyperlink.location for (cell,) in sheet.iter_rows(max_col=1, max_row=20) if cell.hyperlink
        ]
        assert back == ["'Contents'!A1"], sheet.title
    cover = [cell.hyperlink.location for (cell,) in book["Cover"].iter_rows(max_col=1) if cell.hyperlink]
    assert cover == ["'Contents'!A1"]


def test_every_metric_and_symbol_is_explained(book: Workbook) -> None:
    assert sorted(grid(book["Definitions"])["Metric id"]) == sorted(load_metrics())
    explained = set(grid(book["Symbols"])["Symbol"])
    used: set[str] = set()
    for sheet in figure_sheets(book):
        frame = grid(sheet)
        for column in frame.columns:
            texts = frame[column].map(lambda value: value if isinstance(value, str) else "")
            used |= {found for text in texts.unique() for found in SYMBOL.findall(text)}
    assert {"[c]", "[n]", "[e]", "[p]", "[u]"} <= used <= explained


def test_generated_data_are_named_so_on_the_cover_and_on_every_table(book: Workbook) -> None:
    for sheet in (book["Cover"], *figure_sheets(book)):
        texts = [cell.value for (cell,) in sheet.iter_rows(max_col=1, max_row=8)]
        assert "Demonstration data: generated, not real." in texts, sheet.title


def expected(connection: duckdb.DuckDBPyConnection, table: str, metric_id: str) -> pd.DataFrame:
    """What the workbook is to show of one metric, selected here by hand from the published table."""
    frame = connection.execute(f"select * from {table} where metric_id = ?", [metric_id]).df()
    frame = frame[(frame["geography"] == "as_now") & (frame["org_level"] != "sub_icb")]
    networks = frame["org_level"] == "pcn"
    long = frame["period_grain"].isin(["year", "all"])
    if (networks & long).any():
        return frame[~networks | long]
    newest = frame.loc[networks, "period_start"].max()
    return frame[~networks | ((frame["period_grain"] == "month") & (frame["period_start"] == newest))]


@pytest.mark.parametrize(
    ("table", "ending"), [("fct_metric_value", ""), ("fct_metric_breakdown", ", breakdown")]
)
def test_every_figure_stands_in_the_workbook_as_published(
    book: Workbook, exported: Exported, table: str, ending: str
) -> None:
    """Exhaustive: each row of each worksheet against the published table, numbers exactly, gaps by their symbol."""
    metrics, programme = load_metrics(), load_programme()
    strands = {strand.id: strand.label for strand in programme.strands} | {"all": "All strands"}
    sectors = {**programme.sectors, "all": "All sectors"}
    sheets = {next(iter(sheet.tables)): sheet for sheet in figure_sheets(book)}
    compared = 0
    with duckdb.connect(str(exported.database), read_only=True) as connection:
        for metric in metrics.values():
            want = expected(connection, table, metric.id)
            name = metric.id + ending.replace(", ", "_")
            assert (name in sheets) == bool(len(want)), name
            if not len(want):
                continue
            sheet = sheets[name]
            assert sheet.title.endswith(ending)
            shown = grid(sheet)
            value = next(header for header in shown.columns if header.startswith("Value ("))
            headers = {
                "value": value,
                "lower_95": "Lower end of the 95% interval",
                "upper_95": "Upper end of the 95% interval",
                "numerator": "Numerator",
                "denominator": "Denominator",
            }
            found = _by_key(shown)
            assert len(found) == len(want), metric.id
            for row in want.to_dict("records"):
                key = (
                    wording.LEVEL[row["org_level"]],
                    row["org_code"],
                    strands[row["strand"]],
                    sectors[row["sector"]],
                    row.get("dimension", "").replace("_", " ").capitalize(),
                    row.get("category", "").replace("_", " ").capitalize(),
                    formatting.period(row["period_start"], row["period_grain"]),
                )
                cells = found[key]
                for column, header in headers.items():
                    if header in shown.columns:
                        _same(cells[header], row[column], row["symbol"] if pd.isna(row["value"]) else "z")
                        compared += 1
                    else:
                        assert pd.isna(row[column]) or row[column] == row["value"]
                assert cells["Status"].startswith(f"[{row['symbol']}]" if row["symbol"] else wording.ORDINARY)
    assert compared > 1000


def _by_key(shown: pd.DataFrame) -> dict[tuple[str, ...], Any]:
    """The rows of a worksheet by the words that identify them; no two rows may share these."""
    found: dict[tuple[str, ...], Any] = {}
    for row in shown.to_dict("records"):
        key = (
            row["Level"],
            row["Code"],
            row.get("Strand", "All strands"),
            row.get("Sector", "All sectors"),
            row.get("Dimension", ""),
            row.get("Category", ""),
            row["Period"],
        )
        assert key not in found
        found[key] = row
    return found


def _same(cell: Any, published: float, symbol: str) -> None:
    if pd.isna(published):
        assert cell == f"[{symbol}]"
    else:
        assert cell == published


def test_analyses_and_curves_stand_in_the_workbook_as_published(book: Workbook, exported: Exported) -> None:
    """Exhaustive: every cell of every other table against the published database, and each column explained."""
    sheets = {next(iter(sheet.tables)): sheet for sheet in figure_sheets(book)}
    with duckdb.connect(str(exported.database), read_only=True) as connection:
        for name, promise in load_published_tables().items():
            want = connection.execute(f"from main.{name}").df()
            shown = grid(sheets[name])
            assert shown.columns.tolist() == [
                column.name.replace("_", " ").capitalize() for column in promise.columns
            ]
            found = Counter(
                tuple(_plain(cell) for cell in row) for row in shown.itertuples(index=False, name=None)
            )
            columns = [column.name for column in promise.columns]
            assert found == Counter(
                tuple(_plain(cell) for cell in row)
                for row in want[columns].itertuples(index=False, name=None)
            ), name
            above = {cell.value for (cell,) in sheets[name].iter_rows(max_col=1)}
            for header, column in zip(shown, promise.columns, strict=True):
                assert f"{header}: {column.description}" in above
                words = set(shown[header]) if column.values else set()
                assert {f"{header}, {word}: {column.values[word]}." for word in words} <= above


def _plain(cell: Any) -> Any:
    """A cell of a sheet or of a table: texts as they were before they were made harmless."""
    if isinstance(cell, str):
        return None if cell in ("[z]", "") else original(cell)
    if isinstance(cell, (bool, np.bool_)):
        return "Yes" if cell else "No"
    if pd.isna(cell):
        return None
    return cell.date() if isinstance(cell, datetime) else float(cell)
