"""Disclosure control: the rule on tiny tables, the answer beside them, and what holds on any table."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_project.registry.metrics import DisclosureRule, Metric
from evaluation import intervals
from evaluation.disclosure import FIGURES, KEYS, STATUS_SYMBOL, control

RULE = DisclosureRule(suppress_up_to=7, round_to=5, finest_grain={}, stocks_shown=())


def metric(metric_id: str, disclosure_class: str, unit: str = "people", **fields: Any) -> Metric:
    entry: dict[str, Any] = {
        "id": metric_id,
        "theme": "metric_test",
        "method": "count",
        "label": metric_id,
        "description": "for tests",
        "catalogue": 1,
        "question": "how many?",
        "why": "for tests",
        "unit": unit,
        "direction": "higher",
        "kind": "flow",
        "numerator": {"model": "int_x", "agg": "count", "description": "rows"},
        "levels": ["england", "region", "icb", "sub_icb", "pcn"],
        "grains": ["month"],
        "feeds": [],
        "population": "all",
        "time_attribution": "event date",
        "disclosure_class": disclosure_class,
        "theory_of_change": "output",
        "owner": "evaluation",
        "review_date": date(2027, 1, 1),
        "version": 1,
    }
    return Metric.model_validate({**entry, **fields})


METRICS = {
    entry.id: entry
    for entry in (
        metric("open", "A"),
        metric("count_b", "B"),
        metric("count_c", "C"),
        metric("share_b", "B", "percent", interval="wilson"),
        metric("share_c", "C", "percent", interval="wilson"),
        metric("rate_b", "B", "rate", per=10_000, interval="byar"),
        metric("count_with_interval_b", "B", interval="byar"),
        metric("days_b", "B", "days"),
        metric("days_c", "C", "days"),
    )
}


def cell(metric_id: str, level: str, code: str, numerator: float | None, **fields: Any) -> dict[str, Any]:
    unit = METRICS[metric_id].unit
    row: dict[str, Any] = {
        "metric_id": metric_id,
        "org_level": level,
        "org_code": code,
        "strand": "all",
        "sector": "all",
        "period_start": date(2025, 4, 1),
        "period_grain": "month",
        "geography": "as_now",
        "numerator": numerator,
        "denominator": None,
        "lower_95": None,
        "upper_95": None,
        "unit": unit,
        "status": "final",
        "definition_version": 1,
        "vintage": date(2026, 1, 1),
    }
    row["value"] = numerator
    row.update(fields)
    if unit == "percent" and "value" not in fields and numerator is not None:
        row["value"] = 100 * numerator / row["denominator"]
    return row


def frame(*cells: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame(list(cells))
    return table.astype(dict.fromkeys(FIGURES, "float64"))


def published(*cells: dict[str, Any]) -> pd.DataFrame:
    return control(frame(*cells), METRICS, RULE)


def shown(result: pd.DataFrame) -> list[object]:
    """Value of each row, ``c`` where it is suppressed."""
    return [
        "c" if suppressed else value
        for value, suppressed in zip(result["value"], result["suppressed"], strict=True)
    ]


def test_class_a_is_unchanged() -> None:
    cells = [cell("open", "pcn", f"U0000{n}", n) for n in range(9)]
    assert shown(published(*cells)) == list(range(9))


def test_class_b_counts_below_england() -> None:
    counts = (0, 1, 7, 8, 12, 13, 22, 23)
    cells = [cell("count_b", "pcn", f"U0000{n}", n) for n in counts]
    assert shown(published(*cells)) == ["c", "c", "c", 10, 10, 15, 20, 25]


def test_class_b_england_is_exact() -> None:
    assert shown(published(cell("count_b", "england", "ENG", 3))) == [3]


def test_suppressed_cells_carry_no_figure_and_the_symbol() -> None:
    result = published(
        cell("share_b", "icb", "QE1", 3, denominator=40, lower_95=2, upper_95=20),
        cell("share_b", "icb", "QF7", 5, denominator=40, lower_95=2, upper_95=20),
    )
    assert result[list(FIGURES)].isna().all(axis=None)
    assert result["symbol"].tolist() == ["c", "c"]


def test_percent_is_recomputed_from_rounded_counts_with_its_interval() -> None:
    result = published(cell("share_b", "icb", "QE1", 33, denominator=47)).iloc[0]
    assert (result["numerator"], result["denominator"]) == (35, 45)
    assert result["value"] == pytest.approx(100 * 35 / 45)
    lower, upper = intervals.wilson(35, 45, multiplier=100)
    assert (result["lower_95"], result["upper_95"]) == (pytest.approx(lower), pytest.approx(upper))


def test_rate_is_recomputed_from_rounded_counts_with_its_interval() -> None:
    result = published(cell("rate_b", "icb", "QE1", 33, denominator=52_341, value=6.3)).iloc[0]
    assert result["value"] == pytest.approx(35 / 52_340 * 10_000)
    lower, upper = intervals.rate(35, 52_340, multiplier=10_000)
    assert (result["lower_95"], result["upper_95"]) == (pytest.approx(lower), pytest.approx(upper))


def test_interval_of_a_count_follows_the_rounded_count() -> None:
    result = published(cell("count_with_interval_b", "icb", "QE1", 33, lower_95=22.7, upper_95=46.3)).iloc[0]
    lower, upper = intervals.poisson(35)
    assert (result["lower_95"], result["upper_95"]) == (pytest.approx(lower), pytest.approx(upper))


def test_small_denominator_masks_the_percentage() -> None:
    assert shown(published(cell("share_b", "icb", "QE1", 8, denominator=7, value=114.0))) == ["c"]


def test_unknown_denominator_masks_the_percentage() -> None:
    assert shown(published(cell("rate_b", "icb", "QE1", 30, value=5.0))) == ["c"]


def test_class_c_is_never_below_icb() -> None:
    result = published(
        cell("count_c", "england", "ENG", 112),
        cell("count_c", "region", "Y56", 52),
        cell("count_c", "region", "Y58", 60),
        cell("count_c", "icb", "QE1", 23),
        cell("count_c", "sub_icb", "00Q", 23),
        cell("count_c", "pcn", "U00001", 23),
    )
    assert shown(result) == [112, 50, 60, 25, "c", "c"]


def test_class_c_small_count_is_masked_in_england_too() -> None:
    result = published(
        cell("count_c", "england", "ENG", 3, sector="hospital"),
        cell("count_c", "england", "ENG", 14, sector="general_practice"),
        cell("count_c", "england", "ENG", 21, sector="community_pharmacy"),
        cell("count_c", "england", "ENG", 38),
    )
    # the smallest other sector goes with it: 38 - 21 must not leave 3 behind 14
    assert shown(result) == ["c", "c", 21, 38]


def test_median_rests_on_enough_people_or_is_masked() -> None:
    result = published(
        cell("days_b", "icb", "QE1", None, denominator=8, value=61.5),
        cell("days_b", "icb", "QF7", None, denominator=7, value=61.5),
        cell("days_b", "icb", "QGH", None, value=61.5),
        cell("days_b", "england", "ENG", None, denominator=3, value=61.5),
        cell("days_c", "pcn", "U00001", None, denominator=80, value=61.5),
    )
    assert shown(result) == [61.5, "c", "c", 61.5, "c"]
    assert result["denominator"].iloc[0] == 10


def test_one_masked_region_takes_the_next_smallest_with_it() -> None:
    result = published(
        cell("count_b", "england", "ENG", 90),
        cell("count_b", "region", "Y56", 6),
        cell("count_b", "region", "Y58", 40),
        cell("count_b", "region", "Y59", 22),
        cell("count_b", "region", "Y60", 22),
    )
    assert shown(result) == [90, "c", 40, "c", 20]


def test_two_masked_regions_protect_each_other() -> None:
    result = published(
        cell("count_b", "region", "Y56", 6),
        cell("count_b", "region", "Y58", 3),
        cell("count_b", "region", "Y59", 22),
    )
    assert shown(result) == ["c", "c", 20]


def test_levels_and_periods_are_protected_apart() -> None:
    result = published(
        cell("count_b", "region", "Y56", 6),
        cell("count_b", "region", "Y58", 40),
        cell("count_b", "icb", "QE1", 46),
        cell("count_b", "region", "Y56", 46, period_start=date(2025, 5, 1)),
        cell("count_b", "region", "Y58", 40, period_start=date(2025, 5, 1)),
    )
    assert shown(result) == ["c", "c", 45, 45, 40]


def test_total_over_strands_does_not_give_the_masked_strand() -> None:
    result = published(
        cell("count_b", "icb", "QE1", 44),
        cell("count_b", "icb", "QE1", 4, strand="supervisors"),
        cell("count_b", "icb", "QE1", 15, strand="independent_prescribing"),
        cell("count_b", "icb", "QE1", 25, strand="portfolio_recognition"),
    )
    assert shown(result) == [45, "c", "c", 25]


def test_a_total_of_one_part_is_masked_like_the_part() -> None:
    result = published(
        cell("count_b", "icb", "QE1", 4), cell("count_b", "icb", "QE1", 4, strand="supervisors")
    )
    assert shown(result) == ["c", "c"]


def test_categories_of_a_breakdown_protect_each_other() -> None:
    table = frame(
        *[
            cell("count_b", "icb", "QE1", n, dimension="route", category=name)
            for name, n in {"programme_funded": 40, "self_funded": 4, "at_registration": 18}.items()
        ]
    )
    assert shown(control(table, METRICS, RULE)) == [40, "c", "c"]


def test_row_without_a_value_shows_its_reason_and_no_count() -> None:
    reasons = ("input_missing", "not_reported")
    result = published(
        *[
            cell("share_b", "icb", f"Q0{n}", 3, denominator=9, value=None, status=status)
            for n, status in enumerate(reasons)
        ]
    )
    assert result["symbol"].tolist() == ["x", "n"]
    assert not result["suppressed"].any()
    assert result[list(FIGURES)].isna().all(axis=None)


@pytest.mark.parametrize("status", ["unreliable", "too_early"])
def test_a_reason_that_few_people_bring_about_is_withheld_like_a_small_count(status: str) -> None:
    result = published(
        cell("share_b", "england", "ENG", 30, denominator=90),
        cell("share_b", "icb", "Q01", 3, denominator=9, value=None, status=status),
    )
    assert result["symbol"].tolist() == ["", "c"]
    assert result["status"].tolist() == ["final", "final"]
    assert result["suppressed"].tolist() == [False, True]


def test_where_england_is_too_early_every_place_is_whatever_it_has() -> None:
    result = published(
        cell("share_b", "england", "ENG", 30, denominator=90, value=None, status="too_early"),
        cell("share_b", "icb", "Q01", 20, denominator=40),
        cell("share_b", "icb", "Q02", 0, denominator=0, value=None, status="final"),
    )
    assert result["symbol"].tolist() == ["e", "e", "e"]
    assert result[list(FIGURES)].iloc[1:].isna().all(axis=None)


def test_a_masked_row_has_the_status_of_england_and_not_its_own() -> None:
    result = published(
        cell("share_b", "england", "ENG", 30, denominator=90, status="provisional"),
        cell("share_b", "icb", "Q01", 3, denominator=9, status="unreliable"),
        cell("share_b", "icb", "Q02", 2, denominator=9, status="final"),
    )
    assert result["status"].tolist() == ["provisional"] * 3


def test_status_symbols_of_published_values() -> None:
    result = published(*[cell("open", "pcn", "U00001", 4, status=status) for status in STATUS_SYMBOL])
    assert result["symbol"].tolist() == list(STATUS_SYMBOL.values()) == ["", "p", "e", "u", "x", "n", "m"]


def test_an_unclassified_metric_or_unknown_status_stops_the_release() -> None:
    table = frame(cell("open", "pcn", "U00001", 4))
    with pytest.raises(ValueError, match="metric_id open is not known"):
        control(table, {}, RULE)
    with pytest.raises(ValueError, match="status maybe is not known"):
        control(table.assign(status="maybe"), METRICS, RULE)


def test_empty_table() -> None:
    result = control(frame(cell("count_b", "icb", "QE1", 4)).iloc[:0], METRICS, RULE)
    assert len(result) == 0
    assert {"suppressed", "symbol"} <= set(result.columns)


PLACES = (
    [("england", "ENG")]
    + [("region", f"Y5{n}") for n in range(3)]
    + [("icb", f"Q0{n}") for n in range(4)]
    + [("pcn", f"U0000{n}") for n in range(5)]
)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Metric values over a small hierarchy, with strands and sectors, many of them small."""
    keys = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["open", "count_b", "count_c", "share_b", "share_c", "rate_b"]),
                st.sampled_from(PLACES),
                st.sampled_from(["all", "supervisors", "independent_prescribing"]),
                st.sampled_from(["all", "hospital", "pcn"]),
            ),
            unique=True,
            min_size=1,
            max_size=40,
        )
    )
    counts = st.one_of(st.integers(0, 12), st.integers(0, 400))
    cells: list[dict[str, Any]] = []
    for metric_id, (level, code), strand, sector in keys:
        n = draw(counts)
        fields: dict[str, Any] = {"strand": strand, "sector": sector}
        if METRICS[metric_id].unit in ("percent", "rate"):
            fields["denominator"] = n + draw(counts)
            fields["value"] = 100 * n / max(1, fields["denominator"])
        cells.append(cell(metric_id, level, code, n, **fields))
    return frame(*cells)


