"""Intervals against other people's numbers: OHID's workbooks where present, published literals always."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import intervals

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PHIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "statistics"
Row = dict[str, object]


def rows(workbook: str, sheet: int = 0) -> list[Row]:
    path = SHARED / workbook
    if not path.exists():
        pytest.skip(f"{workbook} is not in the shared data folder")
    header, *body = openpyxl.load_workbook(path, data_only=True).worksheets[sheet].iter_rows(values_only=True)
    return [
        dict(zip(map(str, header), row, strict=True))
        for row in body
        if any(value is not None for value in row)
    ]


def number(value: object) -> float:
    return np.nan if value is None else float(str(value))


def column(table: list[Row], name: str) -> np.ndarray:
    return np.array([number(row[name]) for row in table])


def confidence(row: Row) -> float:
    return {"95%": 0.95, "99.8%": 0.998}[str(row["confidence"])]


def test_published_literals_always_run() -> None:
    # Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29
    lower, upper = intervals.wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert np.round(lower, 4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert np.round(upper, 4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]
    # Exact Poisson limits as tabulated by Garwood 1936
    lower, upper = intervals.poisson_exact([0, 1, 5, 9])
    assert np.round(lower, 3).tolist() == [0.0, 0.025, 1.623, 4.115]
    assert np.round(upper, 3).tolist() == [3.689, 5.572, 11.668, 17.085]


def test_byar_and_wilson_workbook() -> None:
    for row in rows("testdata_Byars_Wilson.xlsx"):
        if row["method"] == "Wilson":
            got = intervals.wilson(number(row["x"]), number(row["n"]), confidence=confidence(row))
        else:
            got = intervals.byar(number(row["x"]), confidence=confidence(row))
        want = (number(row["lowercl"]), number(row["uppercl"]))
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=0)


@pytest.mark.parametrize("level", ["95_0", "99_8"])
def test_proportion_workbook(level: str) -> None:
    table = rows("testdata_Proportion.xlsx")
    by_multiplier = {m: [r for r in table if r["multiplier"] == m] for m in (1, 100)}
    for multiplier, part in by_multiplier.items():
        assert part
        got = intervals.wilson(
            column(part, "Numerator"),
            column(part, "Denominator"),
            confidence=float(level.replace("_", ".")) / 100,
            multiplier=multiplier,
        )
        np.testing.assert_allclose(got[0], column(part, f"lower{level}cl"), rtol=1e-13)
        np.testing.assert_allclose(got[1], column(part, f"upper{level}cl"), rtol=1e-13)


def test_grouped_proportion_and_rate_workbooks() -> None:
    part = rows("testdata_Proportion.xlsx", 1)
    got = intervals.wilson(column(part, "Numerator"), column(part, "Denominator"))
    np.testing.assert_allclose(got, (column(part, "lowercl"), column(part, "uppercl")), rtol=1e-13)
    part = rows("testdata_Rate.xlsx", 1)
    got = intervals.rate(column(part, "Numerator"), column(part, "Denominator"), multiplier=100_000)
    np.testing.assert_allclose(got, (column(part, "lowercl"), column(part, "uppercl")), rtol=1e-14)


@pytest.mark.parametrize(("level", "share"), [("95_0", 0.95), ("99_8", 0.998)])
def test_rate_workbook(level: str, share: float) -> None:
    table = rows("testdata_Rate.xlsx")
    for multiplier in (100, 100_000):
        part = [row for row in table if row["multiplier"] == multiplier]
        assert part
        got = intervals.rate(
            column(part, "Numerator"), column(part, "Denominator"), confidence=share, multiplier=multiplier
        )
        np.testing.assert_allclose(got[0], column(part, f"lower{level}cl"), rtol=1e-14)
        np.testing.assert_allclose(got[1], column(part, f"upper{level}cl"), rtol=1e-14)


def test_missing_or_impossible_input_gives_no_interval() -> None:
    for x, n in ((np.nan, 10), (5, np.nan), (5, 0), (-1, 10), (11, 10)):
        assert np.isnan(intervals.wilson(x, n)).all()
    for x, n in ((np.nan, 10), (5, np.nan), (5, 0), (-1, 10)):
        assert np.isnan(intervals.rate(x, n)).all()


def test_confidence_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1, found 95"):
        intervals.wilson(1, 2, confidence=95)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_lies_in_range_and_holds_the_estimate(pair: tuple[int, int]) -> None:
    x, n = pair
    lower, upper = intervals.wilson(x, n)
    assert -1e-12 <= lower <= x / n + 1e-12
    assert x / n - 1e-12 <= upper <= 1 + 1e-12


@given(st.integers(0, 10**6))
def test_poisson_holds_the_count_and_widens_with_confidence(x: int) -> None:
    lower, upper = intervals.poisson(x)
    wider_lower, wider_upper = intervals.poisson(x, confidence=0.998)
    assert 0 <= wider_lower <= lower <= x <= upper <= wider_upper
