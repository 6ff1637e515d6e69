"""The warehouse against the oracle: every way in which figures can disagree, as readable lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from dbt_project.registry import Metric
from evaluation.intervals import rate, wilson
from metric_oracle.figures import KEY, expected_status, valued
from metric_oracle.world import World

EXACT = 1e-9  # relative; a count is far from its neighbours by this measure, a sum of reals is not
COMPARED = ("numerator", "denominator", "value", "lower_95", "upper_95")
SHOWN = ("final", "provisional", "not_reported")  # which of them is not for rules R6 and R7 to say
Oracle = Callable[[World, Metric], pd.DataFrame]


def side_by_side(
    world: World, metric: Metric, oracle: Oracle, delivered: pd.DataFrame, by: list[str]
) -> pd.DataFrame:
    """Delivered figures beside the oracle's (suffix _oracle), one row per key that either has.

    What the oracle does not say (the interval of most estimates) has no column.
    """
    own = valued(metric, oracle(world, metric))
    if by and "dimension" not in own.index.names:
        own = own.assign(dimension=metric.breakdowns[0]).set_index("dimension", append=True)
    own["expected"] = expected_status(metric, own)
    if metric.interval != "estimator":
        lower, upper = interval(metric, own)
        own = own.assign(lower_95=lower, upper_95=upper)
    own = own[[column for column in (*COMPARED, "expected") if column in own]]
    rows = delivered.assign(period_start=pd.to_datetime(delivered.period_start))
    own = own.add_suffix("_oracle").reset_index()
    return rows.merge(own, on=[*KEY, *by], how="outer", indicator="side")


def interval(metric: Metric, figures: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The 95 % interval the registry names, only where there is a value."""
    nothing = pd.Series(np.nan, index=figures.index)
    if metric.interval == "none":
        return nothing, nothing
    compute = wilson if metric.interval == "wilson" else rate
    multiplier = 100 if metric.interval == "wilson" else metric.per
    limits = compute(
        figures.numerator.astype(float), figures.denominator.astype(float), multiplier=multiplier
    )
    lower, upper = (pd.Series(limit, index=figures.index).where(figures.value.notna()) for limit in limits)
    return lower, upper


def disagreements(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows by what is wrong with them; a figure of nothing may stand or be left out on either side."""
    both = rows[rows.side == "both"]
    found = {
        "missing": rows[(rows.side == "right_only") & (rows.numerator_oracle != 0)],
        "not in the truth": rows[(rows.side == "left_only") & (rows.numerator.fillna(0) != 0)],
        "status": both[~_status_fits(both)],
        # as in the publisher's bulletin; the status says that it is silence and not a count
        "figure of a silent network": rows[(rows.status == "not_reported") & (rows.value != 0)],
        "value outside its interval": both[_is_outside(both)],
    }
    for name in COMPARED:
        if f"{name}_oracle" in rows:
            found[name] = both[~_same(both[name], both[f"{name}_oracle"])]
    return {name: part for name, part in found.items() if len(part)}


def _is_outside(rows: pd.DataFrame) -> pd.Series:
    """Whether a value lies outside its own interval."""
    slack = EXACT * rows.value.abs().clip(lower=1)
    return (rows.value < rows.lower_95 - slack) | (rows.value > rows.upper_95 + slack)


def _status_fits(rows: pd.DataFrame) -> pd.Series:
    exact = rows.status == rows.expected_oracle
    return exact | ((rows.expected_oracle == "shown") & rows.status.isin(SHOWN))


def _same(found: pd.Series, expected: pd.Series) -> pd.Series:
    close = np.isclose(found.astype(float), expected.astype(float), rtol=EXACT, atol=EXACT, equal_nan=True)
    return pd.Series(close, index=found.index)


def told(found: dict[str, pd.DataFrame], by: list[str]) -> str:
    """What disagrees, where, and two examples of each kind."""
    lines: list[str] = []
    for name, rows in found.items():
        where = rows.groupby(["org_level", "geography"]).size().to_dict()
        lines.append(f"{name}: {len(rows)} figures {where}")
        shown = ["org_code", "strand", "sector", "period_start", "period_grain", *by, "status"]
        shown += [column for column in rows if column.endswith("_oracle")]
        shown += [name for name in COMPARED[:3] if f"{name}_oracle" in rows]
        lines.append(rows[shown].head(2).to_string(index=False))
    return "\n".join(lines)
