"""Metrics of the workforce of networks and of lists of patients."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import KEY, shares
from metric_oracle.learners import new_prescribers
from metric_oracle.periods import PROGRAMME_START, middle, starts
from metric_oracle.places import Placed, frame
from metric_oracle.world import SAME, World, held, is_annotated

ROLES = {
    "pcn_pharmacists": "pharmacist",
    "pcn_advanced_pharmacists": "advanced_pharmacist_practitioner",
    "pcn_pharmacy_technicians": "pharmacy_technician",
    "pcn_trainee_technicians": "trainee_pharmacy_technician",
}


def reporting(world: World) -> pd.DataFrame:
    """Months and networks that sent the record-level return, columns period and pcn_code."""
    rows = frame(world.truth.reporting)
    return rows[rows.period >= PROGRAMME_START].reset_index(drop=True)


def prescribers_held(world: World) -> pd.DataFrame:
    """Pharmacists annotated on the last day of the month, by network and month, with their FTE there."""
    posts = held(world).merge(world.register[world.register.profession == "pharmacist"], on="person_id")
    annotated = is_annotated(posts, posts.period + pd.offsets.MonthEnd(0))
    return posts[annotated][["person_id", "period", "pcn_code", "fte"]].reset_index(drop=True)


def coverage(world: World, metric: Metric) -> pd.DataFrame:
    """Networks that returned, and those with one annotated pharmacist of enough FTE there on the last of the month."""
    reported = reporting(world)
    enough = prescribers_held(world)
    enough = enough[enough.fte >= world.programme.coverage_minimum_fte - SAME]
    covered = pd.MultiIndex.from_frame(enough[["period", "pcn_code"]])
    reached = pd.MultiIndex.from_frame(reported[["period", "pcn_code"]]).isin(covered)
    rows = reported.rename(columns={"period": "day"}).assign(is_reached=reached, strand="all", sector="all")
    located = world.places.place(rows, network="pcn_code", day="day")
    # two networks that merged are one network of today
    return shares(metric, {name: part.assign(unit=part.pcn) for name, part in located.items()})


def _census(world: World, role: str, levels: tuple[str, ...]) -> pd.DataFrame:
    """FTE and headcount of a role at every census, as it was from the truth's totals, as it is now from people."""
    totals = frame(world.truth.workforce)
    totals = totals[totals.role == role].assign(fte=lambda f: f.fte.astype(float))
    as_was = totals.rename(columns={"period": "period_start"}).assign(geography="as_was")
    networks = (
        totals[totals.org_level == "pcn"].rename(columns={"org_code": "pcn_code"}).reset_index(drop=True)
    )
    people = frame(world.truth.deployments)
    people = people[(people.role == role) & people.period.isin(totals.period)].reset_index(drop=True)
    fte = world.places.place(networks, network="pcn_code", day="period")["as_now"]
    heads = world.places.place(people, network="pcn_code", day="period")["as_now"]
    parts = [as_was[["org_level", "org_code", "period_start", "geography", "fte", "headcount"]]]
    for level in levels:
        now = pd.concat(
            [
                fte.groupby([level, "period"]).fte.sum(),
                heads.groupby([level, "period"]).person_id.nunique().rename("headcount"),
            ],
            axis="columns",
        ).fillna({"headcount": 0})
        now = now.rename_axis(["org_code", "period_start"]).reset_index()
        parts.append(now.assign(org_level=level, geography="as_now"))
    return _month_key(pd.concat(parts, ignore_index=True))


def _month_key(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(strand="all", sector="all", period_grain="month").set_index(KEY).sort_index()


def workforce(world: World, metric: Metric) -> pd.DataFrame:
    """FTE (contracted services included) or distinct people (who carry an identifier) of one role."""
    stem, _, measure = metric.id.rpartition("_")
    figures = _census(world, ROLES[stem], metric.levels)
    return figures[[measure]].rename(columns={measure: "numerator"})


def placed_lists(world: World) -> dict[pd.Timestamp, Placed]:
    """Every list extract, its practices placed: network by membership, board and region by the practice's own area."""
    lists = frame(world.truth.list_sizes)
    areas = world.places.practice_spells
    found: dict[pd.Timestamp, Placed] = {}
    for extract in list_extracts(world):
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


def _patients(
    world: World, metric: Metric, asked: dict[tuple[str, pd.Timestamp], pd.Timestamp]
) -> pd.DataFrame:
    """Registered patients by (grain, period): of the extract chosen for each, at every level and geography."""
    lists = placed_lists(world)
    parts: list[pd.DataFrame] = []
    for (grain, start), extract in asked.items():
        for geography, rows in lists[extract].items():
            for level in metric.levels:
                sums = (
                    rows.groupby(level)
                    .patients.sum()
                    .rename("denominator")
                    .rename_axis("org_code")
                    .reset_index()
                )
                labels = {
                    "org_level": level,
                    "geography": geography,
                    "period_grain": grain,
                    "period_start": start,
                }
                parts.append(sums.assign(**labels, strand="all", sector="all"))
    return pd.concat(parts).set_index(KEY).sort_index()


def newest(extracts: list[pd.Timestamp], day: pd.Timestamp) -> pd.Timestamp:
    """The newest extract up to a day, else the first there is."""
    return max((extract for extract in extracts if extract <= day), default=min(extracts))


def list_extracts(world: World) -> list[pd.Timestamp]:
    return sorted(frame(world.truth.list_sizes).extract_date.unique())


def prescribers_per_list(world: World, metric: Metric) -> pd.DataFrame:
    """New prescribers, and the patients registered at mid-period."""
    periods = [(grain, start) for grain in metric.grains for start in starts(grain, world.cut_off)]
    extracts = list_extracts(world)
    asked = {(g, s): newest(extracts, middle(s, g, world.cut_off)) for g, s in periods}
    patients = _patients(world, metric, asked)
    return patients.join(new_prescribers(world, metric)).fillna({"numerator": 0})


def fte_per_list(world: World, metric: Metric) -> pd.DataFrame:
    """FTE of pharmacists, and the patients on the list of that month."""
    fte = _census(world, "pharmacist", metric.levels)[["fte"]].rename(columns={"fte": "numerator"})
    extracts = list_extracts(world)
    months = fte.index.get_level_values("period_start").unique()
    patients = _patients(world, metric, {("month", month): newest(extracts, month) for month in months})
    return patients.join(fte).fillna({"numerator": 0})
