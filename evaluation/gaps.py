"""Registry metrics about gaps: between places by deprivation, rurality and region; between sectors and groups.

England only. Each function gives one row for each period, geography and group; the figure of a metric with groups
is that of the group furthest behind, and its breakdown has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation import contrasts, inequality
from evaluation.estimates import FIGURE_COLUMNS, PERCENT

PERIOD = ["period_start", "period_grain", "geography"]
RATE_METRIC = "new_independent_prescribers_per_10k"
SHARE_METRIC = "completion_18_months"
PATIENTS = 10_000  # the slope index is per so many
FEW_EVENTS = 10  # fewer events in all of England, and a gap between its parts is chance: no figure
SEED = 20210401  # of the bootstrap: the same data give the same interval
COVARIATES = ("sector", "region_code", "start_year")
UNKNOWN = "unknown"
RESULT = ["numerator", "denominator", "estimate", "estimate_lower", "estimate_upper"]


@dataclass(frozen=True)
class Facts:
    """What gaps are computed from.

    ``prescribers`` and ``learners``: figures of the theme models (numerator, denominator by organisation, sector and
    period). ``networks``: pcn_code, imd_score, classification. ``starters``: one row a starter with its period
    columns, is_mature, is_reached, sector, region_code, start_year and the characteristics. ``register``: dimension,
    category, people.
    """

    prescribers: pd.DataFrame
    learners: pd.DataFrame
    networks: pd.DataFrame
    starters: pd.DataFrame
    register: pd.DataFrame


def gap_figures(facts: Facts, metrics: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Figures (:data:`FIGURE_COLUMNS`) of every gap metric. Raises ValueError for an unknown estimator."""
    parts: list[pd.DataFrame] = []
    for metric in metrics:
        name = metric["estimator"]
        if name not in GAP_ESTIMATORS:
            raise ValueError(
                f"metric {metric['id']}: estimator: found '{name}', expected one of {', '.join(GAP_ESTIMATORS)}"
            )
        found = GAP_ESTIMATORS[name](facts, metric)
        if not found.empty:
            parts.append(_as_figures(found, str(metric["id"])))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FIGURE_COLUMNS))


def _as_figures(found: pd.DataFrame, metric_id: str) -> pd.DataFrame:
    fixed = {
        "metric_id": metric_id,
        "org_level": "england",
        "org_code": "ENG",
        "strand": "all",
        "sector": "all",
    }
    absent = {name: None for name in ("dimension", "category") if name not in found}
    empty = {"cohort_size": np.nan, "mature_size": np.nan}
    return found.assign(**fixed, **absent, **empty)[list(FIGURE_COLUMNS)]


def _network_rates(facts: Facts, metric: Mapping[str, Any], attribute: str) -> pd.DataFrame:
    rows = facts.prescribers
    wanted = rows[
        (rows["metric_id"] == RATE_METRIC)
        & (rows["org_level"] == "pcn")
        & rows["period_grain"].isin(metric["grains"])
    ]
    known = facts.networks[facts.networks[attribute].notna()]
    merged = wanted.merge(known, left_on="org_code", right_on="pcn_code")
    rates = merged[[*PERIOD, "org_code", attribute, "numerator", "denominator"]]
    # in one order whatever the order they were read in: the bootstrap draws by position
    return rates.sort_values([*PERIOD, "org_code"], ignore_index=True)


