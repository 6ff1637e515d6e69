"""What counts as a date, a month, a number or a yes, one table per type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from dbt_project.registry import Column
from orchestration.ingest.labels import human_label, value_labels
from orchestration.ingest.typing_sql import EXCEL_SERIAL, present_sql, typed_sql

Typed = Callable[[Column, str], Any]


@pytest.fixture(scope="module")
def typed() -> Typed:
    connection = duckdb.connect(":memory:")

    def value(column: Column, text: str) -> Any:
        present = connection.execute(f"select {present_sql(column, 'c')} from (select ? as c)", [text])
        cell = present.fetchall()[0][0]
        return connection.execute(
            f"select {typed_sql(column, 'c')} from (select ?::varchar as c)", [cell]
        ).fetchall()[0][0]

    return value


def column(kind: str, **rules: Any) -> Column:
    return Column.model_validate({"name": "x", "description": "x", "type": kind, **rules})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-30", date(2025, 11, 30)),
        ("30/11/2025", date(2025, 11, 30)),
        ("03/11/2025", date(2025, 11, 3)),
        ("1/2/2025", date(2025, 2, 1)),
        ("20251130", date(2025, 11, 30)),
        ("01Dec2025", date(2025, 12, 1)),
        ("2025-11-30T00:00:00", date(2025, 11, 30)),
        ("30 November 2025", date(2025, 11, 30)),
        ("11/30/2025", None),
        ("2025-02-30", None),
        ("45991", None),
        ("soon", None),
        ("null", None),
        ("NULL", None),
    ],
)
def test_dates(typed: Typed, text: str, expected: date | None) -> None:
    assert typed(column("date"), text) == expected


def test_contract_formats_replace_the_usual_ones(typed: Typed) -> None:
    only_compact = column("date", formats=["%Y%m%d"])
    assert typed(only_compact, "20251130") == date(2025, 11, 30)
    assert typed(only_compact, "30/11/2025") is None
    assert typed(only_compact, "2025-11-30") == date(2025, 11, 30)  # a workbook's own date
    assert typed(column("date", formats=[EXCEL_SERIAL]), "45991") == date(2025, 11, 30)


@pytest.mark.parametrize(
    "text", ["2025-11", "202511", "Nov-2025", "November 2025", "2025-11-17", "11/2025", "Nov-25", "NOV-2025"]
)
def test_months_are_first_days(typed: Typed, text: str) -> None:
    assert typed(column("month"), text) == date(2025, 11, 1)


@pytest.mark.parametrize("text", ["2025-13", "11", "Brumaire 2025", "2025"])
def test_no_months(typed: Typed, text: str) -> None:
    assert typed(column("month"), text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12),
        ("12.0", 12),
        ("-3", -3),
        ("12,345", 12345),
        ("12.5", None),
        ("1_000", None),
        ("0x1A", None),
    ],
)
def test_integers(typed: Typed, text: str, expected: int | None) -> None:
    assert typed(column("integer"), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("1e-05", "0.00001"),
        ("0.026666666666666668", "0.026666667"),
        ("1,234.50", "1234.5"),
        ("1,234,567", "1234567"),
        ("£12.30", "12.3"),
        ("1,234", None),  # may be 1.234 on the continent
        ("0,8", None),
        ("inf", None),
        ("(5)", None),
    ],
)
def test_decimals(typed: Typed, text: str, expected: str | None) -> None:
    found = typed(column("decimal"), text)
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(("text", "expected"), [("TRUE", True), ("no", False), ("1", True), ("maybe", None)])
def test_booleans(typed: Typed, text: str, expected: bool | None) -> None:
    assert typed(column("boolean"), text) is expected


def test_coded_values(typed: Typed) -> None:
    coded = column("text", allowed=["community_pharmacy", "pcn"], values={"Community": "community_pharmacy"})
    for text in ("Community", "COMMUNITY", "community_pharmacy", "Community pharmacy", "community-pharmacy"):
        assert typed(coded, text) == "community_pharmacy"
    assert typed(coded, "PCN") == "pcn"
    assert typed(coded, "Moon") is None
    assert typed(coded.model_copy(update={"other": "pcn"}), "Moon") == "pcn"
    assert value_labels(coded) == ("Community", "pcn")


def test_codes_are_capitals_where_the_pattern_says_so(typed: Typed) -> None:
    assert typed(column("text", pattern="^U[0-9]{5}$"), "u12345") == "U12345"
    assert typed(column("text", pattern="^[A-Za-z]+$"), "Ab") == "Ab"


def test_null_spellings(typed: Typed) -> None:
    assert typed(column("text", null_values=["U"]), "U") is None
    assert typed(column("text"), "null") is None
    assert typed(column("text", personal="direct"), "Null") == "Null"  # a surname


def test_human_labels() -> None:
    assert human_label("gphc_number") == "GPhC number"
    assert human_label("pcn_code") == "PCN code"
    assert human_label("supervisor_gphc_number") == "Supervisor GPhC number"
