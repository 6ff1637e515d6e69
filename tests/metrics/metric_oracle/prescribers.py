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
    """Those in the stock of an organisation this month and not last month, less the reverse; from the second month.

    A place has one only if it, or a network of it, reported in both months.
    """
    rows = in_post(world)
    months = sorted(reporting(world).period.unique())
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
            there = _reported(world, geography, level, following)
            found = found[pd.MultiIndex.from_frame(found[["org_code", "period_start"]]).isin(there)]
            parts.append(found.assign(org_level=level, geography=geography))
    figures = pd.concat(parts).assign(strand="all", sector="all", period_grain="month")
    return figures.set_index(KEY).sort_index()


def _reported(
    world: World, geography: str, level: str, following: dict[pd.Timestamp, pd.Timestamp]
) -> pd.MultiIndex:
    """Organisations and months such that they, or a network of theirs, reported in that month and the one before."""
    sent = placed_units(world, reporting(world).rename(columns={"period": "day"}))[geography]
    sent = sent.dropna(subset=[level])
    this = pd.MultiIndex.from_arrays([sent[level], sent.day])
    last = pd.MultiIndex.from_arrays([sent[level], sent.day.map(following)])
    return this.intersection(last)


def _spread(items: pd.DataFrame) -> pd.DataFrame:
    """Items once in each month whose three months they fall into (`day`)."""
    spread = [items.assign(day=items.period + pd.DateOffset(months=later)) for later in range(ACTIVE_MONTHS)]
    return pd.concat(spread, ignore_index=True)


def complete_months(months: set[pd.Timestamp]) -> list[pd.Timestamp]:
    """Months with returns for it and the two before."""
    return [
        month
        for month in sorted(months)
        if all(month - pd.DateOffset(months=back) in months for back in range(ACTIVE_MONTHS))
    ]


def active(world: World, metric: Metric) -> pd.DataFrame:
    """Of the prescribers in post, those with an item anywhere in three months."""
    items = frame(world.truth.prescribing)
    rows = in_post(world)
    rows = rows[rows.day.isin(complete_months(set(items.period)))].reset_index(drop=True)
    issued = pd.MultiIndex.from_frame(_spread(items)[["person_id", "day"]].drop_duplicates())
    reached = pd.MultiIndex.from_frame(rows[["person_id", "day"]]).isin(issued)
    return shares(metric, placed_units(world, rows.assign(is_reached=reached)))


def premises(world: World, metric: Metric) -> pd.DataFrame:
    """Premises open on the last day of the month, and those where a pharmacist annotated then issued an item.

    They lie where the newest list up to that day puts them, else the first that holds them.
    """
    lists = frame(world.truth.premises).sort_values("snapshot_date", kind="stable")
    newest_list = lists.drop_duplicates("premises_code", keep="last").set_index("premises_code")
    items = frame(world.truth.prescribing)
    prescribed = _spread(items[items.place_type == "premises"])
    prescribed = prescribed.merge(world.register[world.register.profession == "pharmacist"], on="person_id")
    prescribed = prescribed[is_annotated(prescribed, prescribed.day + pd.offsets.MonthEnd(0))]
    parts: list[pd.DataFrame] = []
    for month in complete_months(set(items.period)):
        last = month + pd.offsets.MonthEnd(0)
        opened = ~(newest_list.open_date > last) & ~(newest_list.close_date < last)
        told = lists[lists.snapshot_date <= last].drop_duplicates("premises_code", keep="last")
        first = lists.drop_duplicates("premises_code")
        place = pd.concat([told, first]).drop_duplicates("premises_code").set_index("premises_code")
        rows = place[["pcn_code", "icb_code"]].loc[opened[opened].index].reset_index(names="unit")
        used = set(prescribed[prescribed.day == month].place_code)
        parts.append(rows.assign(day=month, last_day=last, is_reached=rows.unit.isin(used)))
    rows = pd.concat(parts, ignore_index=True).assign(strand="all", sector="all")
    return shares(metric, _premises_placed(world, rows))


def _premises_placed(world: World, rows: pd.DataFrame) -> Placed:
    """By network on the last day of the month; premises of no network by the board they are listed under."""
    by_network = world.places.place(rows, network="pcn_code", day="last_day")
    by_board = world.places.place_boards(rows.assign(day=rows.last_day), "icb_code")
    for name, placed in by_network.items():
        for level in ("icb", "region"):
            placed[level] = placed[level].fillna(by_board[name][level])
    return by_network


def fte_per_list(world: World, metric: Metric) -> pd.DataFrame:
    """FTE of annotated pharmacists, and the patients of the networks that reported, by month; both by network."""
    posts = prescribers_held(world).rename(columns={"period": "day"}).assign(strand="all", sector="all")
    fte = rolled_up(metric, placed_units(world, posts), {"numerator": ("fte", "sum")})
    patients = placed_units(world, _reported_lists(world))
    people = rolled_up(metric, patients, {"denominator": ("patients", "sum")})
    return people[people.denominator > 0].join(fte).fillna({"numerator": 0.0})


def _reported_lists(world: World) -> pd.DataFrame:
    """Every month and network that reported, with the patients of its practices on the list of that month."""
    lists = registered(world)
    extracts = extracts_of(lists)
    placed = placed_lists(world, lists)
    sums = {extract: placed[extract]["as_was"].groupby("pcn").patients.sum() for extract in extracts}
    parts = [
        rows.assign(patients=rows.pcn_code.map(sums[newest(extracts, month)]))
        for month, rows in reporting(world).groupby("period")
    ]
    found = pd.concat(parts, ignore_index=True).rename(columns={"period": "day"})
    return found.assign(strand="all", sector="all")
