"""Disclosure control of published metric values: primary masking, rounding, and simple complementary masking.

What it does, by the disclosure class of the metric (``Metric.disclosure_class``):

* **A** (facts already public): unchanged, but for a network that did not report: no figure, not zero.
* **B** (counts from returns): England unchanged. Below England a count of 0..``suppress_up_to`` is masked as
  one class, zero included, because a published zero tells an attacker that every mask hides at least one.
  Other counts are rounded to ``round_to``; percentages and rates, and their intervals, are computed again
  from the rounded counts. A percentage or rate is also masked when its denominator falls in the masked class.
  A median keeps its value and is masked when it rests on ``suppress_up_to`` people or fewer, or on an unknown
  number.
* **C** (learner outcomes, characteristics): as B in regions and ICBs; below ICB every value is masked; in
  England small counts are masked as below it, other figures stay unrounded, but for counts by category: what they
  add up to is often published exactly elsewhere (see ``known_wholes``).

A row that has no value (input missing) carries no numerator or denominator either where its class is controlled: the
reason is published, the small number behind it is not. Where the reason itself is that there are few people
(``unreliable``, or too early where England is not), the row is masked like any small count, and every masked row
below England carries England's status: its own would tell how small it is. Where England is too early, so is every
place.

Complementary masking: the parts of a whole are the cells of one level across England, and the strands, the
sectors or the categories within one organisation. Where exactly one part of a whole is masked, the part with
the next smallest count (ties: lowest code) is masked too, so that a subtraction gives no cell; a whole that
is itself masked or not there makes no difference, the rule then masks more than it must.

What it does not do: it does not look at parts nested between regions, ICBs and PCNs, at several metrics
together, at small complements (denominator minus numerator) or at earlier releases, and it optimises nothing.
Where a whole is unrounded and has one part only, there is nothing to hide that part behind. What a reader can still
work out is found by ``disclosure_audit``, and withheld with ``withhold``; until then, controlled output is fit for
use by evaluators alone. It needs a row for every zero: a cell that is missing where
its neighbours are masked says "zero".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dbt_project.registry.metrics import DisclosureRule, Metric
from evaluation import intervals
from evaluation.known_wholes import Floats, Ids, Mask, hidden_in_wholes, round_half_up

SUPPRESSED = "c"
STATUS_SYMBOL: Mapping[str, str] = {
    "final": "",
    "provisional": "p",
    "too_early": "e",
    "unreliable": "u",
    "input_missing": "x",
    "not_reported": "n",
    "not_reached": "m",
}
STATUSES_WITH_VALUE = ("final", "provisional", "unreliable")
LEVELS_BELOW_ICB = ("sub_icb", "pcn")
FIGURES = ("value", "numerator", "denominator", "lower_95", "upper_95")
RATIO_UNITS = ("percent", "rate", "ratio")
AVERAGE_UNITS = (
    "days",
    "gbp",
    "difference",
)  # no count is their value: masked by how many people they rest on
ESTIMATED = "estimate"  # method whose value is no ratio of its two counts: treated like an average
PART_AXES = ("strand", "sector")
KEYS = (
    "metric_id",
    "org_level",
    "org_code",
    "strand",
    "sector",
    "period_start",
    "period_grain",
    "geography",
)
BREAKDOWN_KEYS = ("dimension", "category")

Statuses = NDArray[np.object_]
_LARGEST_CODE = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class _Facts:
    """What the rules ask of each row, as arrays aligned with the rows."""

    has_value: Mask
    england: Mask
    class_b: Mask
    class_c: Mask
    below_icb: Mask
    ratio: Mask
    average: Mask
    parts_c: Mask  # plain counts of class C by category
    count: Floats  # what the primary rule looks at: numerator, else a count's own value, else denominator
    denominator: Floats

    @property
    def controlled(self) -> Mask:
        """Rows to which the primary rule applies."""
        return (self.class_b & ~self.england) | self.class_c

    @property
    def rounded(self) -> Mask:
        """Rows whose counts are rounded."""
        return (self.class_b | self.class_c) & ~self.england


def control(
    values: pd.DataFrame,
    metrics: Mapping[str, Metric],
    rule: DisclosureRule,
    withhold: Mask | None = None,
) -> pd.DataFrame:
    """Metric values as they may be published.

    ``values`` has the columns of ``marts.fct_metric_value`` (or ``fct_metric_breakdown``); it is not changed.
    The result has the same rows, order and index, and two more columns: ``suppressed`` (bool) and ``symbol``
    (``c`` suppressed, else that of the status, empty for a final value). Raises ValueError for a metric the
    registry does not know and for an unknown status: an unclassified figure must not pass.
    """
    _require_known(values, "metric_id", metrics)
    _require_known(values, "status", STATUS_SYMBOL)
    values = _without_unreported(values)
    national = _national_status(values)
    values = _without_early(values, metrics, national)
    facts = _facts(values, metrics)
    masked = _primary(facts, rule) | _unspoken(values, facts, rule)
    masked = _complementary(values, facts, masked)
    masked |= _wanted(values, facts, withhold)
    parts, masked = _parts_of_known_wholes(values, facts, masked, rule)
    figures = _figures(values, metrics, facts, masked, rule)
    for name in ("value", "numerator"):
        figures[name] = np.where(facts.parts_c & facts.has_value, parts, figures[name])
    result = values.assign(**figures)
    result["suppressed"] = masked
    # why a small count has no value ("unreliable", "too early") would tell how small it is
    result["status"] = np.where(masked & ~facts.england, national, values["status"].astype(object))
    symbol = values["status"].map(dict(STATUS_SYMBOL))
    result["symbol"] = np.where(masked, SUPPRESSED, symbol.astype(object))
    return result


def _without_unreported(values: pd.DataFrame) -> pd.DataFrame:
    """A network that sent no return counts nobody inside; published, its zero would be taken for a finding."""
    unreported = (values["status"] == "not_reported").to_numpy(dtype=np.bool_)
    if not unreported.any():
        return values
    return values.assign(**{name: np.where(unreported, np.nan, _floats(values, name)) for name in FIGURES})


def _national_status(values: pd.DataFrame) -> Statuses:
    """Status of England's figure of the same cut and period, row by row; ``final`` where England has none."""
    keys = [key for key in _keys(values) if key not in ("org_level", "org_code")]
    england = values[values["org_level"] == "england"]
    told = values[keys].merge(england[[*keys, "status"]].drop_duplicates(keys), on=keys, how="left")
    return told["status"].fillna("final").to_numpy(dtype=object)


