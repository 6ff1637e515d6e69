"""Metrics of the workforce of networks and of lists of patients."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import KEY, shares
from metric_oracle.learners import new_prescribers
from metric_oracle.lists import at_mid_period, extracts_of, newest, patients, registered, weighted
from metric_oracle.periods import PROGRAMME_START
from metric_oracle.places import frame
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


def prescribers_per_list(world: World, metric: Metric) -> pd.DataFrame:
    """New prescribers, and the patients registered at mid-period."""
    people = at_mid_period(world, metric, registered(world))
    return people.join(new_prescribers(world, metric)).fillna({"numerator": 0})


def prescribers_per_weighted_list(world: World, metric: Metric) -> pd.DataFrame:
    """New prescribers, and the weighted patients at mid-period."""
    people = at_mid_period(world, metric, weighted(world))
    return people.join(new_prescribers(world, metric)).fillna({"numerator": 0})


def fte_per_list(world: World, metric: Metric) -> pd.DataFrame:
    """FTE of pharmacists, and the patients on the list of that month."""
    fte = _census(world, "pharmacist", metric.levels)[["fte"]].rename(columns={"fte": "numerator"})
    lists = registered(world)
    months = fte.index.get_level_values("period_start").unique()
    asked = {("month", month): newest(extracts_of(lists), month) for month in months}
    return patients(world, metric, lists, asked).join(fte).fillna({"numerator": 0})
