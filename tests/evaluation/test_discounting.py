"""Discount factors against the table that HM Treasury publishes with the Green Book (2022, annex 6)."""

from __future__ import annotations

import pytest

from evaluation.discounting import LAST_YEAR, discount_factor, rate_of

PUBLISHED = {1: 0.9662, 2: 0.9335, 3: 0.9019, 4: 0.8714, 5: 0.8420, 10: 0.7089, 20: 0.5026, 30: 0.3563}


@pytest.mark.parametrize(("year", "factor"), PUBLISHED.items())
def test_factors_are_the_published_ones(year: int, factor: float) -> None:
    assert round(discount_factor(year), 4) == factor


@pytest.mark.parametrize(
    ("year", "factor"),
    [
        (0, 1.0),
        (31, 1.035**-30 / 1.03),
        (75, 1.035**-30 * 1.03**-45),
        (125, 1.035**-30 * 1.03**-45 * 1.025**-50),
    ],
)
def test_the_rate_falls_after_30_and_after_75_years(year: int, factor: float) -> None:
    assert discount_factor(year) == pytest.approx(factor, rel=1e-12)


def test_between_whole_years_the_rate_of_the_year_begun_counts() -> None:
    assert discount_factor(1.5) == pytest.approx(1.035**-1.5, rel=1e-12)
    assert discount_factor(30.5) == pytest.approx(1.035**-30 * 1.03**-0.5, rel=1e-12)


@pytest.mark.parametrize("years", [-0.1, LAST_YEAR + 0.1])
def test_no_factor_where_the_green_book_has_none(years: float) -> None:
    with pytest.raises(ValueError, match="expected 0 to 125"):
        discount_factor(years)


def test_no_rate_before_the_first_year() -> None:
    with pytest.raises(ValueError, match="found year 0"):
        rate_of(0)
