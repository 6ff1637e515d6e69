"""The real published files: every row arrives, as the publisher wrote it.

Rows are counted by other means (openpyxl, the lines of the file, the Parquet footer), figures by the golden
figures of the published bulletin.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from orchestration.readers import SourceTable, peek, read
from orchestration.readers import csv as csv_reader


def file_of(shared_data: Path, relative: str) -> Path:
    path = shared_data / relative
    if not path.exists():
        pytest.skip(f"{relative} is not present")
    return path


def column(table: SourceTable, name: str) -> pa.ChunkedArray:
    return table.rows.column(table.header.index(name))


@pytest.mark.parametrize("vintage", ["2019-12-04", "2022-04-27", "2023-01-26"])
def test_epcn_workbooks(shared_data: Path, vintage: str) -> None:
    path = file_of(shared_data, f"ods/ePCN_{vintage}.xlsx")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    assert [sheet.name for sheet in peek(path).sheets] == book.sheetnames
    for wanted in ("PCNDetails", "PCN Core Partner Details"):
        table = read(path, sheet=wanted)
        assert table.sheet is not None
        cells = list(book[table.sheet].iter_rows(values_only=True))
        assert table.header == tuple(cells[0])
        filled = [row for row in cells[1:] if any(value not in (None, "") for value in row)]
        assert table.rows.num_rows == len(filled)
        assert table.rows.column("line").to_pylist()[:2] == [2, 3]
        for index, value in enumerate(filled[-1]):
            text = table.rows.column(index).to_pylist()[-1]
            assert text == (str(value).upper() if isinstance(value, bool) else str(value) if value else None)
    dates = table.rows.column(8).to_pylist()  # relationship start: numbers in 2019, text later
    assert all(len(date) == 8 and date.isdigit() for date in dates if date)
    assert set(table.rows.column(10).unique().to_pylist()) <= {"TRUE", "FALSE", None}


def test_the_sheet_of_2019_is_found_by_its_later_name(shared_data: Path) -> None:
    table = read(file_of(shared_data, "ods/ePCN_2019-12-04.xlsx"), sheet="PCNDetails")
    assert table.sheet == "PCN Details"
    assert table.notes == ("sheet 'PCN Details' taken for 'PCNDetails'",)


@pytest.mark.parametrize(
    ("relative", "width", "first"),
    [
        ("ods/epraccur_2022-12.csv", 27, "A81001"),
        ("ods/raw_epcncorepartnerdetails_2026-03-02.csv", 11, "A81001"),
    ],
)
def test_header_less_files(shared_data: Path, relative: str, width: int, first: str) -> None:
    path = file_of(shared_data, relative)
    table = read(path, header=False)
    assert table.header == tuple(str(number) for number in range(1, width + 1))
    assert table.rows.num_rows == path.read_bytes().count(b"\n")
    assert (table.rows.column("c0")[0].as_py(), table.rows.column("line")[0].as_py()) == (first, 1)
    assert (table.rejects.num_rows, table.notes) == (0, ())
    assert peek(path).sheets[0].first_rows[0][0] == first


@pytest.mark.parametrize(
    "relative",
    [
        "ods/epraccur_2022-12.csv",
        "ods/ods_pcn_2026-01-02.csv",
        "patients_registered/gp-reg-pat-prac-map_2025-12.csv",
        "patients_registered/gp-reg-pat-prac-all_2025-11_12.csv",
    ],
)
def test_both_paths_read_the_same(shared_data: Path, monkeypatch: pytest.MonkeyPatch, relative: str) -> None:
    path = file_of(shared_data, relative)
    fast = read(path)
    monkeypatch.setattr(csv_reader, "read_fast", lambda *_: None)  # pyright: ignore
    exact = read(path)
    assert fast.header == exact.header
    assert fast.rows.combine_chunks().equals(exact.rows.combine_chunks())


def test_workforce_csv_gives_the_published_figures(shared_data: Path) -> None:
    name = "Primary Care Networks - November 2025 Individual Level.csv"
    table = read(file_of(shared_data, f"pcn_workforce/{name}"))
    assert (table.rows.num_rows, table.rejects.num_rows, table.notes) == (38_696, 0, ())
    assert (len(table.header), table.header[0], table.header[-1]) == (16, "Data_source", "UNIQUE_IDENTIFIER")
    pharmacists = table.rows.filter(pc.equal(column(table, "DETAILED_STAFF_ROLE"), "Pharmacist"))
    fte = pharmacists.column(table.header.index("FTE")).to_pylist()
    people = pc.count_distinct(pharmacists.column(table.header.index("UNIQUE_IDENTIFIER"))).as_py()
    assert round(sum(Decimal(value) for value in fte if value), 3) == Decimal("5589.644")
    assert people == 5190


def test_the_repeated_parquet_file_arrives_whole(shared_data: Path) -> None:
    name = "DIRTY_pcn_wf_individual_5x_duplicated_wrong_period.parquet"
    path = file_of(shared_data, f"pcn_workforce/{name}")
    table = read(path)
    assert table.rows.num_rows == pq.read_metadata(path).num_rows == 5 * 38_696
    identifiers = column(table, "unique_identifier").drop_null().unique()
    assert all(value.isdigit() for value in identifiers.to_pylist())  # stored as 138799.0
    assert column(table, "census_year").unique().to_pylist() == ["2025"]
