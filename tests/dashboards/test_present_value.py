"""Costs in present value: computed once more by hand, and nothing where a figure is withheld."""

from __future__ import annotations

from datetime import date

import pytest
from built_site import Built
from parsed_page import read_page

from dashboards.pages import methods, money
from dashboards.present_value import discounted
from dashboards.values import Value
from dbt_project.registry import load_metrics

METRIC = load_metrics()["cost_per_qualified_prescriber"]
MATURE_DAYS = 548


def _year(start: int, spend: float | None, people: float | None, symbol: str = "") -> Value:
    cost = None if spend is None or people is None else spend / people
    return Value(cost, None, None, spend, people, "gbp", "final", symbol, date(start, 4, 1), "year")


def test_a_year_is_discounted_to_the_first_of_them() -> None:
    first, second, third = discounted(
        METRIC, [_year(2021, 1_000_000, 100), _year(2022, 1_000_000, 100), _year(2023, 2_000_000, 125)]
    )
    assert METRIC.horizon_days == MATURE_DAYS
    later = 1.035 ** -(MATURE_DAYS / 365.25)
    assert first.present_value == 1_000_000
    assert first.discounted_people == pytest.approx(100 * later)
    assert second.present_value == pytest.approx(966_183.57, abs=0.01)  # the published factor, 0.9662
    assert third.present_value == pytest.approx(2_000_000 / 1.035**2)
    assert third.discounted_people == pytest.approx(125 * 1.035 ** -(2 + MATURE_DAYS / 365.25))
    # pounds and people of a year are moved by the same years, so each costs more by the horizon alone
    for year in (first, second, third):
        assert year.value.value is not None
        assert year.discounted_cost == pytest.approx(year.value.value / later)


def test_a_year_without_a_published_cost_tells_nothing() -> None:
    withheld = Value(None, None, None, 900_000, 3, "gbp", "final", "c", date(2021, 4, 1), "year")
    early = _year(2022, None, None, "e")
    for year in discounted(METRIC, [withheld, early]):
        assert (year.spend, year.people, year.present_value, year.discounted_people) == (None,) * 4
        assert year.discounted_cost is None


def test_only_costs_per_person_are_discounted() -> None:
    share = load_metrics()["spend_on_withdrawn"]
    assert discounted(share, [_year(2021, 1.0, 2.0)]) == ()
    assert discounted(METRIC, []) == ()


def test_the_page_and_the_methods_say_how(built: Built) -> None:
    text = read_page(built.folder / money.NAV.path).one("main").text
    assert "In present value" in text and "not corrected for inflation" in text
    assert f"{METRIC.label}, in present value" in text
    assert (
        "HM Treasury. The Green Book, 2022, annex 6"
        in read_page(built.folder / methods.PATH).one("main").text
    )
