"""Parquet: every type as the text a person would have written."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.readers import Unreadable, peek, read
from orchestration.readers import parquet as parquet_reader


def written(path: Path, columns: dict[str, pa.Array]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


UTC = dt.UTC


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (
            pa.array([150268.0, 0.1, None, float("nan"), 1e-7, 1e22, -3.0]),
            ["150268", "0.1", None, None, "0.0000001", "10000000000000000000000", "-3"],
        ),
        (pa.array([0.1, 2.0], pa.float32()), ["0.1", "2"]),
        (pa.array([1, -2, None], pa.int64()), ["1", "-2", None]),
        (pa.array([Decimal("1.50"), Decimal("0.00")]), ["1.50", "0.00"]),
        (pa.array([Decimal("0.0000001")]), ["0.0000001"]),
        (pa.array([True, False, None]), ["TRUE", "FALSE", None]),
        (pa.array([dt.date(2025, 11, 1)]), ["2025-11-01"]),
        (
            pa.array([dt.datetime(2025, 11, 1), dt.datetime(2025, 11, 1, 9, 30)], pa.timestamp("ns")),
            ["2025-11-01", "2025-11-01T09:30:00"],
        ),
        (pa.array([dt.datetime(2025, 11, 1, 0, 0, 0, 250_000)]), ["2025-11-01T00:00:00.25"]),
        (
            pa.array([dt.datetime(2025, 7, 1, tzinfo=UTC)], pa.timestamp("us", "Europe/London")),
            ["2025-07-01T00:00:00Z"],
        ),
        (pa.array([dt.time(9, 30)]), ["09:30:00"]),
        (pa.array(["x", "", None]), ["x", None, None]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([b"x"]), ["x"]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_types_become_text(tmp_path: Path, array: Any, texts: list[str | None]) -> None:
    table = read(written(tmp_path / "p.parquet", {"a": array}))
    assert table.rows.column("c0").to_pylist() == texts
    assert table.rows.column("c0").type == pa.string()
    assert table.rows.column("line").to_pylist() == list(range(1, len(texts) + 1))


@pytest.mark.parametrize("array", [pa.array([[1, 2]]), pa.array([{"a": 1}]), pa.array([b"\xff\xfe"])])
def test_columns_without_plain_values_are_named(tmp_path: Path, array: Any) -> None:
    with pytest.raises(Unreadable) as caught:
        read(written(tmp_path / "p.parquet", {"fine": pa.array([1]), "nested": array}))
    assert caught.value.code == "unsupported_type"
    assert "'nested'" in caught.value.found


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_cut_off_files_are_refused(tmp_path: Path, kept: float) -> None:
    path = written(tmp_path / "p.parquet", {"a": pa.array(range(10_000))})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(Unreadable) as caught:
        read(path)
    assert caught.value.code == "damaged_file"


def test_damaged_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(
        pa.table({"a": [f"name {n}" for n in range(20_000)]}), path, compression="zstd", use_dictionary=False
    )
    content = bytearray(path.read_bytes())
    content[2000:2100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        read(path)
    assert (caught.value.code, caught.value.where) == ("damaged_file", "p.parquet")


def test_too_many_cells_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_reader, "MAX_PARQUET_CELLS", 99)
    with pytest.raises(Unreadable) as caught:
        read(written(tmp_path / "p.parquet", {"a": pa.array(range(100))}))
    assert caught.value.found == "100 rows of 1 columns"


def test_peek_shows_names_and_rows(tmp_path: Path) -> None:
    found = peek(written(tmp_path / "p.parquet", {"a": pa.array([1.0] * 9), "b": pa.nulls(9)}))
    assert (found.format, len(found.sheets[0].first_rows)) == ("parquet", 5)
    assert found.sheets[0].first_rows[:2] == (("a", "b"), ("1", ""))


def test_no_rows_are_remarked(tmp_path: Path) -> None:
    path = written(tmp_path / "p.parquet", {"a": pa.array([], pa.int64())})
    assert (read(path).notes, peek(path).sheets[0].first_rows) == (("no rows",), (("a",),))
