"""What must hold in any data, each as the rows that break it: generated worlds and random histories are held to it."""

from __future__ import annotations

import pandas as pd
from built_world import Built

from dbt_project.registry import Metric, Programme, load_metrics

CUT = ["strand", "sector", "period_start", "period_grain"]
ORGANISATION = ["org_level", "org_code", "geography"]
FIGURE = ["numerator", "denominator", "value", "status"]
# In these networks themselves are the units or say who is counted: two that merged are one of today
OF_NETWORKS = (
    "pcn_coverage",
    "prescriber_fte_per_10k",
    "deprivation_gap_sii",
    "deprivation_gap_rii",
    "rural_urban_gap",
)
SLACK = 1e-9
METRICS = load_metrics()
STOCK, CHANGE = "prescribers_in_post", "net_prescriber_gain"


def parts_of_wholes() -> list[Metric]:
    """Metrics whose numerator is some of the units of their denominator."""
    return [
        metric
        for metric in METRICS.values()
        if metric.unit == "percent" and metric.method in ("share", "funnel", "estimate")
    ]


def at(rows: pd.DataFrame, level: str, geography: str) -> pd.DataFrame:
    """Rows of one level and geography."""
    return rows[(rows.org_level == level) & (rows.geography == geography)]


def numerators_beyond_denominators(built: Built, metric: Metric) -> pd.DataFrame:
    """Figures with more in the numerator than in the denominator, or a share outside 0 to 100."""
    rows = built.figures("fct_metric_value", metric.id)
    too_large = rows.numerator > rows.denominator + SLACK
    return rows[too_large | (rows.value < 0) | (rows.value > 100 + SLACK)]


def values_outside_intervals(built: Built, metric: Metric) -> pd.DataFrame:
    """Figures that do not lie in their own interval."""
    rows = built.figures("fct_metric_value", metric.id)
    slack = SLACK * rows.value.abs().clip(lower=1)
    return rows[(rows.value < rows.lower_95 - slack) | (rows.value > rows.upper_95 + slack)]


def units_beyond_denominators(built: Built, metric: Metric) -> pd.DataFrame:
    """Units counted in the numerator on a day and in a place that the denominator does not hold there."""
    key = ["unit_key", "event_date", "strand", "sector", "geography", "pcn_code", "icb_code", "region_code"]
    columns = ", ".join(key)
    query = f"select distinct {columns} from marts.fct_metric_unit where metric_id = ? and part = ?"
    found = built.warehouse.execute(
        f"{query} except {query}", [metric.id, "numerator", metric.id, "denominator"]
    )
    return found.df()


def unexplained_stock(built: Built) -> pd.DataFrame:
    """Months in which the stock is not that of the month before, plus those who joined, less those who left.

    A place without a figure in either month was silent in it. Places that are no more have no figure after their end,
    so only those of today are looked at.
    """
    key = [*ORGANISATION, "period_start"]
    stock = built.figures("fct_metric_value", STOCK)
    stock = stock[stock.status != "not_reported"]
    change = built.figures("fct_metric_value", CHANGE)
    today = stock[stock.geography == "as_now"][["org_level", "org_code"]].drop_duplicates()
    months = pd.Series(sorted(stock.period_start.unique()), name="period_start")
    full = today.merge(stock[["geography"]].drop_duplicates(), how="cross").merge(months, how="cross")
    rows = full.merge(stock[[*key, "value"]].rename(columns={"value": "stock"}), on=key, how="left")
    rows = rows.merge(change[[*key, "value"]].rename(columns={"value": "change"}), on=key, how="left")
    rows = rows.sort_values(key, ignore_index=True)
    rows["before"] = rows.groupby(ORGANISATION).stock.shift(1)
    rows = rows[rows.period_start > months.iloc[0]]
    rows = rows.dropna(subset=["stock", "before"]).fillna({"change": 0.0})
    return rows[rows.before + rows.change != rows.stock]


def england_by(built: Built, metric: Metric, geography: str) -> pd.DataFrame:
    """England's figures in one geography, in a fixed order."""
    rows = at(built.figures("fct_metric_value", metric.id), "england", geography)
    return rows[[*CUT, *FIGURE]].sort_values(CUT, ignore_index=True)


def rising_funnels(built: Built, programme: Programme) -> list[str]:
    """Strands in which more reached a stage than the one before, or went on than the next stage starts from."""
    rows = built.figures("fct_metric_breakdown", "funnel_conversion")
    key = [*ORGANISATION, *CUT]
    broken = [f"{len(part)} figures" for part in [rows[rows.numerator > rows.denominator]] if len(part)]
    for strand in programme.strands:
        own = rows[rows.strand == strand.id]
        reached = own.pivot_table(index=key, columns="category", values="denominator", fill_value=0)
        reached = reached.reindex(columns=strand.stages[:-1], fill_value=0)
        if (reached.diff(axis="columns").iloc[:, 1:] > 0).any(axis=None):
            broken.append(strand.id)
        onward = own.pivot_table(index=key, columns="category", values="numerator", fill_value=0)
        onward = onward.reindex(columns=strand.stages[:-1], fill_value=0)
        for stage, following in zip(strand.stages[:-2], strand.stages[1:-1], strict=True):
            if (onward[stage] != reached[following]).any():
                broken.append(f"{strand.id}: {stage}")
    return broken


def places_beyond_england(built: Built, metric: Metric) -> pd.DataFrame:
    """Places that count more than England does at the same time."""
    rows = built.figures("fct_metric_value", metric.id).dropna(subset=["value"])
    key = [*CUT, "geography"]
    england = rows[rows.org_level == "england"].set_index(key).value
    places = rows[rows.org_level != "england"].set_index(key)
    return places[places.value > england.reindex(places.index).fillna(0) + SLACK]


def unattributed_sums(built: Built) -> pd.DataFrame:
    """Cuts in which the fractional figures of all networks do not add up to England's.

    Every post lies in a network, so nothing is lost when people are shared out over theirs.
    """
    rows = built.warehouse.execute(
        "select * from marts.fct_metric_sensitivity where variant = 'fractional_attribution'"
    ).df()
    key = ["metric_id", *CUT, "geography"]
    england = rows[rows.org_level == "england"].groupby(key).numerator.sum()
    networks = rows[rows.org_level == "pcn"].groupby(key).numerator.sum()
    both = pd.concat([england.rename("england"), networks.rename("networks")], axis=1).fillna(0.0)
    return both[(both.england - both.networks).abs() > 1e-6]
