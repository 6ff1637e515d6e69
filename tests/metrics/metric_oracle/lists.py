"""Lists of patients: which extract stands for a period, and where its practices lie."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import KEY
from metric_oracle.periods import middle, starts
from metric_oracle.places import Placed, frame
from metric_oracle.world import World


def registered(world: World) -> pd.DataFrame:
    """Registered patients by extract and practice."""
    return frame(world.truth.list_sizes)


def weighted(world: World) -> pd.DataFrame:
    """Weighted patients by extract and practice."""
    lists = frame(world.truth.weighted_lists)
    return lists.assign(patients=lists.weighted_patients.astype(float))


def placed_lists(world: World, lists: pd.DataFrame) -> dict[pd.Timestamp, Placed]:
    """Every list extract, its practices placed: network by membership, board and region by the practice's own area."""
    areas = world.places.practice_spells
    found: dict[pd.Timestamp, Placed] = {}
    for extract in extracts_of(lists):
        rows = lists[lists.extract_date == extract].reset_index(drop=True)
        then = world.places.network_of(rows.practice_code, pd.Series(extract, index=rows.index))
        networks = {"as_was": (then, extract), "as_now": (world.places.now(then), world.cut_off)}
        found[extract] = {}
        for geography, (network, on) in networks.items():
            spell = areas[(areas.valid_from <= on) & (on <= areas.valid_to)]
            part = rows.assign(pcn=network, england="ENG").merge(spell, on="practice_code", how="left")
            names = {"sub_icb_code": "sub_icb", "icb_code": "icb", "region_code": "region"}
            found[extract][geography] = part.rename(columns=names)
    return found


def patients(
    world: World, metric: Metric, lists: pd.DataFrame, asked: dict[tuple[str, pd.Timestamp], pd.Timestamp]
) -> pd.DataFrame:
    """Patients by (grain, period): of the extract chosen for each, at every level and geography."""
    placed = placed_lists(world, lists)
    parts: list[pd.DataFrame] = []
    for (grain, start), extract in asked.items():
        for geography, rows in placed[extract].items():
            for level in metric.levels:
                sums = rows.groupby(level).patients.sum().rename("denominator")
                labels = {
                    "org_level": level,
                    "geography": geography,
                    "period_grain": grain,
                    "period_start": start,
                }
                found = sums.rename_axis("org_code").reset_index()
                parts.append(found.assign(**labels, strand="all", sector="all"))
    return pd.concat(parts).set_index(KEY).sort_index()


def at_mid_period(world: World, metric: Metric, lists: pd.DataFrame) -> pd.DataFrame:
    """Patients of every period by the newest extract up to its middle day, else the first."""
    periods = [(grain, start) for grain in metric.grains for start in starts(grain, world.cut_off)]
    extracts = extracts_of(lists)
    asked = {(g, s): newest(extracts, middle(s, g, world.cut_off)) for g, s in periods}
    return patients(world, metric, lists, asked)


def newest(extracts: list[pd.Timestamp], day: pd.Timestamp) -> pd.Timestamp:
    """The newest extract up to a day, else the first there is."""
    return max((extract for extract in extracts if extract <= day), default=min(extracts))


def extracts_of(lists: pd.DataFrame) -> list[pd.Timestamp]:
    """Days of the extracts, oldest first."""
    return sorted(lists.extract_date.unique())