def _without_early(values: pd.DataFrame, metrics: Mapping[str, Metric], national: Statuses) -> pd.DataFrame:
    """Where England's cohort is too young, nothing below is shown either: whose cohort is old enough, or is empty,
    would tell how small it is."""
    controlled = values["metric_id"].map(
        {key: metric.disclosure_class != "A" for key, metric in metrics.items()}
    )
    early = (
        controlled.to_numpy(dtype=np.bool_)
        & (values["org_level"] != "england").to_numpy(dtype=np.bool_)
        & (national == "too_early")
    )
    if not early.any():
        return values
    blank = {name: np.where(early, np.nan, _floats(values, name)) for name in FIGURES}
    return values.assign(**blank, status=np.where(early, "too_early", values["status"].astype(object)))


def _unspoken(values: pd.DataFrame, facts: _Facts, rule: DisclosureRule) -> Mask:
    """Rows below England without a value for a reason that few people bring about, masked like any small count."""
    status = values["status"]
    too_few = status.eq("unreliable") | (status.isin(("not_reached", *STATUSES_WITH_VALUE)))
    enough = facts.denominator > rule.suppress_up_to
    national = pd.Series(_national_status(values), index=values.index)
    # a cohort too young here and not in England is told as small; "not reached" of enough people is a finding
    few = (status.eq("too_early") & national.ne("too_early")) | (
        too_few & ~(status.eq("not_reached") & enough)
    )
    return facts.controlled & ~facts.england & ~facts.has_value & few.to_numpy(dtype=np.bool_)


def _wanted(values: pd.DataFrame, facts: _Facts, withhold: Mask | None) -> Mask:
    """Rows asked to be withheld from outside, where there is something to withhold."""
    if withhold is None:
        return np.zeros(len(values), dtype=np.bool_)
    return withhold & facts.controlled & facts.has_value


def _require_known(values: pd.DataFrame, column: str, known: Mapping[str, object]) -> None:
    unknown = sorted(set(map(str, values[column].unique())) - set(known))
    if unknown:
        raise ValueError(
            f"disclosure control: {column} {', '.join(unknown)} is not known; nothing is published"
        )


