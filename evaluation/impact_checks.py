"""What must be shown beside an estimate of :mod:`evaluation.staggered_did` before anybody believes it.

==========================  ==================================================================================
``placebo_date``            the effect of an adoption some periods before the true one, on data from before it
``leave_out``               the overall effect without each cohort, or without each group of units
``balance``                 adopters against others before anything happened
``constant_reporters``      the overall effect among units observed in every period
``without_exposed``         the overall effect without the controls whose neighbours adopted most
``reporting``               how many units were observed in each period
==========================  ==================================================================================

Panels and designs are those of :mod:`evaluation.staggered_did`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from evaluation.staggered_did import Design, Effect, NotEstimable, point

EXPOSED = 0.5  # share of the controls that is dropped: those with the largest share of adopting neighbours


class LeftOut(NamedTuple):
    """The overall effect without one cohort or group; ``name`` says which."""

    name: str
    effect: Effect


def placebo_date(panel: pd.DataFrame, design: Design, shift: int) -> Effect:
    """The effect of pretending that units adopted ``shift`` periods before their anticipation began.

    Only rows from before adoption and its anticipation are used, so that a true effect cannot enter: what is found is
    a difference in trends.
    """
    treated = panel["first_treated"] > 0
    begins = panel["first_treated"] - design.anticipation
    before = panel.loc[~treated | (panel["period"] < begins)]
    moved = before.assign(
        first_treated=np.where(
            before["first_treated"] > 0, before["first_treated"] - design.anticipation - shift, 0
        )
    )
    possible = moved.loc[(moved["first_treated"] == 0) | (moved["first_treated"] > panel["period"].min())]
    return point(possible, replace(design, anticipation=0))


def leave_out(panel: pd.DataFrame, design: Design, column: str) -> list[LeftOut]:
    """The overall effect without the units of each value of a column: ``first_treated`` leaves cohorts out.

    A value without which nothing can be estimated is left away.
    """
    values = sorted(set(panel[column].dropna()) - ({0} if column == "first_treated" else set()))
    found: list[LeftOut] = []
    for value in values:
        try:
            found.append(LeftOut(str(value), point(panel.loc[panel[column] != value], design)))
        except NotEstimable:
            continue
    return found


def balance(panel: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Means of adopters and of never-adopters in the first period, and their standardised difference.

    Columns: variable, adopters, others, difference (in standard deviations: the root of the mean of both variances;
    Austin PC. Stat Med 2009;28:3083-3107: above 0.1 is worth a look). One row a variable, numeric ones only.
    """
    first = panel.loc[panel["period"] == panel["period"].min()]
    adopters, others = first.loc[first["first_treated"] > 0], first.loc[first["first_treated"] == 0]
    rows: list[tuple[str, float, float, float]] = []
    for name in columns:
        one, two = adopters[name].to_numpy(dtype=np.float64), others[name].to_numpy(dtype=np.float64)
        spread = float(np.sqrt((np.nanvar(one, ddof=1) + np.nanvar(two, ddof=1)) / 2))
        gap = float(np.nanmean(one) - np.nanmean(two))
        rows.append((name, float(np.nanmean(one)), float(np.nanmean(two)), gap / spread if spread else 0.0))
    return pd.DataFrame(rows, columns=["variable", "adopters", "others", "difference"])


def constant_reporters(panel: pd.DataFrame, design: Design) -> Effect:
    """The overall effect among the units whose outcome is known in every period of the panel."""
    known = panel.dropna(subset=["outcome"]).groupby("unit")["period"].nunique()
    whole = known.index[known == panel["period"].nunique()]
    return point(panel.loc[panel["unit"].isin(whole)], design)


def without_exposed(panel: pd.DataFrame, design: Design, area: str) -> Effect:
    """The overall effect without the half of the never-adopters in whose area the largest share of units adopted.

    What adopters do to their neighbours would lift controls there and hide an effect.
    """
    units = panel.drop_duplicates("unit")
    share = (units["first_treated"] > 0).groupby(units[area]).mean()
    never = units.loc[units["first_treated"] == 0]
    exposure = np.asarray(never[area].map(share), dtype=np.float64)
    order = np.lexsort((never["unit"].astype(str).to_numpy(), np.negative(exposure)))
    dropped = never["unit"].to_numpy(dtype=object)[order][: int(len(never) * EXPOSED)]
    return point(panel.loc[~panel["unit"].isin(dropped)], design)


def reporting(panel: pd.DataFrame) -> pd.DataFrame:
    """period, observed (units with an outcome), units (all): who reported when."""
    known = panel.assign(observed=panel["outcome"].notna()).groupby("period")["observed"].sum()
    return known.rename("observed").reset_index().assign(units=int(panel["unit"].nunique()))
