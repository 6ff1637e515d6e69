"""What the published warehouse says, arranged for looking up a number by measure, place and period.

Built from the published frames alone, without the code that picks values for pages: rows are read as they are.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from dashboards import SiteInputs, content, formatting
from dashboards.inputs import CHANGE_PARTS
from dashboards.values import Place
from dbt_project.registry.plans import BoardPlan, SeriesPlan

Key = tuple[str, str, str]  # measure, code of the place, period in words; "" stands for any
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
NUMBERS = ("value", "numerator", "denominator", "lower_95", "upper_95")
SHORT_LABELS = (*content.WORKFORCE_FTE, *content.WORKFORCE_HEADCOUNT, *content.NETWORK_COLUMNS)
OTHER_FRAMES = (
    "metric_value",
    "metric_breakdown",
    "organisation",
    "practice",
    "sensitivity",
    "metric_change",
    "network_funnel",
    "control_chart",
    "time_curve",
    "time_test",
    "time_test_group",
    "analysis",
    "impact_estimate",
    "impact_balance",
    "impact_reporting",
)
SERIES = ("observed", "fitted", "counterfactual")
BOARD_SERIES = ("observed", "synthetic", "gap", "placebo_gap")
OF_A_BOARD = ("leave_icb", "weight", "ratio", "leave_donor", "placebo_gap")
ESTIMATES = (
    "estimate",
    "se",
    "lower_95",
    "upper_95",
    "band_lower",
    "band_upper",
    "p",
    "p_adjusted",
    "position",
    "units",
)
LIMITS = ("lower_95", "upper_95", "lower_998", "upper_998")
FUNNEL_NUMBERS = ("observed", "population", "rate", *LIMITS)
CONTROL_NUMBERS = ("value", "mean", "lower", "upper")


@dataclass
class PublishedFigures:
    """Numbers and symbols by key, and the names by which tables call places and periods."""

    numbers: dict[Key, set[float]] = field(default_factory=lambda: defaultdict(set))
    symbols: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # codes by name or code
    regions: dict[str, str] = field(default_factory=dict[str, str])  # region of a board
    periods: dict[str, str] = field(default_factory=dict[str, str])
    metrics: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # ids by label and by slug
    targets: set[float] = field(default_factory=set[float])
    tests: set[str] = field(default_factory=set[str])  # numbers of tests as sentences say them
    others: dict[str, set[float]] = field(default_factory=lambda: defaultdict(set))  # tables without measures

    def holds(self, number: float, keys: Iterable[Key]) -> bool:
        """Whether one of the keys has that number."""
        return any(round(number, 6) in self.numbers.get(key, ()) for key in keys)


def published_figures(inputs: SiteInputs) -> PublishedFigures:
    """Arrange the published frames of one release; a row without a value has no parts either."""
    found = PublishedFigures()
    for row in inputs.organisation.to_dict("records"):
        code, name = str(row["org_code"]), str(row["org_name"])
        found.places[code].add(code)
        found.places[name].add(code)
        found.places[formatting.short_name(Place(str(row["org_level"]), code, name))].add(code)
        if row["org_level"] == "icb" and isinstance(row["region_code"], str):
            found.regions[code] = row["region_code"]
    found.places["England"].add("ENG")
    for metric in inputs.metrics.values():
        found.metrics[metric.label].add(metric.id)
        found.metrics[formatting.slug(metric.id)].add(metric.id)
        if metric.target:
            found.targets.add(metric.target.value)
    for metric, label in SHORT_LABELS:
        found.metrics[label].add(metric)
    found.targets |= {float(inputs.programme.ceiling_gbp), 100.0}
    for frame in (inputs.metric_value, inputs.metric_breakdown):
        _add(found, frame, NUMBERS)
    _add(found, inputs.sensitivity, ("value",))
    of_regions = inputs.metric_breakdown[inputs.metric_breakdown["dimension"] == "region"]
    _add(found, of_regions.assign(org_code=of_regions["category"]), NUMBERS)
    _add(found, inputs.network_funnel, FUNNEL_NUMBERS)
    # both of England alone: the rate of all networks together, and months against limits
    _add(found, inputs.network_funnel.assign(org_code="ENG"), ("overall",))
    _add(found, inputs.control_chart.assign(org_code="ENG"), CONTROL_NUMBERS)
    curves = inputs.time_curve.assign(value=inputs.time_curve["share"], period_grain="all")
    _add(found, curves.assign(period_start=inputs.programme.start), ("value", "lower_95", "upper_95"))
    _add_tests(found, inputs)
    _add_present_value(found, inputs)
    changes = inputs.metric_change
    _add(found, changes.assign(value=changes["old_value"]), ("old_value", "change", *CHANGE_PARTS))
    _add_impact(found, inputs)
    for name, value in vars(inputs).items():
        if isinstance(value, pd.DataFrame) and name not in OTHER_FRAMES:
            _add_others(found, value)
    return found


def _add(found: PublishedFigures, frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    if frame.empty:
        return
    hidden = frame["value" if "value" in frame else columns[0]].isna()
    starts = pd.to_datetime(frame["period_start"])
    words = [
        _period(found, start.date(), grain)
        for start, grain in zip(starts, frame["period_grain"], strict=True)
    ]
    keys = list(zip(frame["metric_id"], frame["org_code"], words, strict=True))
    for column in columns:
        values = pd.to_numeric(frame[column], errors="coerce").astype(float).round(6).mask(hidden)
        for (metric, place, period), value in zip(keys, values.tolist(), strict=True):
            if not math.isnan(value):
                for key in ((metric, place, period), (metric, place, ""), (metric, "", "")):
                    found.numbers[key].add(value)
    if "symbol" in frame:
        for key, symbol in zip(keys, frame["symbol"].tolist(), strict=True):
            found.symbols[key].add(symbol if isinstance(symbol, str) else "")


def _add_tests(found: PublishedFigures, inputs: SiteInputs) -> None:
    """Tests between curves as England's, their groups under the place or the year that a group is."""
    tests = inputs.time_test.assign(org_code="ENG", period_start=inputs.programme.start, period_grain="all")
    _add(found, tests, ("statistic", "degrees_of_freedom", "p"))
    found.tests |= {f"{number:.2f}" for number in tests["statistic"]}
    found.tests |= {f"{number:.3f}" for number in tests["p"]} | {
        str(number) for number in tests["degrees_of_freedom"]
    }
    groups = inputs.time_test_group
    is_year, is_place = groups["comparison"] == "cohort", groups["comparison"] == "region"
    rows = groups.assign(
        org_code=groups["group_code"].where(is_place, "ENG"),
        period_start=groups["group_code"].where(is_year, str(inputs.programme.start)),
        period_grain=np.where(is_year, "year", "all"),
        symbol=np.where(groups["people"].isna(), "c", ""),
    )
    _add(found, rows.assign(value=groups["people"]), ("people",))
    for metric, place, symbol in zip(rows["metric_id"], rows["org_code"], rows["symbol"], strict=True):
        found.symbols[metric, place, ""].add(symbol)  # sectors and regions are named without a period