def _facts(values: pd.DataFrame, metrics: Mapping[str, Metric]) -> _Facts:
    def of_metric(test: Mapping[str, bool]) -> Mask:
        return values["metric_id"].map(dict(test)).to_numpy(dtype=np.bool_)

    level = values["org_level"]
    average = of_metric({key: _is_average(metric) for key, metric in metrics.items()})
    value, numerator, denominator = (_floats(values, name) for name in ("value", "numerator", "denominator"))
    ratio = of_metric({key: _is_ratio(metric) for key, metric in metrics.items()})
    count = np.where(np.isnan(numerator) & ~ratio, value, numerator)
    return _Facts(
        has_value=~np.isnan(value),
        england=(level == "england").to_numpy(dtype=np.bool_),
        class_b=of_metric({key: metric.disclosure_class == "B" for key, metric in metrics.items()}),
        class_c=of_metric({key: metric.disclosure_class == "C" for key, metric in metrics.items()}),
        below_icb=level.isin(LEVELS_BELOW_ICB).to_numpy(dtype=np.bool_),
        ratio=ratio,
        average=average,
        parts_c=of_metric({key: _is_part_of_known_whole(metric) for key, metric in metrics.items()})
        & ("category" in values.columns),
        count=np.where(average, denominator, count),
        denominator=denominator,
    )


def _is_average(metric: Metric) -> bool:
    return metric.unit in AVERAGE_UNITS or metric.method == ESTIMATED


def _is_ratio(metric: Metric) -> bool:
    return metric.unit in RATIO_UNITS and metric.method != ESTIMATED


def _is_part_of_known_whole(metric: Metric) -> bool:
    return metric.disclosure_class == "C" and not _is_average(metric) and not _is_ratio(metric)


def _primary(facts: _Facts, rule: DisclosureRule) -> Mask:
    """Cells that are masked for their own sake."""
    # An unknown count is treated as a small one: not (x > limit) is also true for NaN.
    small = ~(np.abs(facts.count) > rule.suppress_up_to)
    small |= facts.ratio & ~(facts.denominator > rule.suppress_up_to)
    masked = facts.controlled & (small | (facts.class_c & facts.below_icb))
    return masked & facts.has_value


def _complementary(values: pd.DataFrame, facts: _Facts, masked: Mask) -> Mask:
    """Mask the next smallest part wherever a published whole has exactly one masked part.

    Masking on one axis can leave a single mask on another, so the axes are gone through until nothing
    changes; every round masks at least one more cell, so it ends.
    """
    considered = np.flatnonzero(facts.controlled & (facts.has_value | masked) & ~facts.average)
    masked = masked.copy()
    if considered.size == 0:
        return masked
    frame = values.iloc[considered]
    here = masked[considered]
    order = facts.count[considered]
    codes = {column: pd.factorize(frame[column], sort=True)[0].astype(np.int64) for column in _keys(values)}
    axes = _axes(values, frame, facts, considered, codes)
    changed = True
    while changed:
        changed = False
        for rows, groups, part in axes:
            extra = _next_smallest(rows, groups, part, order, here)
            if extra.size:
                here[extra] = True
                changed = True
    masked[considered] = here
    return masked


def _parts_of_known_wholes(
    values: pd.DataFrame, facts: _Facts, masked: Mask, rule: DisclosureRule
) -> tuple[Floats, Mask]:
    """Counts of class C by category, to be shown in place of others, and all that is masked then."""
    shown, masked = np.full(len(values), np.nan), masked.copy()
    rows = np.flatnonzero(facts.parts_c & facts.has_value)
    if rows.size:
        frame = values.iloc[rows]
        codes = {name: pd.factorize(frame[name], sort=True)[0].astype(np.int64) for name in _keys(values)}
        _, groups, part = _axis(codes, np.arange(rows.size, dtype=np.int64), "category")
        shown[rows], masked[rows] = hidden_in_wholes(facts.count[rows], masked[rows], groups, part, rule)
    return shown, masked


def _axes(
    values: pd.DataFrame, frame: pd.DataFrame, facts: _Facts, considered: Ids, codes: Mapping[str, Ids]
) -> list[tuple[Ids, Ids, Ids]]:
    """For each way of adding up: the rows that are parts, the whole each belongs to, and the part's code."""
    axes: list[tuple[Ids, Ids, Ids]] = []
    geographic = np.flatnonzero(~facts.england[considered])
    axes.append(_axis(codes, geographic, "org_code"))
    for name in PART_AXES:
        parts = (frame[name] != "all").to_numpy(dtype=np.bool_)
        axes.append(_axis(codes, np.flatnonzero(parts), name))
    if "category" in values.columns:
        axes.append(_axis(codes, np.arange(len(frame), dtype=np.int64), "category"))
    return [axis for axis in axes if axis[0].size]