def _deprivation(facts: Facts, metric: Mapping[str, Any], index: str) -> pd.DataFrame:
    rates = _network_rates(facts, metric, "imd_score")
    if rates.empty:
        return pd.DataFrame()
    groups = rates.groupby(PERIOD, sort=True)
    quintile = pd.Series(0, index=rates.index)
    for _, part in groups:
        quintile[part.index] = inequality.quintiles(part["imd_score"], part["denominator"])
    units = pd.DataFrame(
        {
            "cell": groups.ngroup(),
            "unit": rates["org_code"],
            "quintile": quintile,
            "events": rates["numerator"],
            "population": rates["denominator"],
        }
    )
    found = inequality.deprivation_gap(units, per=PATIENTS, seed=SEED)
    keys = groups.size().reset_index()[PERIOD]
    figures = keys.assign(
        numerator=found["events"],
        denominator=found["population"],
        estimate=found[index] + 0.0,  # no negative zero
        estimate_lower=found[f"{index}_lower"],
        estimate_upper=found[f"{index}_upper"],
    )
    # a fitted line below zero at the deprived end has no ratio to speak of, as at the other end
    undefined = (index == "rii") & (figures["estimate"] < 0)
    return _blanked(figures, undefined | (figures["numerator"] < FEW_EVENTS))


