"""A p-value is never told as nil, by whoever tells it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from dashboards import formatting
from evaluation import interrupted_time_series as its
from evaluation import p_values


@pytest.mark.parametrize(
    ("value", "number", "equation"),
    [
        (0.0, "< 0.001", "p < 0.001"),
        (0.00099, "< 0.001", "p < 0.001"),
        (0.001, "0.001", "p = 0.001"),
        (0.0314, "0.031", "p = 0.031"),
        (1.0, "1.000", "p = 1.000"),
    ],
)
def test_three_places_and_never_nil(value: float, number: str, equation: str) -> None:
    assert (p_values.number(value), p_values.equation(value)) == (number, equation)
    assert formatting.p_value(value) == number


def test_errors_that_follow_each_other_are_told_with_a_p_that_is_not_nil() -> None:
    rng = np.random.default_rng(1)
    wave = 200 * np.exp(rng.normal(0, 0.2, 60).cumsum())
    months = pd.DataFrame(
        {"period": pd.date_range("2020-01-01", periods=60, freq="MS"), "value": wave.round()}
    )
    found = its.counts(months, pd.Timestamp("2022-07-01"), slope_change=False, harmonics=0)
    (said,) = [problem for problem in found.problems if "Ljung-Box" in problem]
    assert "(Ljung-Box p < 0.001)" in said and not re.search(r"p = 0\.000", said)
