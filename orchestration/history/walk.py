"""Values of a metric's figures in the states between two builds, from the units behind them.

Counts, sums and what is divided of them follow from how many units each state has more or fewer than the first.
Medians and estimators are computed anew from the whole units of each state, by the code that computes the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from dbt_project.registry import Metric
from dbt_project.registry.metrics import Measure
from evaluation.estimates import PERCENT, TIME_ESTIMATORS
from orchestration.history.unit_steps import LATE, MOVED, NEW, STATES, Comparison, cells_sql

CELL = ("org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography")
DIVIDED = (
    "percent",
    "rate",
    "ratio",
    "gbp",
)  # units whose value is a numerator over a denominator, if there is one
MONTHS_OF_GRAIN = {"month": 1, "quarter": 3, "year": 12}
TOLERANCE = 1e-9  # of sums of decimals against sums of doubles, relative

VALUES = [f"value_{state}" for state in STATES]

Recompute = Callable[[pd.DataFrame], pd.Series]


class NotDecomposable(RuntimeError):
    """A metric whose changes cannot be told apart; the message says why."""


def values_by_state(
    comparison: Comparison, metric: Metric, changed: pd.DataFrame, levels: tuple[str, ...]
) -> pd.DataFrame:
    """Values of the changed figures in every state: :data:`CELL` and ``value_1`` to ``value_5``.

    The comparison has the units of this metric loaded. ``changed``: :data:`CELL`, of both builds value, numerator and
    denominator (``old_value`` and so on), and whether the denominator is the same in England. ``value_1`` is the
    earlier value; ``value_5`` is the later one where the units account for it. Raises :class:`NotDecomposable`.
    """
    connection = comparison.connection
    if metric.method == "estimate":
        return _recomputed(connection, metric, changed, levels, "denominator", _estimate(metric))
    if metric.numerator.agg == "median":
        return _recomputed(connection, metric, changed, levels, "numerator", _median)
    return _divided(comparison, metric, changed, levels)


def _divided(
    comparison: Comparison, metric: Metric, changed: pd.DataFrame, levels: tuple[str, ...]
) -> pd.DataFrame:
    """Counts, and counts over something: the parts in each state, then the value as ``finish.sql`` makes it."""
    connection = comparison.connection
    moved = {
        part: _differences(connection, metric, counted, part, changed, levels)
        for part, counted in (("numerator", metric.numerator), ("denominator", metric.denominator))
        if counted is not None
    }
    numerator = _states(changed["old_numerator"], moved["numerator"])
    if "denominator" not in moved or metric.unit not in DIVIDED:
        values = numerator
    else:
        denominator = _states(changed["old_denominator"], moved["denominator"])
        if not _has_units(connection, "denominator"):
            denominator = _lists(changed, comparison.cut_off)
        values = _scale(metric) * _ratio(numerator, denominator)
        same = _unmoved(numerator) & _unmoved(denominator)
        values = _kept_where(same, values)
    if not _close(values[:, 0], changed["old_value"].to_numpy()).all():
        raise NotDecomposable("its value is not its numerator over its denominator")
    return framed(changed, values)


def _differences(
    connection: duckdb.DuckDBPyConnection,
    metric: Metric,
    counted: Measure,
    part: str,
    changed: pd.DataFrame,
    levels: tuple[str, ...],
) -> np.ndarray[Any, Any]:
    """How much more than in the first state a part is in each state: one row a changed figure."""
    amount = {
        "sum": "sum(amount)",
        "count": "count(unit_key)",
        "count_distinct": "count(distinct unit_key)",
        "constant": "0",
    }[counted.agg]
    totals = ", ".join(
        f"coalesce({amount} filter (where first_state <= {state} and last_state >= {state}), 0)::double as n{state}"
        if counted.agg != "constant"
        else f"0::double as n{state}"
        for state in STATES
    )
    # a unit counted once needs all its rows: the unchanged ones of the same unit among them
    same_unit = (
        "(part, geography, unit_key) in (select part, geography, unit_key from stepped where is_changed)"
        if counted.agg == "count_distinct"
        else "is_changed"
    )
    cells = cells_sql(metric, levels, f"part = '{part}' and {same_unit}")
    found = connection.execute(
        f"select {', '.join(CELL)}, {totals} from ({cells}) group by {', '.join(CELL)}"
    ).df()
    joined = changed[list(CELL)].merge(found, on=list(CELL), how="left")
    counts = joined[[f"n{state}" for state in STATES]].fillna(0.0).to_numpy()
    return counts - counts[:, :1]


def _states(old: pd.Series, differences: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return old.to_numpy(dtype=float)[:, None] + differences


def _has_units(connection: duckdb.DuckDBPyConnection, part: str) -> bool:
    return connection.execute("select count(*) > 0 from stepped where part = ?", [part]).fetchone() == (True,)


def _lists(changed: pd.DataFrame, cut_off: date) -> np.ndarray[Any, Any]:
    """Denominators that no unit stands behind: lists of patients.

    Where England's list is the same, practices only lie elsewhere: geography. Another list of a period that was still
    open at the earlier cut-off is new, of a period that was over it is late.
    """
    old = changed["old_denominator"].to_numpy(dtype=float)
    new = changed["new_denominator"].to_numpy(dtype=float)
    ends = [
        pd.Timestamp.max if grain == "all" else start + pd.DateOffset(months=MONTHS_OF_GRAIN[grain])
        for grain, start in zip(changed["period_grain"], changed["period_start"], strict=True)
    ]
    is_open = np.array([end > pd.Timestamp(cut_off) for end in ends])
    step = np.where(changed["is_same_in_england"].astype(bool), MOVED, np.where(is_open, NEW, LATE))
    return np.column_stack([np.where(step <= state, new, old) for state in STATES])


def _scale(metric: Metric) -> float:
    return {"percent": PERCENT, "rate": float(metric.per)}.get(metric.unit, 1.0)


def _ratio(numerator: np.ndarray[Any, Any], denominator: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A state without a denominator has no value of its own: the one before it stands."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(denominator > 0, numerator / denominator, np.nan)
    return pd.DataFrame(values).ffill(axis=1).to_numpy()


def _unmoved(parts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where a state has the same as the one before it; the first counts as moved."""
    still = np.zeros(parts.shape, dtype=bool)
    still[:, 1:] = parts[:, 1:] == parts[:, :-1]
    return still


