"""XmR charts against a published example and the rules of Making Data Count as NHSRplotthedots tests them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation import process_control
from evaluation.process_control import Rebase

# Example of the documentation of the Python package spc-plotly (38 months); its limits are without screening
PUBLISHED = [
    *(
        2478,
        2350,
        2485,
        2296,
        2359,
        2567,
        3089,
        2668,
        1788,
        2854,
        2365,
        1883,
        1959,
        1927,
        2640,
        2626,
        2144,
        2409,
    ),
    *(
        4412,
        3287,
        3049,
        3364,
        3078,
        2972,
        3415,
        2753,
        3102,
        2191,
        3693,
        4385,
        4699,
        3031,
        2659,
        3885,
        2628,
        2621,
    ),
    *(3071, 2002),
]


def chart(values: list[float], **options: object) -> pd.DataFrame:
    frame = pd.DataFrame({"period": range(len(values)), "value": values})
    return process_control.process_chart(frame, **options)


def flat(values: list[float], at: int = 30) -> list[float]:
    """The values in the middle of a steady series that swings by 1 around 0."""
    calm = [1.0, -1.0] * at
    return [*calm, *values, *calm]


def test_limits_as_published() -> None:
    table = chart(PUBLISHED, screen=False)
    assert table["mean"][0] == pytest.approx(2820.6315789473683)
    assert table["moving_range"].mean() == pytest.approx(571.8918918918919)
    assert table["upper"][0] == pytest.approx(4341.864011379801)
    assert table["lower"][0] == pytest.approx(2 * 2820.6315789473683 - 4341.864011379801)
    assert table.loc[table["is_outside"], "value"].tolist() == [4412, 4385, 4699]
    # one step, 2,003 up, is 3.267 times 571.9 or more and left out; the limits come from the other 36
    screened = chart(PUBLISHED)
    kept = (37 * 571.8918918918919 - 2003) / 36
    assert screened["upper"][0] == pytest.approx(2820.6315789473683 + 2.66 * kept)


@pytest.mark.parametrize(("run", "flagged"), [(6, 0), (7, 7), (8, 8)])
@pytest.mark.parametrize("sign", [1, -1])
def test_seven_points_on_one_side_of_the_mean_are_a_shift(run: int, flagged: int, sign: int) -> None:
    calm = [1.0 * sign, -1.0 * sign] * 40  # ends on the other side
    table = chart([*calm, *[0.5 * sign] * run, *[-1.0 * sign, 1.0 * sign] * 40])
    assert abs(table["mean"][0]) < 0.5
    assert table["is_shift"].sum() == flagged
    assert table["is_shift"][80 : 80 + run].sum() == flagged


def test_a_point_on_the_mean_breaks_a_shift() -> None:
    values = [2, 2, 2, 0, 2, 2, 2, -2, -2, -2, 0, -2, -2, -2]
    table = chart([float(value) for value in values])
    assert table["mean"][0] == 0
    assert not table["is_shift"].any()


@pytest.mark.parametrize(
    ("values", "flagged"),
    [
        ([1, 2, 3, 4, 5, 6], 0),
        ([1, 2, 3, 3, 4, 5, 6], 0),
        ([1, 2, 3, 4, 5, 6, 7], 7),
        ([2, 1, 2, 3, 4, 5, 6, 7, 3], 7),
        ([7, 6, 5, 4, 3, 2, 1], 7),
        ([2, 7, 6, 5, 4, 3, 2, 1, 3], 7),
    ],
)
def test_seven_points_in_one_direction_are_a_trend(values: list[float], flagged: int) -> None:
    assert chart(values)["is_trend"].sum() == flagged


@pytest.mark.parametrize(
    ("middle", "flagged"),
    [
        ([4.5, 1.0, 4.5], [True, False, True]),
        ([4.5, 4.5, 1.0], [True, True, False]),
        ([1.0, 4.5, 4.5], [False, True, True]),
        ([4.5, -1.0, 4.5], [False, False, False]),
        ([4.5, 1.0, 1.0], [False, False, False]),
        ([-4.5, -1.0, -4.5], [True, False, True]),
        ([4.5, -4.5, 4.5], [False, False, False]),
        ([9.0, 4.5, 1.0], [False, False, False]),  # 9 is outside the limits, not close to one
    ],
)
def test_two_of_three_close_to_one_limit(middle: list[float], flagged: list[bool]) -> None:
    table = chart(flat(middle))
    near, limit = table["mean"][0] + np.array([2 / 3, 1]) * (table["upper"][0] - table["mean"][0])
    assert near < 4.5 < limit, "4.5 lies between two thirds of the way and the limit"
    assert table["is_close"][60:63].tolist() == flagged
    assert table["is_close"].sum() == sum(flagged)


def test_a_point_outside_the_limits() -> None:
    table = chart(flat([9.0]))
    assert table.loc[table["is_outside"], "value"].tolist() == [9]
    assert table["is_signal"].sum() == 1


def test_fewer_than_twelve_points_give_trial_limits() -> None:
    assert chart([1.0, 2.0] * 5 + [1.0])["is_trial"].all()
    assert not chart([1.0, 2.0] * 6)["is_trial"].any()


def test_a_rebase_starts_again_and_says_why() -> None:
    values = [1.0, -1.0] * 10 + [11.0, 9.0] * 10
    table = chart(values, rebases=[Rebase(20, "Funding of places ended")])
    assert table["segment"].tolist() == [0] * 20 + [1] * 20
    assert table["mean"].tolist() == [0.0] * 20 + [10.0] * 20
    assert table["reason"].isna().tolist() == [True] * 20 + [False] * 20
    assert table["reason"].iloc[-1] == "Funding of places ended"
    assert np.isnan(table["moving_range"][20])
    assert not table["is_signal"].any()
    assert chart(values)["is_shift"].any(), "without the rebase it is a shift"
    with pytest.raises(ValueError, match="rebase at 20: a reason is needed"):
        Rebase(20, " ")
    with pytest.raises(ValueError, match="rebase at 99: no such period"):
        chart(values, rebases=[Rebase(99, "No such month")])


def test_steady_short_and_empty_series() -> None:
    steady = chart([3.0] * 20)
    assert (steady["lower"] == 3).all()
    assert (steady["upper"] == 3).all()
    assert not steady["is_signal"].any()
    one = chart([3.0])
    assert np.isnan([one["lower"][0], one["moving_range"][0]]).all()
    assert not one["is_signal"].any()
    assert chart([]).empty
    assert "is_signal" in chart([])


def test_periods_are_put_in_order_and_checked() -> None:
    frame = pd.DataFrame({"period": [2, 0, 1], "value": [3, 1, 2]})
    assert process_control.process_chart(frame)["value"].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="period: 1 repeated"):
        process_control.process_chart(frame.assign(period=[0, 0, 1]))
    with pytest.raises(ValueError, match="value: missing in 1 of 3 periods"):
        process_control.process_chart(frame.assign(value=[1, None, 2]))