def _axis(codes: Mapping[str, Ids], rows: Ids, part: str) -> tuple[Ids, Ids, Ids]:
    whole = np.zeros(rows.size, dtype=np.int64)
    size = 1
    for column, column_codes in codes.items():
        if column == part or not rows.size:
            continue
        cardinality = int(column_codes.max()) + 1
        if size * cardinality > _LARGEST_CODE:
            whole, size = _renumbered(whole)
        whole = whole * cardinality + column_codes[rows]
        size *= cardinality
    return rows, _renumbered(whole)[0], codes[part][rows]


def _renumbered(groups: Ids) -> tuple[Ids, int]:
    codes, names = pd.factorize(groups)
    return codes.astype(np.int64), len(names)


def _next_smallest(rows: Ids, groups: Ids, part: Ids, order: Floats, masked: Mask) -> Ids:
    """Rows to mask: per group with exactly one mask, the unmasked row with the smallest count, then code."""
    masks = np.bincount(groups, weights=masked[rows])
    candidates = np.flatnonzero((masks[groups] == 1) & ~masked[rows])
    if candidates.size == 0:
        return candidates
    ranked = candidates[np.lexsort((part[candidates], np.abs(order[rows[candidates]]), groups[candidates]))]
    first = np.ones(ranked.size, dtype=np.bool_)
    first[1:] = groups[ranked][1:] != groups[ranked][:-1]
    return rows[ranked[first]]


def _figures(
    values: pd.DataFrame, metrics: Mapping[str, Metric], facts: _Facts, masked: Mask, rule: DisclosureRule
) -> dict[str, Floats]:
    """The five figures of every row after rounding, recomputation and masking."""
    figures = {name: _floats(values, name).copy() for name in FIGURES}
    rounding = facts.rounded & facts.has_value & ~masked
    counts = rounding & ~facts.average
    for name in ("numerator", "denominator"):
        figures[name][counts] = round_half_up(figures[name][counts], rule.round_to)
    plain = counts & ~facts.ratio
    figures["value"][plain] = round_half_up(figures["value"][plain], rule.round_to)
    # A sum of money or days cannot stand beside an average: it would give the unrounded number back.
    averages = rounding & facts.average
    figures["denominator"][averages] = round_half_up(figures["denominator"][averages], rule.round_to)
    figures["numerator"][averages] = np.nan
    # nor can the few people with an outcome stand beside an estimate of class C, in England either
    figures["numerator"][facts.class_c & facts.average] = np.nan
    for metric_id, positions in _positions(values, counts).items():
        _recompute(figures, positions, metrics[metric_id])
    for name in FIGURES:
        figures[name][masked | (facts.controlled & ~facts.has_value)] = np.nan
    return figures


def _recompute(figures: Mapping[str, Floats], at: Ids, metric: Metric) -> None:
    """Value and interval of one metric's rows, in place, from its rounded counts."""
    numerator, denominator = figures["numerator"][at], figures["denominator"][at]
    scale = 100.0 if metric.unit == "percent" else float(metric.per)
    if _is_ratio(metric):
        figures["value"][at] = numerator / denominator * scale
    lower, upper = np.full(at.size, np.nan), np.full(at.size, np.nan)
    if metric.interval == "wilson":
        lower, upper = intervals.wilson(numerator, denominator, multiplier=scale)
    elif metric.interval == "byar" and _is_ratio(metric):
        lower, upper = intervals.rate(numerator, denominator, multiplier=scale)
    elif metric.interval == "byar":
        lower, upper = intervals.poisson(figures["value"][at])
    figures["lower_95"][at], figures["upper_95"][at] = lower, upper


def _positions(values: pd.DataFrame, wanted: Mask) -> dict[str, Ids]:
    """Row numbers of the wanted rows, by metric."""
    rows = np.flatnonzero(wanted)
    codes, names = pd.factorize(values["metric_id"].to_numpy(dtype=object)[rows])
    return {str(name): rows[codes == code] for code, name in enumerate(names)}


def _keys(values: pd.DataFrame) -> Sequence[str]:
    return [*KEYS, *(key for key in BREAKDOWN_KEYS if key in values.columns)]


def _floats(values: pd.DataFrame, column: str) -> Floats:
    return values[column].to_numpy(dtype=np.float64, na_value=np.nan)
