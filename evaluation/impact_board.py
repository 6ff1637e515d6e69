"""A plan of one board against a mix of others worked through: which board, what came of it, what refuses it.

The board is chosen by adoption alone, before an outcome is looked at. Parts of the estimates:

==================== =============================================================================================
effect               mean gap from the date on; the interval inverts the placebo test, p is its rank
board                ``label`` the board, ``cohort`` its quarter, ``units`` the donors
observed, synthetic  the series, ``position`` quarters since the date; ``gap``: their difference
weight               of the donor ``label``
ratio                error after over error before of each board, taken for treated; highest first
placebo_gap          the gap of the donor ``label``, taken for treated, ``position`` quarters since the date
leave_donor          the effect without the donor ``label``
leave_region         the effect without the donors of the board's own region, ``units`` are left
placebo_date         the effect at a date halfway through the quarters before, so many quarters before the true one
fit_error, spread    root mean square gap before; standard deviation between boards it is judged by
==================== =============================================================================================
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from dbt_project.registry.plans import BoardPlan
from evaluation import impact_checks as checks
from evaluation.impact import BALANCE_TYPES, REPORTING_TYPES, Assessment, Rows, typed
from evaluation.staggered_did import Effect
from evaluation.synthetic_control import SyntheticControl, synthetic_control

_LEAST_DONORS = 2


class Chosen(NamedTuple):
    """The board compared, the quarter in which it reached the share, and the boards it may be compared with."""

    board: str
    since: int
    donors: tuple[str, ...]


def chosen(boards: pd.DataFrame, plan: BoardPlan) -> Chosen | None:
    """Which board the rule of a plan picks, None where none reached the share in time to be followed.

    ``boards``: as :func:`assess_board`; no outcome is looked at. A donor reaches the share in no quarter compared.
    """
    large = boards[boards["networks"] >= plan.treated.least_networks]
    share = (large["adopted"] / large["networks"]).rename("share")
    reached = large.assign(share=share)[share >= plan.treated.share]
    if reached.empty:
        return None
    first = reached.sort_values(["period", "share", "unit"], ascending=[True, False, True]).iloc[0]
    since, last = int(first["period"]), int(first["period"]) + plan.quarters.after - 1
    if last > int(boards["period"].max()):
        return None
    passed = set(reached.loc[reached["period"] <= last, "unit"])
    return Chosen(str(first["unit"]), since, tuple(sorted(str(unit) for unit in set(large["unit"]) - passed)))


def assess_board(boards: pd.DataFrame, plan: BoardPlan) -> Assessment:
    """Work through a plan.

    ``boards``: one row a board and quarter with ``unit``, ``period`` (int), ``region``, ``networks`` (how many it has),
    ``adopted`` (how many of them have adopted by then) and ``outcome`` (missing where nobody reported).
    """
    found = chosen(boards, plan)
    if found is None:
        return _nothing(boards, (_nobody(plan),))
    last = found.since + plan.quarters.after - 1
    compared = boards[boards["unit"].isin([found.board, *found.donors]) & (boards["period"] <= last)]
    silent = {str(unit) for unit in compared.loc[compared["outcome"].isna(), "unit"]}
    if found.board in silent:
        return _nothing(compared, ("The board that the plan picks has no outcome in some of the quarters.",))
    donors = [unit for unit in found.donors if unit not in silent]
    deviations = (f"donors left out for want of an outcome in some quarter: {len(silent)}",) if silent else ()
    before = found.since - int(compared["period"].min())
    short = _short(plan, before, len(donors))
    reported = compared[~compared["unit"].isin(silent)]
    try:
        result = synthetic_control(reported, found.board, found.since)
    except ValueError as error:
        return _nothing(compared, (*short, f"Nothing could be estimated: {error}."), deviations)
    return Assessment(
        (*short, *_refused(plan, result)),
        deviations,
        result.problems,
        1,
        len(donors),
        pd.concat([_rows(result, found), _without_region(reported, found)], ignore_index=True),
        typed(pd.DataFrame(), BALANCE_TYPES),
        typed(checks.reporting(compared), REPORTING_TYPES),
    )


def _nobody(plan: BoardPlan) -> str:
    return (
        f"No board of at least {plan.treated.least_networks} networks had adopters in {plan.treated.share:.0%} of them"
        f" early enough to be followed for {plan.quarters.after} quarters."
    )


def _nothing(boards: pd.DataFrame, refused: tuple[str, ...], deviations: tuple[str, ...] = ()) -> Assessment:
    reporting = typed(checks.reporting(boards), REPORTING_TYPES)
    return Assessment(
        refused, deviations, (), 0, 0, Rows().frame(), typed(pd.DataFrame(), BALANCE_TYPES), reporting
    )


def _short(plan: BoardPlan, before: int, donors: int) -> tuple[str, ...]:
    said: list[str] = []
    if donors < plan.refuse.donors_below:
        said.append(
            f"{donors} boards can be donors; the plan asks for at least {plan.refuse.donors_below}, or chance alone"
            " could not be told from an effect."
        )
    if before < plan.refuse.quarters_before_below:
        said.append(
            f"There are {before} quarters before the date; the plan asks for at least"
            f" {plan.refuse.quarters_before_below}."
        )
    return tuple(said)


def _refused(plan: BoardPlan, found: SyntheticControl) -> tuple[str, ...]:
    said: list[str] = []
    error = found.before / found.spread if found.spread else np.inf
    if error > plan.refuse.fit_error_above:
        said.append(
            f"Before the date no mix of donors went along with the board: the error is {error:.0%} of the spread"
            f" between boards; the plan asks for at most {plan.refuse.fit_error_above:.0%}."
        )
    largest = float(found.weights["weight"].max())
    if largest > plan.refuse.largest_weight_above:
        said.append(
            f"One donor carries {largest:.0%} of the weight; the plan asks for at most"
            f" {plan.refuse.largest_weight_above:.0%}."
        )
    return tuple(said)


def _rows(found: SyntheticControl, picked: Chosen) -> pd.DataFrame:
    rows = Rows()
    rows.add(
        "effect", effect=Effect(found.effect, np.nan, _finite(found.lower), _finite(found.upper), found.p)
    )
    rows.add("board", picked.board, cohort=picked.since, units=len(found.weights))
    for part in ("observed", "synthetic", "gap"):
        for row in found.series.to_dict("records"):
            rows.add(part, position=row["period"] - picked.since, estimate=row[part])
    for row in found.weights.to_dict("records"):
        rows.add("weight", row["unit"], estimate=row["weight"])
    for row in found.placebos.to_dict("records"):
        rows.add("ratio", row["unit"], estimate=row["ratio"])
    for row in found.gaps.to_dict("records"):
        rows.add("placebo_gap", row["unit"], position=row["period"] - picked.since, estimate=row["gap"])
    for row in found.left_out.to_dict("records"):
        rows.add("leave_donor", row["unit"], estimate=row["effect"])
    for row in found.in_time.to_dict("records"):
        rows.add("placebo_date", position=row["since"] - picked.since, estimate=row["effect"])
    rows.add("fit_error", estimate=found.before)
    rows.add("spread", estimate=found.spread)
    return rows.frame()


def _without_region(boards: pd.DataFrame, picked: Chosen) -> pd.DataFrame:
    """The effect without the donors that may border on the board: what it does to them would hide its effect.

    The warehouse holds no borders, so every board of its region is left out. No row where fewer than two are left.
    """
    rows = Rows()
    own = boards.loc[boards["unit"] == picked.board, "region"].iloc[0]
    apart = boards[(boards["unit"] == picked.board) | (boards["region"] != own)]
    donors = apart["unit"].nunique() - 1
    if donors >= _LEAST_DONORS:
        found = synthetic_control(apart, picked.board, picked.since)
        rows.add("leave_region", estimate=found.effect, units=donors)
    return rows.frame()


def _finite(bound: float) -> float:
    """An interval without an end is none."""
    return bound if np.isfinite(bound) else np.nan
