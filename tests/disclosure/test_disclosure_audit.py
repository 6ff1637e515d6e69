"""What a reader works out of made tables, and that nothing of it is left once they are protected.

Every attack is one that undoes hidden counts elsewhere: the publication is safe, then one thing is published that
should not be, and the audit has to notice.
"""

from __future__ import annotations

from collections.abc import Callable

import made_tables as made
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array

from evaluation.disclosure import control
from evaluation.disclosure_audit import UNBOUNDED, Equations, bounds
from expectations.gate import GateRefused
from orchestration.protecting import Audit, Protection
from orchestration.publishable import FIGURES

STARTERS, SHARE = made.metric(), made.share()
KEY, SHARE_KEY = (FIGURES, STARTERS.id), (FIGURES, SHARE.id)


def _audit(protection: Protection) -> Audit:
    return protection.auditor.audit(protection.exact, protection.published)


def _protected(seed: int = 4, mean: float = 8, geographies: tuple[str, ...] = ("as_now",)) -> Protection:
    people = made.drawn(seed, mean)
    passed = {key: number * 2 // 3 for key, number in people.items()}
    protection = made.protection(
        (STARTERS, made.rows(STARTERS, people, geographies=geographies)),
        (SHARE, made.rows(SHARE, people, passed, geographies)),
    )
    protection.protect()
    return protection


def test_bounds_of_a_whole_and_its_parts_by_hand() -> None:
    # 20 = a + b + c with b in 8..12 and c in 5..7: a is 1..7
    equations = Equations(
        np.array([0]), np.array([True]), np.array([0]), np.array([1, 2, 3]), np.array([0, 0, 0])
    )
    found = bounds(np.array([20, 0, 8, 5]), np.array([20, UNBOUNDED, 12, 7]), equations)
    assert found.low.tolist() == [20, 1, 8, 5]
    assert found.high.tolist() == [20, 7, 12, 7]


def test_parts_that_need_not_be_all_bound_each_other_from_above_only() -> None:
    equations = Equations(np.array([0]), np.array([False]), np.array([0]), np.array([1, 2]), np.array([0, 0]))
    found = bounds(np.array([20, 0, 15]), np.array([20, UNBOUNDED, 16]), equations)
    assert (found.low[1], found.high[1]) == (0, 5)


@pytest.mark.parametrize("mean", [3, 8, 20])
def test_the_usual_rule_leaves_counts_to_be_worked_out_and_protection_none(mean: float) -> None:
    recovered = 0
    for seed in range(6):
        protection = made.protection((STARTERS, made.rows(STARTERS, made.drawn(seed, mean))))
        recovered += len(_audit(protection).recovered)
        protection.protect()
        assert not _audit(protection).recovered.size
    assert recovered


def test_protection_withholds_and_never_shows_or_changes() -> None:
    people = made.drawn(4, 8)
    protection = made.protection((STARTERS, made.rows(STARTERS, people)))
    before = protection.published[KEY]
    protection.protect()
    after = protection.published[KEY]
    shown = after["value"].notna()
    assert before["value"].notna().sum() > shown.sum()
    pd.testing.assert_series_equal(after["value"][shown], before["value"][shown])
    england = after["org_level"] == "england"
    assert shown[england].all()


def test_hardly_a_region_or_a_board_is_withheld_without_need() -> None:
    """Shown again one at a time, nearly every figure withheld beyond the usual rule gives a count away."""
    withheld, needless = {"region": 0, "icb": 0}, {"region": 0, "icb": 0}
    for seed in range(24):
        protection = made.protection(
            (STARTERS, made.rows(STARTERS, made.drawn(seed, (3, 6, 8, 20)[seed % 4])))
        )
        protection.protect()
        levels = protection.exact[KEY]["org_level"].to_numpy()
        for position in np.flatnonzero(protection.withheld[KEY]):
            mask = protection.withheld[KEY].copy()
            mask[position] = False
            rows = control(protection.exact[KEY], {STARTERS.id: STARTERS}, made.RULE, mask)
            found = protection.auditor.audit(protection.exact, {KEY: rows})
            withheld[levels[position]] += 1
            needless[levels[position]] += not found.recovered.size
    assert withheld["region"] and withheld["icb"], "nothing was tried"
    assert needless["region"] <= 0.1 * withheld["region"]
    assert needless["icb"] <= 0.1 * withheld["icb"]


def test_the_same_tables_are_withheld_in_the_same_places() -> None:
    first, again = _protected(), _protected()
    for key in (KEY, SHARE_KEY):
        pd.testing.assert_frame_equal(first.published[key], again.published[key])


@pytest.mark.parametrize("seed", range(6))
def test_no_linear_programme_finds_a_withheld_count(seed: int) -> None:
    """A stronger reader, who weighs all equations together: what is certain of each count."""
    protection = made.protection((STARTERS, made.rows(STARTERS, made.drawn(seed, 6))))
    protection.protect()
    audit = _audit(protection)
    for count, goal in zip(audit.asked, audit.goal, strict=True):
        low, high = _certain(audit, int(count))
        assert low <= audit.found.high[count] and high >= audit.found.low[count]
        assert high - low >= min(3, goal), "worked out, or nearly"


def _certain(audit: Audit, count: int) -> tuple[float, float]:
    """Lowest and highest value of a count by linear programming over all equations at once."""
    equations, cells = audit.equations, audit.cells
    rows, size = len(equations.whole), len(cells)
    matrix = coo_array(
        (
            np.concatenate([np.ones(len(equations.part)), -np.ones(rows)]),
            (
                np.concatenate([equations.of, np.arange(rows)]),
                np.concatenate([equations.part, equations.whole]),
            ),
        ),
        shape=(rows, size),
    ).tocsr()
    exact = equations.is_exact
    cost = np.zeros(size)
    cost[count] = 1
    windows = np.column_stack(
        [cells["low"], np.where(cells["high"] >= UNBOUNDED, np.inf, cells["high"].astype(float))]
    )
    ends: list[float] = []
    for sign in (1, -1):
        answer = linprog(
            sign * cost,
            A_ub=matrix[~exact] if (~exact).any() else None,
            b_ub=np.zeros(int((~exact).sum())) if (~exact).any() else None,
            A_eq=matrix[exact] if exact.any() else None,
            b_eq=np.zeros(int(exact.sum())) if exact.any() else None,
            bounds=windows,
        )
        assert answer.status == 0, answer.message
        ends.append(sign * answer.fun)
    return ends[0], ends[1]


Attack = Callable[[Protection], None]


def _show(
    protection: Protection, key: tuple[str, str], where: pd.Series, number: Callable[[float], float]
) -> None:
    """Publish the first withheld row of those, as ``number`` of its count."""
    published, exact = protection.published[key], protection.exact[key]
    row = published.index[where & published["suppressed"] & (exact["numerator"] > 0)][0]
    count = number(float(exact.loc[row, "numerator"]))
    published.loc[row, ["value", "numerator"]] = count
    published.loc[row, "suppressed"] = False


def _rounded(count: float) -> float:
    return max(10.0, np.floor(count / 5 + 0.5) * 5)


def _total_minus_parts(protection: Protection) -> None:
    """Every small count but one is shown."""
    published, exact = protection.published[KEY], protection.exact[KEY]
    boards = (
        (published["org_level"] == "icb")
        & (published["strand"] == "all")
        & (published["period_grain"] == "year")
    )
    hidden = published.index[boards & published["suppressed"]]
    if len(hidden) < 2:
        pytest.skip("needs two hidden boards")
    for row in hidden[1:]:
        published.loc[row, ["value", "numerator"]] = exact.loc[row, "numerator"]
        published.loc[row, "suppressed"] = False


def _unrounded_region(protection: Protection) -> None:
    """Counts of regions and boards are shown as they are."""
    published, exact = protection.published[KEY], protection.exact[KEY]
    below = (published["org_level"] != "england") & published["value"].notna()
    published.loc[below, "value"] = published.loc[below, "numerator"] = exact.loc[below, "numerator"]


def _zero_published(protection: Protection) -> None:
    published, exact = protection.published[KEY], protection.exact[KEY]
    row = published.index[published["suppressed"] & (exact["numerator"] == 0)][0]
    published.loc[row, ["value", "numerator"]] = 0.0
    published.loc[row, "suppressed"] = False


def _rate_of_exact_counts(protection: Protection) -> None:
    """A percentage computed before rounding gives the numerator back."""
    published, exact = protection.published[SHARE_KEY], protection.exact[SHARE_KEY]
    row = published.index[published["value"].notna() & (published["org_level"] != "england")][0]
    published.loc[row, "value"] = exact.loc[row, "value"]


def _passed_without_starters(protection: Protection) -> None:
    """The share is withheld, its numerator shown elsewhere: everybody who passed had started."""
    published = protection.published[SHARE_KEY]
    row = published.index[published["suppressed"] & (published["org_level"] == "icb")][0]
    published.loc[row, "numerator"] = 5.0
    published.loc[row, "denominator"] = 5.0


@pytest.mark.parametrize(
    "attack",
    [_total_minus_parts, _unrounded_region, _zero_published, _rate_of_exact_counts, _passed_without_starters],
    ids=lambda attack: attack.__name__.strip("_"),
)
def test_an_attack_is_noticed(attack: Attack) -> None:
    protection = _protected()
    assert not _audit(protection).recovered.size
    attack(protection)
    try:
        audit = _audit(protection)
    except GateRefused:
        return
    assert audit.recovered.size
    assert all("disclosure audit" in reason or "more" in reason for reason in audit.reasons)


def test_two_geographies_are_one_publication() -> None:
    """A board hidden as it is now and shown as it was, nothing having moved."""
    protection = _protected(geographies=("as_now", "as_was"))
    assert not _audit(protection).recovered.size
    published, exact = protection.published[KEY], protection.exact[KEY]
    then = published["geography"] == "as_was"
    hidden = published["suppressed"] & then & (exact["numerator"] <= 7) & (exact["numerator"] > 0)
    row = published.index[hidden][0]
    published.loc[row, ["value", "numerator"]] = exact.loc[row, "numerator"]
    published.loc[row, "suppressed"] = False
    audit = _audit(protection)
    told = audit.cells.iloc[audit.recovered]
    same = (told["geography"] == "as_now") & (told["org_code"] == published.loc[row, "org_code"])
    assert same.any()


def test_a_merged_board_is_made_of_those_that_merged() -> None:
    protection = _protected(geographies=("as_now", "as_was"))
    exact = protection.exact
    now = {key: frame.copy() for key, frame in exact.items()}
    places = made.organisations()
    places.loc[places["org_code"] == "Q1", "successor_code"] = "Q0"
    for key, frame in now.items():
        index = ["strand", "period_start", "period_grain"]
        is_now = frame["geography"] == "as_now"
        gone = frame[is_now & (frame["org_code"] == "Q1")].set_index(index)["numerator"]
        heirs = frame.index[is_now & (frame["org_code"] == "Q0")]
        for row in heirs:
            frame.loc[row, "numerator"] += gone.loc[tuple(frame.loc[row, index])]
        now[key] = frame[~(is_now & (frame["org_code"] == "Q1"))].reset_index(drop=True)
    table = now[KEY].assign(value=now[KEY]["numerator"])
    merged = made.protection((STARTERS, table))
    merged.auditor.organisations = places
    merged.protect()
    audit = _audit(merged)
    assert not audit.recovered.size
    cells = audit.cells.reset_index()
    whole = cells[(cells["geography"] == "as_now") & (cells["org_code"] == "Q0")]["index"]
    made_of = [
        set(cells.loc[audit.equations.part[audit.equations.of == row], "org_code"])
        for row in np.flatnonzero(np.isin(audit.equations.whole, whole))
        if (cells.loc[audit.equations.part[audit.equations.of == row], "geography"] == "as_was").all()
    ]
    assert made_of and all(parts == {"Q0", "Q1"} for parts in made_of)


def test_a_refusal_names_cells_and_no_count() -> None:
    protection = _protected()
    _unrounded_region(protection)
    reasons = _audit(protection).reasons
    assert reasons and "icb" in reasons[0] and "from 2025-" in reasons[0]
    assert all(len(reason.split("|")) >= 3 for reason in reasons[:3])
