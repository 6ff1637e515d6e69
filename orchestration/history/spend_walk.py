"""Spend to date in the states between two builds, from the closed months that finance returned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.estimates import PERCENT
from orchestration.history.picture import Picture
from orchestration.history.unit_steps import CORRECTED, LATE, NEW, STATES, Comparison, attached
from orchestration.history.walk import VALUES, framed

_KEY = ["strand", "period", "category"]


def spend_by_state(comparison: Comparison, changed: pd.DataFrame) -> pd.DataFrame:
    """Values of the changed figures in every state, as :func:`orchestration.history.walk.values_by_state`.

    A month, strand and category of the return is a unit: another amount is a correction, one that was not there
    belongs to new events when its month ends after the earlier cut-off, else to late data.
    """
    old, new = _outturn(comparison, comparison.old), _outturn(comparison, comparison.new)
    both = old.merge(new, on=_KEY, how="outer", suffixes=("_old", "_new"))
    is_new = (both["period"] + pd.offsets.MonthEnd(0)) > pd.Timestamp(comparison.cut_off)
    step = np.where(both["outturn_gbp_old"].notna(), CORRECTED, np.where(is_new, NEW, LATE))
    values = np.zeros((len(changed), len(STATES)))
    for place, state in enumerate(STATES):
        amounts = np.where(
            step <= state, both["outturn_gbp_new"].fillna(0), both["outturn_gbp_old"].fillna(0)
        )
        for row, (_, figure) in enumerate(changed.iterrows()):
            counted = (both["strand"] == figure["strand"]) | (figure["strand"] == "all")
            if figure["period_grain"] != "all":
                counted &= both["period"] <= figure["period_start"]
            values[row, place] = PERCENT * amounts[counted.to_numpy()].sum() / figure["new_denominator"]
    return framed(changed, values)[VALUES]


def _outturn(comparison: Comparison, picture: Picture) -> pd.DataFrame:
    with attached(comparison.connection, picture):
        return comparison.connection.execute(
            "select strand, period, category, sum(outturn_gbp)::double as outturn_gbp "
            "from wh.staging.stg_spend__month where outturn_gbp is not null group by all"
        ).df()
