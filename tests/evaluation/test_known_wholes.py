"""Counts of class C by category: an attacker who knows every whole exactly, as a linear programme, undoes no mask."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from dbt_project.registry import load_metrics
from dbt_project.registry.metrics import DisclosureRule
from evaluation.disclosure import FIGURES, control

RULE = DisclosureRule(suppress_up_to=7, round_to=5, finest_grain={}, stocks_shown=())
METRICS = {"sector_pathways": load_metrics()["sector_pathways"]}
DESTINATIONS = ("community_pharmacy", "general_practice", "hospital", "other", "pcn", "unknown")


def matrix(*origins: tuple[int, ...]) -> pd.DataFrame:
    """England's breakdown with one row of counts for each origin."""
    cells: list[dict[str, Any]] = [
        {
            "metric_id": "sector_pathways",
            "org_level": "england",
            "org_code": "ENG",
            "strand": "all",
            "sector": "all",
            "dimension": f"from_{number}",
            "category": category,
            "period_start": date(2021, 4, 1),
            "period_grain": "all",
            "geography": "as_now",
            "value": count,
            "numerator": count,
            "denominator": None,
            "lower_95": None,
            "upper_95": None,
            "unit": "people",
            "status": "provisional",
        }
        for number, counts in enumerate(origins)
        for category, count in zip(DESTINATIONS, counts, strict=True)
    ]
    return pd.DataFrame(cells).astype(dict.fromkeys(FIGURES, "float64"))


def shown(*origins: tuple[int, ...]) -> list[list[object]]:
    result = control(matrix(*origins), METRICS, RULE)
    cells = np.where(result["suppressed"], "c", result["value"].astype("Int64").astype(str))
    return cells.reshape(len(origins), -1).tolist()


def test_small_pairs_are_withheld_and_the_others_rounded() -> None:
    """The shape of a generated national release; the wholes are published exactly with other measures."""
    assert shown((474, 0, 0, 6, 246, 1715), (0, 16, 0, 0, 423, 1199)) == [
        ["475", "c", "c", "c", "245", "1715"],
        ["c", "15", "c", "c", "425", "1200"],
    ]


def test_where_roundings_leave_no_room_the_largest_count_is_rounded_more_coarsely() -> None:
    """355 and 885 of 1,240 leave 4 people at most for the four withheld: the larger of the two is rounded to 10."""
    assert shown((0, 0, 0, 0, 356, 884)) == [["c", "c", "c", "c", "355", "880"]]


def test_where_nothing_is_large_more_is_withheld() -> None:
    """8 and 9 of 17 leave nobody for the four; with the 8 withheld, 9 people may be anywhere."""
    assert shown((0, 0, 0, 0, 8, 9)) == [["c", "c", "c", "c", "c", "10"]]


def test_of_two_counts_alike_one_is_withheld() -> None:
    """Whoever knows that the largest count is the one rounded coarsely knows that both are at least 1,593."""
    assert shown((0, 0, 0, 0, 1593, 1593)) == [["c", "c", "c", "c", "c", "1595"]]


def test_a_row_without_small_pairs_is_only_rounded() -> None:
    assert shown((8, 12, 13, 22, 23, 1001)) == [["10", "10", "15", "20", "25", "1000"]]


def bounds(number: float) -> tuple[float, float]:
    """What a count shown as ``number`` can be, at any rounding it is a multiple of; never a masked count."""
    to = RULE.round_to
    while number % (2 * to) == 0 and number:
        to *= 2
    return max(number - to // 2, RULE.suppress_up_to + 1), number + (to - 1) // 2


def attacked(result: pd.DataFrame, truth: pd.Series) -> list[tuple[float, float, float]]:
    """Of every masked part: the least and the most it can be to who knows its whole, and that whole."""
    found: list[tuple[float, float, float]] = []
    for _, rows in result.groupby("dimension"):
        whole = float(truth[rows.index].sum())
        # only the largest count of a whole is ever rounded more coarsely, and it stays the largest
        largest = rows["value"].max()
        second = max([number - 2 for number in rows["value"].dropna() if number != largest], default=0)
        limits = [
            (0, None)
            if hidden
            else (max(bounds(number)[0], second), bounds(number)[1])
            if number == largest
            else (max(number - 2, RULE.suppress_up_to + 1), number + 2)
            for number, hidden in zip(rows["value"], rows["suppressed"], strict=True)
        ]
        for position in np.flatnonzero(rows["suppressed"]):
            aim = np.zeros(len(rows))
            aim[position] = 1
            ends = [
                linprog(sign * aim, A_eq=np.ones((1, len(rows))), b_eq=[whole], bounds=limits)
                for sign in (1, -1)
            ]
            assert all(end.status == 0 for end in ends), "what is shown contradicts the whole"
            found.append((ends[0].fun, -ends[1].fun, whole))
    return found


counts = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 120), st.integers(0, 3000))


@settings(max_examples=150, deadline=None)
@example([(0, 0, 0, 0, 1593, 1593)])
@given(st.lists(st.tuples(*[counts] * len(DESTINATIONS)), min_size=1, max_size=4))
def test_knowing_every_whole_narrows_no_withheld_pair(origins: list[tuple[int, ...]]) -> None:
    table = matrix(*origins)
    result = control(table, METRICS, RULE)
    open_cells = result[~result["suppressed"]]
    assert (table["value"][open_cells.index] > RULE.suppress_up_to).all()
    assert (open_cells["value"] % RULE.round_to == 0).all()
    assert (open_cells["value"] == open_cells["numerator"]).all()
    true = table["value"][open_cells.index]
    assert ((open_cells["value"] - true).abs() <= true / 8 + 2).all()
    for least, most, whole in attacked(result, table["value"]):
        assert least == pytest.approx(0, abs=1e-6)
        assert most >= min(whole, RULE.suppress_up_to) - 1e-6


def test_rounding_alone_would_have_told_the_attacker() -> None:
    """The attack is one: on counts that are rounded to 5 and no further, it finds what is withheld."""
    truth = matrix((0, 0, 0, 0, 353, 883))
    only_rounded = truth.assign(
        value=[None, None, None, None, 355, 885], suppressed=[True, True, True, True, False, False]
    ).astype({"value": "float64"})
    assert [most for _, most, _ in attacked(only_rounded, truth["value"])] == pytest.approx([0, 0, 0, 0])