def _slope(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    return _deprivation(facts, metric, "sii")


def _relative(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    return _deprivation(facts, metric, "rii")


def _rural_urban(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    rates = _network_rates(facts, metric, "classification")
    if rates.empty:
        return pd.DataFrame()
    sums = rates.groupby([*PERIOD, "classification"], as_index=False)[["numerator", "denominator"]].sum()
    rural, urban = (
        sums[sums["classification"] == kind].drop(columns="classification") for kind in ("rural", "urban")
    )
    both = rural.merge(urban, on=PERIOD, how="outer", suffixes=("_rural", "_urban")).fillna(0)
    contrast = contrasts.rate_ratio(
        both["numerator_rural"], both["denominator_rural"], both["numerator_urban"], both["denominator_urban"]
    )
    figures = both[PERIOD].assign(
        numerator=both["numerator_rural"] + both["numerator_urban"],
        denominator=both["denominator_rural"] + both["denominator_urban"],
        **_limits(contrast),
    )
    return _blanked(figures, figures["numerator"] < FEW_EVENTS)


def _region(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    rows = facts.prescribers
    wanted = rows[
        (rows["metric_id"] == RATE_METRIC)
        & (rows["org_level"] == "region")
        & rows["period_grain"].isin(metric["grains"])
    ]
    parts = wanted.assign(category=wanted["org_code"])
    groups = _against_the_rest(parts, "region", contrasts.rate_ratio)
    return _with_lowest_of_enough([groups], metric) if not groups.empty else groups


def _sector(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    rows = facts.learners
    wanted = rows[
        (rows["metric_id"] == SHARE_METRIC)
        & (rows["org_level"] == "england")
        & (rows["strand"] == "all")
        & (rows["sector"] != "all")
        & rows["period_grain"].isin(metric["grains"])
    ]
    parts = wanted.assign(category=wanted["sector"])
    groups = _against_the_rest(parts, "sector", contrasts.risk_ratio)
    return _with_lowest_of_enough([groups], metric) if not groups.empty else groups


def _against_the_rest(
    parts: pd.DataFrame, dimension: str, ratio: Callable[..., contrasts.Contrast]
) -> pd.DataFrame:
    """Each part against all the others together; who belongs to no part is in neither."""
    if parts.empty:
        return pd.DataFrame()
    whole = parts.groupby(PERIOD)[["numerator", "denominator"]].sum().reset_index()
    joined = parts.merge(whole, on=PERIOD, suffixes=("", "_whole"))
    contrast = ratio(
        joined["numerator"],
        joined["denominator"],
        joined["numerator_whole"] - joined["numerator"],
        joined["denominator_whole"] - joined["denominator"],
    )
    groups = joined[[*PERIOD, "category", "numerator", "denominator"]].assign(
        dimension=dimension, **_limits(contrast)
    )
    return _blanked(groups, joined["numerator_whole"] < FEW_EVENTS)


def _with_lowest(groups: pd.DataFrame) -> pd.DataFrame:
    """The groups and, as the figure of each period, the lowest of them (ties: first by name)."""
    ordered = groups.sort_values([*PERIOD, "estimate", "dimension", "category"], na_position="last")
    lowest = ordered.drop_duplicates(PERIOD).assign(dimension=None, category=None)
    return pd.concat([lowest, groups.sort_values([*PERIOD, "dimension", "category"])], ignore_index=True)


def _representation(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    for dimension in metric["breakdowns"]:
        known = facts.starters[facts.starters[dimension].notna()]
        reference = facts.register[facts.register["dimension"] == dimension].set_index("category")["people"]
        if known.empty or reference.empty:
            continue
        counts = known.groupby([*PERIOD, dimension]).size().unstack(fill_value=0)
        counts = counts.reindex(columns=sorted(reference.index), fill_value=0)
        tidy = counts.stack().rename("numerator").reset_index().rename(columns={dimension: "category"})
        people = tidy[PERIOD].merge(known.groupby(PERIOD).size().rename("n").reset_index(), on=PERIOD)["n"]
        members = tidy["category"].map(reference)
        contrast = contrasts.share_ratio(tidy["numerator"], people, members, reference.sum())
        expected = people * members / reference.sum()
        parts.append(tidy.assign(dimension=dimension, denominator=expected, **_limits(contrast)))
    return _with_lowest_of_enough(parts, metric)


def _completion(facts: Facts, metric: Mapping[str, Any]) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    mature = facts.starters[facts.starters["is_mature"]]
    mature = mature[mature["period_grain"].isin(metric["grains"])]
    for dimension in metric["breakdowns"]:
        known = mature[mature[dimension].notna()]
        for key, part in known.groupby(PERIOD, sort=True):
            sizes = part[dimension].value_counts()
            reference = str(sizes.sort_index().idxmax())
            if len(sizes) < 2:  # noqa: PLR2004 - a difference needs two groups
                continue
            ready = part.assign(
                is_reached=part["is_reached"].astype(int),
                **{name: part[name].astype("string").fillna(UNKNOWN).astype(str) for name in COVARIATES},
            )
            found = contrasts.adjusted_difference(ready, "is_reached", dimension, reference, COVARIATES)
            parts.append(
                pd.DataFrame(
                    {
                        **dict(zip(PERIOD, key, strict=True)),
                        "dimension": dimension,
                        "category": found["group"],
                        "numerator": found["events"],
                        "denominator": found["n"],
                        "estimate": found["estimate"] * PERCENT,
                        "estimate_lower": found["lower"] * PERCENT,
                        "estimate_upper": found["upper"] * PERCENT,
                    }
                )
            )
    return _with_lowest_of_enough(parts, metric)


def _with_lowest_of_enough(parts: list[pd.DataFrame], metric: Mapping[str, Any]) -> pd.DataFrame:
    """As :func:`_with_lowest`, the figure chosen among groups of the least size a value is given for (R7).

    A period without such a group keeps a figure: its first group stands for it, without a value.
    """
    if not parts:
        return pd.DataFrame()
    groups = pd.concat(parts, ignore_index=True)
    enough = groups["denominator"] >= metric.get("minimum_denominator", 0)
    none_is = ~enough.groupby([groups[name] for name in PERIOD]).transform("any")
    ranked = _with_lowest(groups[enough | none_is])
    figures = ranked[ranked["dimension"].isna()]
    return pd.concat([figures, groups.sort_values([*PERIOD, "dimension", "category"])], ignore_index=True)


def _blanked(figures: pd.DataFrame, without: pd.Series) -> pd.DataFrame:
    """The figures, without a value where one would mislead."""
    return figures.assign(
        **{name: figures[name].mask(without) for name in ("estimate", "estimate_lower", "estimate_upper")}
    )


def _limits(contrast: contrasts.Contrast) -> dict[str, Any]:
    return {
        "estimate": contrast.estimate,
        "estimate_lower": contrast.lower,
        "estimate_upper": contrast.upper,
    }


GAP_ESTIMATORS: Mapping[str, Callable[[Facts, Mapping[str, Any]], pd.DataFrame]] = {
    "slope_index": _slope,
    "relative_index": _relative,
    "rural_urban_ratio": _rural_urban,
    "region_ratio": _region,
    "sector_ratio": _sector,
    "share_ratio": _representation,
    "adjusted_difference": _completion,
}