def _kept_where(same: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    kept = values.copy()
    for state in range(1, values.shape[1]):
        kept[:, state] = np.where(same[:, state], kept[:, state - 1], kept[:, state])
    return kept


def _recomputed(
    connection: duckdb.DuckDBPyConnection,
    metric: Metric,
    changed: pd.DataFrame,
    levels: tuple[str, ...],
    part: str,
    recompute: Recompute,
) -> pd.DataFrame:
    """Values from the whole units of each state."""
    connection.register("changed_cell", changed[list(CELL)].assign(cell=np.arange(len(changed))))
    same = " and ".join(f"cells.{name} = changed_cell.{name}" for name in CELL)
    cells = cells_sql(metric, levels, f"part = '{part}'")
    units = connection.execute(
        "select cell, amount::double as amount, duration_days, outcome, first_state, last_state "
        f"from ({cells}) as cells inner join changed_cell on {same}"
    ).df()
    connection.unregister("changed_cell")
    if units.empty:
        raise NotDecomposable("no unit of it is kept apart")
    values = np.full((len(changed), len(STATES)), np.nan)
    for place, state in enumerate(STATES):
        present = units[(units["first_state"] <= state) & (units["last_state"] >= state)]
        begins = place == 0 or ((units["first_state"] == state) | (units["last_state"] == state - 1)).any()
        if not begins:
            values[:, place] = values[:, place - 1]
            continue
        values[:, place] = recompute(present).reindex(range(len(changed))).to_numpy()
    return framed(changed, pd.DataFrame(values).ffill(axis=1).to_numpy())


def _median(units: pd.DataFrame) -> pd.Series:
    return units.groupby("cell")["amount"].median()


def _estimate(metric: Metric) -> Recompute:
    estimator = TIME_ESTIMATORS.get(metric.estimator or "")
    if estimator is None:
        raise NotDecomposable("it compares figures of other metrics and has no units of its own")
    scale = PERCENT if metric.unit == "percent" else 1.0

    def of_units(units: pd.DataFrame) -> pd.Series:
        # the estimator wants cells without gaps
        numbers, cells = pd.factorize(units["cell"], sort=True)
        found = estimator(units.assign(cell=numbers), 1, float(metric.horizon_days or 0))
        return pd.Series(found["estimate"].to_numpy() * scale, index=cells)

    return of_units


def framed(changed: pd.DataFrame, values: np.ndarray[Any, Any]) -> pd.DataFrame:
    """What comes out as the figures' own values but for rounding is those values."""
    kept = values.copy()
    for figures in (changed["new_value"], changed["old_value"]):
        stated = figures.to_numpy(dtype=float)[:, None]
        kept = np.where(_close(kept, stated), stated, kept)
    named: Mapping[str, Any] = {name: kept[:, place] for place, name in enumerate(VALUES)}
    return changed[list(CELL)].assign(**named)


def _close(computed: np.ndarray[Any, Any], stated: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    with np.errstate(invalid="ignore"):
        return np.abs(computed - stated) <= TOLERANCE * np.maximum(1.0, np.abs(stated))