def below_england(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["org_level"] != "england") & (table["metric_id"] != "open")]


@settings(max_examples=150)
@given(tables())
def test_no_small_or_unrounded_count_is_published(table: pd.DataFrame) -> None:
    before = table.copy(deep=True)
    result = control(table, METRICS, RULE)
    pd.testing.assert_frame_equal(table, before)
    assert result.index.equals(table.index)
    counts = below_england(result)[["numerator", "denominator"]].to_numpy().ravel()
    counts = counts[~np.isnan(counts)]
    assert (counts > RULE.suppress_up_to).all()
    assert (counts % RULE.round_to == 0).all()
    masked = result["suppressed"]
    assert result.loc[masked, list(FIGURES)].isna().all(axis=None)
    assert (result.loc[masked, "symbol"] == "c").all()
    assert (result.loc[~masked, "symbol"] != "c").all()
    ratios = result[~masked & result["unit"].isin(["percent"])]
    assert (ratios["lower_95"].fillna(0) <= ratios["value"] + 1e-9).all()


@settings(max_examples=150)
@given(tables())
def test_no_whole_has_a_single_masked_part_beside_published_ones(table: pd.DataFrame) -> None:
    result = below_england(control(table, METRICS, RULE))
    for part in ("org_code", "strand", "sector"):
        parts = result if part == "org_code" else result[result[part] != "all"]
        groups = parts.groupby([key for key in KEYS if key != part], sort=False)["suppressed"]
        assert not ((groups.sum() == 1) & (groups.size() > 1)).any()


@settings(max_examples=100)
@given(tables(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(table: pd.DataFrame, random: Any) -> None:
    order = list(table.index)
    random.shuffle(order)
    shuffled = control(table.loc[order], METRICS, RULE).loc[table.index]
    pd.testing.assert_frame_equal(shuffled, control(table, METRICS, RULE))


@settings(max_examples=150)
@given(tables(), st.integers(0, RULE.suppress_up_to))
def test_all_counts_of_the_masked_class_look_the_same(table: pd.DataFrame, other: int) -> None:
    """Replacing any small count below England by another of 0..7 changes nothing that is published."""
    small = below_england(table).query("numerator <= @RULE.suppress_up_to and unit == 'people'").index
    changed = table.copy()
    changed.loc[small, ["value", "numerator"]] = float(other)
    pd.testing.assert_frame_equal(control(changed, METRICS, RULE), control(table, METRICS, RULE))
