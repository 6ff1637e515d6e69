"""Whether curves of time to an event differ between groups by more than chance, as it may be published.

The log-rank test of the cause-specific hazard: how fast those who are still followed have the event. Units with a
competing outcome count as followed until that day (Kalbfleisch & Prentice, The Statistical Analysis of Failure Time
Data, 2002, section 8.2); a test of the cumulative incidence itself is Gray's (Ann Stat 1988;16:1141-1154), which
answers another question: there, more withdrawals alone make a difference. Degrees of freedom are groups less one
(Peto & Peto, J R Stat Soc A 1972;135:185-207). The test takes units to be independent of each other.

Small groups are left out, for the chi-square distribution needs events in every group and a figure that rests on few
people is not published. Statistic and p-value are given to so many digits that no single event can be read off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dbt_project.registry.metrics import DisclosureRule
from evaluation.time_to_event import log_rank

LEAST_PEOPLE = 30  # of a group that is compared
FEW_PEOPLE = (
    100  # below it a group is large enough to compare, and too small to show any but a large difference
)
_DECIMALS = 2
_DIGITS = 3
GROUP_TYPES = {"group_code": "string", "people": "Int64", "is_compared": "bool"}


@dataclass(frozen=True)
class ComparedCurves:
    """What came of one test. ``groups``: group_code, people (rounded; missing where withheld) and is_compared."""

    statistic: float
    degrees_of_freedom: int
    p_value: float
    groups: pd.DataFrame


def compared_curves(units: pd.DataFrame, group: str, rule: DisclosureRule) -> ComparedCurves | None:
    """The log-rank test of outcome 1 between the groups that are large enough; None where fewer than two are.

    ``units``: duration_days, outcome (0 followed, 1 the event, 2 and above competing) and the group. Compared are
    groups of at least :data:`LEAST_PEOPLE` people of whom more than the rule masks have had the event. People are
    rounded as the rule rounds counts; a group left out has no number, and where it is the only one the smallest of
    the others has none either, so that a subtraction gives nothing. Raises ValueError as
    :func:`evaluation.time_to_event.log_rank`.
    """
    marked = units.assign(is_event=(units["outcome"] == 1).astype("int64"))
    sizes = marked.groupby(group, sort=True)["is_event"].agg(people="size", events="sum")
    large = (sizes["people"] >= LEAST_PEOPLE) & (sizes["events"] > rule.suppress_up_to)
    if int(large.sum()) < 2:  # noqa: PLR2004 - one group is not compared
        return None
    test = log_rank(marked[marked[group].isin(sizes.index[large])], group)
    hidden = ~large
    if int(hidden.sum()) == 1:
        hidden = hidden | (sizes.index == sizes["people"][large].idxmin())
    rounded = (np.round(sizes["people"] / rule.round_to) * rule.round_to).astype("Int64")
    groups = pd.DataFrame(
        {
            "group_code": sizes.index.astype("string"),
            "people": rounded.mask(hidden).to_numpy(),
            "is_compared": large.to_numpy(),
        }
    ).astype(GROUP_TYPES)
    return ComparedCurves(
        round(test.statistic, _DECIMALS),
        test.degrees_of_freedom,
        float(f"{test.p_value:.{_DIGITS}g}"),
        groups,
    )
