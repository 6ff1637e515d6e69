"""Workbooks: what comes out of a sheet, and what is refused before the parser sees it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from orchestration.readers import SourceTable, Unreadable, peek, read, workbook_scan
from orchestration.readers.excel import number_text
from orchestration.readers.limits import MAX_COLUMNS

Write = Callable[[str, bytes], Path]


def workbook(sheets: dict[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> openpyxl.Workbook:
    """A workbook with the given cells from A1 on."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    return book


def saved(book: openpyxl.Workbook, path: Path) -> Path:
    book.save(path)
    return path


def values(table: SourceTable) -> list[tuple[object, ...]]:
    """Rows as tuples: the line, then the cells."""
    return [
        (row["line"], *(row[f"c{index}"] for index in range(len(table.header))))
        for row in table.rows.to_pylist()
    ]


def refused(path: Path, sheet: str | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(path, sheet=sheet)
    assert "\n" not in caught.value.message
    return caught.value


def with_sheet_xml(path: Path, sheet_xml: str) -> Path:
    """Replace the XML of the first sheet of a saved workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            content = source.read(member)
            target.writestr(member.filename, sheet_xml if member.filename.endswith("sheet1.xml") else content)
    path.write_bytes(buffer.getvalue())
    return path


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:B2"/>'
    "<sheetData>{}</sheetData></worksheet>"
)


def test_every_kind_of_cell_becomes_the_text_a_person_reads(tmp_path: Path) -> None:
    row = [
        20191001,
        20191001.0,
        0.1 + 0.2,
        True,
        dt.datetime(2025, 11, 1),
        dt.datetime(2025, 11, 1, 9, 30),
        dt.date(2024, 2, 29),
        dt.time(9, 30),
        "00123",
        None,
        1e-7,
        1e15,
    ]
    header = [f"h{index}" for index in range(len(row))]
    table = read(saved(workbook({"A": [header, row]}), tmp_path / "w.xlsx"))
    assert values(table)[0][1:] == (
        "20191001",
        "20191001",
        "0.3",
        "TRUE",
        "2025-11-01",
        "2025-11-01T09:30:00",
        "2024-02-29",
        "09:30:00",
        "00123",
        None,
        "0.0000001",
        "1000000000000000",
    )


def test_the_1904_calendar_is_honoured(tmp_path: Path) -> None:
    book = workbook({"A": [["d"], [dt.datetime(2025, 11, 1)]]})
    book.epoch = CALENDAR_MAC_1904
    assert values(read(saved(book, tmp_path / "w.xlsx"))) == [(2, "2025-11-01")]


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1"), (-0.5, "-0.5"), (0.69999999999999996, "0.7"), (1.5e-9, "0.0000000015")]
)
def test_numbers_have_no_exponent(number: float, text: str) -> None:
    assert number_text(number) == text


def test_empty_rows_and_columns_are_skipped_and_lines_stay_those_of_the_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for cell, value in {"C4": "code", "E4": "name", "C6": "A", "E6": "x", "C9": "B"}.items():
        sheet[cell] = value
    table = read(saved(book, tmp_path / "w.xlsx"))
    assert table.header == ("code", "name")
    assert values(table) == [(6, "A", "x"), (9, "B", None)]


def test_headers_keep_line_breaks_and_a_column_without_a_name_keeps_its_values(tmp_path: Path) -> None:
    book = workbook({"A": [["PCN\nCode", None, "empty"], ["U1", "v", None]]})
    table = read(saved(book, tmp_path / "w.xlsx"))
    assert table.header == ("PCN\nCode", "", "empty")
    assert values(table) == [(2, "U1", "v", None)]


def test_a_header_less_sheet_keeps_every_position(tmp_path: Path) -> None:
    book = workbook({"A": [["A81001", None, "x"], ["A81002", None, "y"]]})
    table = read(saved(book, tmp_path / "w.xlsx"), header=False)
    assert table.header == ("1", "2", "3")
    assert values(table) == [(1, "A81001", None, "x"), (2, "A81002", None, "y")]


def test_the_first_filled_visible_sheet_is_read_when_none_is_named(tmp_path: Path) -> None:
    book = workbook({"Empty": [], "Lists": [["x"], ["1"]], "Data": [["a"], ["2"]]}, hidden=("Lists",))
    table = read(saved(book, tmp_path / "w.xlsx"))
    assert (table.sheet, values(table)) == ("Data", [(2, "2")])
    assert table.notes == ("sheet 'Data' read of 'Empty', 'Lists' (hidden), 'Data'", "hidden sheets: 'Lists'")


def test_sheet_names_match_without_case_and_spaces(tmp_path: Path) -> None:
    path = saved(workbook({"PCN Details": [["a"], ["1"]], "Other": [["b"]]}), tmp_path / "w.xlsx")
    table = read(path, sheet="PCNDetails")
    assert table.sheet == "PCN Details"
    assert table.notes == ("sheet 'PCN Details' taken for 'PCNDetails'",)


def test_a_hidden_sheet_is_read_when_named_with_a_remark(tmp_path: Path) -> None:
    book = workbook({"Front": [["a"]], "Back": [["b"], ["1"]]}, hidden=("Back",))
    path = saved(book, tmp_path / "w.xlsx")
    assert read(path, sheet="Back").notes == ("sheet 'Back' is hidden",)
    assert [sheet.name for sheet in peek(path).sheets] == ["Front", "Back"]


def test_a_wrong_sheet_names_the_sheets_found(tmp_path: Path) -> None:
    path = saved(workbook({"Students": [["a"]], "Notes": [["b"]]}, hidden=("Notes",)), tmp_path / "w.xlsx")
    error = refused(path, sheet="Return")
    assert (error.code, error.found) == ("wrong_sheet", "the sheets 'Students', 'Notes' (hidden)")
    assert error.expected == "a sheet named 'Return'"


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    path = saved(workbook({"A": [], "B": [["b"], ["1"]]}), tmp_path / "w.xlsx")
    assert (refused(path, sheet="A").code, refused(path, sheet="A").sheet) == ("empty_sheet", "A")


def test_a_header_alone_is_remarked(tmp_path: Path) -> None:
    table = read(saved(workbook({"A": [["a", "b"]]}), tmp_path / "w.xlsx"))
    assert (table.rows.num_rows, table.notes) == (0, ("no rows below the header",))


def test_peek_shows_the_first_filled_rows_of_each_sheet(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [None],
        [None],
        ["a", "b"],
        *[[number, dt.date(2025, 1, number)] for number in range(1, 9)],
    ]
    found = peek(saved(workbook({"A": rows, "B": []}), tmp_path / "w.xlsx"))
    assert found.format == "excel"
    assert found.sheets[0].first_rows[:2] == (("a", "b"), ("1", "2025-01-01"))
    assert [len(sheet.first_rows) for sheet in found.sheets] == [5, 0]


# --- damage and hostility ----------------------------------------------------------------------------------


def test_a_truncated_workbook_is_refused(tmp_path: Path) -> None:
    path = saved(workbook({"A": [["a"]] + [[str(number)] for number in range(3000)]}), tmp_path / "w.xlsx")
    content = path.read_bytes()
    for kept in (0.3, 0.7, 0.95):
        path.write_bytes(content[: int(len(content) * kept)])
        assert refused(path).code == "damaged_file"


def test_a_flipped_bit_in_a_sheet_is_refused(tmp_path: Path) -> None:
    path = saved(workbook({"A": [["a"]] + [[str(number)] for number in range(3000)]}), tmp_path / "w.xlsx")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    content[member.header_offset + 300] ^= 0x01
    path.write_bytes(content)
    assert refused(path).code == "damaged_file"


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "XFD2"])
def test_one_far_cell_does_not_reach_the_parser(tmp_path: Path, cell: str) -> None:
    """The declared dimension is small and a lie; the cells themselves decide."""
    path = saved(workbook({"A": [["a", "b"]]}), tmp_path / "w.xlsx")
    row = "".join(character for character in cell if character.isdigit())
    far = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{cell}"><v>1</v></c></row>'
    with_sheet_xml(path, SHEET.format(far))
    if cell == "A1048576":  # one column of a million rows is no burden
        assert values(read(path)) == [(1048576, "1")]
        return
    assert refused(path).code in ("too_large", "too_wide")
    with pytest.raises(Unreadable):
        peek(path)


def test_a_sheet_of_too_many_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_scan, "MAX_SHEET_CELLS", 1000)
    path = saved(workbook({"A": [["a"] * 11 for _ in range(100)]}), tmp_path / "w.xlsx")
    error = refused(path)
    assert (error.code, error.found) == ("too_large", "a sheet reaching to row 100 and column 11")


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    path = saved(workbook({"A": [["h"] * 10_000]}), tmp_path / "w.xlsx")
    error = refused(path)
    assert (error.code, error.found) == ("too_wide", "cells in 10,000 columns")
    assert f"{MAX_COLUMNS:,}" in error.expected


def test_formatted_but_empty_far_cells_do_no_harm(tmp_path: Path) -> None:
    path = saved(workbook({"A": [["a"]]}), tmp_path / "w.xlsx")
    cells = (
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c><c r="XFD2" s="0"/></row>'
    )
    assert values(read(with_sheet_xml(path, SHEET.format(cells)))) == [(2, "2")]


@pytest.mark.parametrize("spare_bytes", range(0, 60, 7))
def test_a_cell_tag_across_two_chunks_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare_bytes: int
) -> None:
    monkeypatch.setattr(workbook_scan, "_CHUNK_BYTES", 64)
    monkeypatch.setattr(workbook_scan, "_OVERLAP_BYTES", 16)
    path = saved(workbook({"A": [["a"]]}), tmp_path / "w.xlsx")
    padding = " " * spare_bytes
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row>{padding}<row r="2"><c r="XFD2"><v>1</v></c></row>'
    assert refused(with_sheet_xml(path, SHEET.format(cells))).code == "too_wide"


def test_a_zip_bomb_is_refused_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_scan, "MAX_WORKBOOK_BYTES", 3 * 1024**2)
    path = saved(workbook({"A": [["a"]]}), tmp_path / "w.xlsx")
    with_sheet_xml(path, SHEET.format(" " * 4 * 1024**2))
    assert path.stat().st_size < 20_000
    assert refused(path).code == "too_large"


def test_a_size_that_the_container_declares_too_small_is_found_out(tmp_path: Path) -> None:
    path = saved(workbook({"A": [["a"]]}), tmp_path / "w.xlsx")
    with_sheet_xml(path, SHEET.format(" " * 1024**2))
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (512).to_bytes(4, "little")))
    assert refused(path).code == "damaged_file"


def test_a_legacy_container_that_is_no_workbook_is_refused(write: Write) -> None:
    error = refused(write("w.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)))
    assert error.code in ("damaged_file", "encrypted")


@pytest.mark.parametrize("content", [b"<html><body>", b"a,b\n1,2\n", b""])
def test_other_things_named_xlsx_are_refused(write: Write, content: bytes) -> None:
    assert refused(write("w.xlsx", content)).code in ("wrong_format", "empty_file")


# --- cells that come out empty -----------------------------------------------------------------------------


def test_excel_errors_and_formulas_without_result_are_remarked(tmp_path: Path) -> None:
    book = workbook({"A": [["a", "b"], ["#N/A", "=1+1"], ["#REF!", 2]]})
    table = read(saved(book, tmp_path / "w.xlsx"))
    assert values(table) == [(3, None, "2")]
    assert len(table.notes) == 2
    assert table.notes[0].startswith("2 cells of the workbook show an Excel error")
    assert table.notes[1].startswith("1 formulas of the workbook have no stored result")


def test_an_opendocument_workbook_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.ods"
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
            for text in row
        )
        + "</table:table-row>"
        for row in (("a", "b"), ("1", "x"))
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="A">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    table = read(path)
    assert (table.header, values(table)) == (("a", "b"), [(2, "1", "x")])