def _add_present_value(found: PublishedFigures, inputs: SiteInputs) -> None:
    """England's costs per person by year of start, discounted: 3.5 % a year, people from the end of the horizon."""
    of_costs = [metric.id for metric in inputs.metrics.values() if metric.method == "unit_cost"]
    rows = inputs.metric_value
    rows = rows[rows["metric_id"].isin(of_costs) & (rows["org_level"] == "england")]
    rows = rows[rows["period_grain"] == "year"]
    years = pd.to_datetime(rows["period_start"]).dt.year
    waited = rows["metric_id"].map(lambda name: inputs.metrics[name].horizon_days or 0) / 365.25
    spend, people = 1.035 ** -(years - years.min()), 1.035 ** -(years - years.min() + waited)
    worked_out = rows.assign(
        share=100 * spend,
        spent=rows["numerator"] * spend,
        counted=rows["denominator"] * people,
        each=rows["numerator"] * spend / (rows["denominator"] * people),
    )
    _add(found, worked_out.assign(value=0.0), ("share",))
    _add(found, worked_out, ("spent", "counted", "each"))


def _add_impact(found: PublishedFigures, inputs: SiteInputs) -> None:
    """Estimates under the outcome they are of, which for some parts is named by their label."""
    outcomes = {plan.id: plan.outcome for plan in inputs.plans.values()}
    estimates = inputs.impact_estimate
    outcome = estimates["analysis_id"].map(outcomes)
    named = estimates["label"].where(estimates["label"].isin(list(inputs.metrics)))
    place = estimates["label"].where(estimates["part"].isin(OF_A_BOARD), "ENG")
    for metric_id in (outcome, named.fillna(outcome)):
        rows = estimates.assign(
            metric_id=metric_id,
            org_code=place,
            period_start=estimates["cohort"].fillna(inputs.programme.start),
        )
        _add(found, rows.assign(period_grain="quarter", value=0.0), ESTIMATES)
    for plan in inputs.plans.values():
        if isinstance(plan, SeriesPlan):
            months = estimates[(estimates["analysis_id"] == plan.id) & estimates["part"].isin(SERIES)]
            start = [
                pd.Timestamp(plan.since) + pd.DateOffset(months=int(each)) for each in months["position"]
            ]
            rows = months.assign(
                metric_id=plan.outcome, org_code="ENG", period_start=start, period_grain="month"
            )
            _add(found, rows.assign(value=0.0), ("estimate", "lower_95", "upper_95"))
        if isinstance(plan, BoardPlan):
            _add_board(found, plan, estimates[estimates["analysis_id"] == plan.id])
    balance = inputs.impact_balance.assign(
        org_code="ENG", period_start=inputs.programme.start, period_grain="all"
    )
    _add(found, balance.assign(metric_id=balance["analysis_id"].map(outcomes)), ("difference",))
    reporting = inputs.impact_reporting
    rows = reporting.assign(
        metric_id=reporting["analysis_id"].map(outcomes), org_code="ENG", period_start=reporting["period"]
    )
    _add(found, rows.assign(period_grain="quarter", value=0.0), ("observed", "units"))


def _add_board(found: PublishedFigures, plan: BoardPlan, estimates: pd.DataFrame) -> None:
    """The quarters of a board and its donors, which its page tells without naming a place in the row."""
    since = pd.Timestamp(estimates.loc[estimates["part"] == "board", "cohort"].iloc[0])
    rows = estimates[estimates["part"].isin(BOARD_SERIES)]
    start = [since + pd.DateOffset(months=3 * int(each)) for each in rows["position"]]
    named = rows.assign(
        metric_id=plan.outcome, org_code="ENG", period_start=start, period_grain="quarter", value=0.0
    )
    _add(found, named, ("estimate",))


def _period(found: PublishedFigures, start: date, grain: str) -> str:
    key = f"{start}{grain}"
    if key not in found.periods:
        found.periods[key] = formatting.period(start, grain)
    return found.periods[key]


def _add_others(found: PublishedFigures, frame: pd.DataFrame) -> None:
    """Each number of a row under each text of the same row."""
    for row in frame.to_dict("records"):
        numbers = {round(float(cell), 6) for cell in row.values() if _NUMBER.fullmatch(str(cell))}
        for label in row.values():
            if isinstance(label, str) and not _NUMBER.fullmatch(label):
                found.others[label] |= numbers
