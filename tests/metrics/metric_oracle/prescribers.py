"""Metrics of prescribers in post: how many there are each month, who joins and leaves, who prescribes."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import KEY, flows, rolled_up, shares
from metric_oracle.lists import extracts_of, newest, placed_lists, registered
from metric_oracle.places import Placed, frame
from metric_oracle.workforce import prescribers_held, reporting
from metric_oracle.world import SAME, World, held, is_annotated, placed_units, primary_networks, unit

ACTIVE_MONTHS = 3  # a prescriber is active who issued an item in the months ending with this one


def in_post(world: World) -> pd.DataFrame:
    """One row per month and person annotated at its end with enough FTE in the primary network (rule R2)."""
    posts = held(world).merge(primary_networks(world), on=["person_id", "period", "pcn_code"])
    posts = posts[posts.fte >= world.programme.deployed_minimum_fte - SAME]
    posts = posts.merge(world.register, on="person_id")
    posts = posts[is_annotated(posts, posts.period + pd.offsets.MonthEnd(0))]
    rows = posts.rename(columns={"period": "day"})[["person_id", "day", "pcn_code"]]
    return unit(rows.assign(strand="all", sector="all").reset_index(drop=True), "person_id")


def stock(world: World, metric: Metric) -> pd.DataFrame:
    """Prescribers in post in the month."""
    return flows(metric, placed_units(world, in_post(world)))


def net_gain(world: World, metric: Metric) -> pd.DataFrame:
    """Those in the stock of an organisation this month and not last month, less the reverse; from the second month."""
    rows = in_post(world)
    months = sorted(rows.day.unique())
    following = dict(pairwise(months))
    parts: list[pd.DataFrame] = []
    for geography, placed in placed_units(world, rows).items():
        for level in metric.levels:
            here = placed.dropna(subset=[level])[["person_id", "day", level]]
            last = here.assign(day=here.day.map(following)).dropna(subset=["day"])
            both = here.merge(last, on=["person_id", "day", level], how="outer", indicator="side")
            both = both[both.day > months[0]]
            change = both.side.map({"left_only": 1, "right_only": -1, "both": 0}).astype(int)
            sums = change.groupby([both[level], both.day]).sum().rename("numerator")
            found = sums.rename_axis(["org_code", "period_start"]).reset_index()
            parts.append(found.assign(org_level=level, geography=geography))
    figures = pd.concat(parts).assign(strand="all", sector="all", period_grain="month")
    return figures.set_index(KEY).sort_index()


def _prescribed_in(items: pd.DataFrame, key: list[str]) -> pd.MultiIndex:
    """Every `key` and month in which an item was issued in the months ending with it."""
    spread = [items.assign(day=items.period + pd.DateOffset(months=later)) for later in range(ACTIVE_MONTHS)]
    return pd.MultiIndex.from_frame(pd.concat(spread)[[*key, "day"]].drop_duplicates())


def active(world: World, metric: Metric) -> pd.DataFrame:
    """Of the prescribers in post, those with an item anywhere in three months."""
    rows = in_post(world)
    issued = _prescribed_in(frame(world.truth.prescribing), ["person_id"])
    reached = pd.MultiIndex.from_frame(rows[["person_id", "day"]]).isin(issued)
    return shares(metric, placed_units(world, rows.assign(is_reached=reached)))


def fte_per_list(world: World, metric: Metric) -> pd.DataFrame:
    """FTE of annotated pharmacists, and the patients of the networks that reported, by month."""
    posts = prescribers_held(world).rename(columns={"period": "day"}).assign(strand="all", sector="all")
    fte = rolled_up(metric, placed_units(world, posts), {"numerator": ("fte", "sum")})
    people = rolled_up(metric, _reported_lists(world), {"denominator": ("patients", "sum")})
    return people.join(fte).fillna({"numerator": 0.0})


def _reported_lists(world: World) -> Placed:
    """The list of every month, practices of the networks that reported: in the extract's network, and today's."""
    reported = reporting(world)
    extracts = extracts_of(registered(world))
    lists = placed_lists(world, registered(world))
    parts: dict[str, list[pd.DataFrame]] = {"as_was": [], "as_now": []}
    for month, networks in reported.groupby("period").pcn_code:
        sent = {"as_was": set(networks), "as_now": set(world.places.now(networks))}
        for geography, rows in lists[newest(extracts, month)].items():
            counted = rows[rows.pcn.isin(sent[geography])]
            parts[geography].append(counted.assign(day=month, strand="all", sector="all"))
    return {geography: pd.concat(rows, ignore_index=True) for geography, rows in parts.items()}
