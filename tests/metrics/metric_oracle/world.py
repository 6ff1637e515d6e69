"""The truth as the metrics see it: what was stated by the cut-off, who worked where, who was annotated when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dbt_project.registry import Programme, load_programme
from metric_oracle.periods import PROGRAMME_START
from metric_oracle.places import FOREVER, Placed, Places, frame
from orchestration.synthetic import Truth

PRESCRIBING_ROLES = ("pharmacist", "advanced_pharmacist_practitioner")
SAME = 1e-9  # two FTEs that differ by less are the same decimal number


@dataclass(frozen=True)
class World:
    """Everything a metric reads."""

    truth: Truth
    landing: Path  # the files as they came: what is said of returns themselves stands nowhere else
    places: Places
    cut_off: pd.Timestamp
    programme: Programme
    events: pd.DataFrame  # of enrolments, stated by the cut-off, first column `day`
    register: pd.DataFrame
    deployments: pd.DataFrame  # posts returned since the programme started


def open_world(truth: Truth, cut_off: pd.Timestamp, landing: Path) -> World:
    """Read the truth; an event that no return has stated yet is not known."""
    places = Places(truth, cut_off)
    events = frame(truth.events).rename(columns={"event_date": "day"})
    events = events[events.reported_on <= cut_off].sort_values("day", kind="stable")
    stated = frame(truth.enrolments)[["enrolment_ref", "practice_code"]]
    events = events.merge(stated, on="enrolment_ref", how="left")
    events["pcn_code"] = places.worked_in(events, network="pcn_code", practice="practice_code", day="day")
    events["sector"] = _stated_sector(events)
    deployments = frame(truth.deployments)
    deployments = deployments[deployments.period >= PROGRAMME_START].reset_index(drop=True)
    deployments["fte"] = deployments.fte.astype(float)
    return World(
        truth=truth,
        landing=landing,
        places=places,
        cut_off=cut_off,
        programme=load_programme(),
        events=events,
        register=frame(truth.register),
        deployments=deployments,
    )


def _stated_sector(rows: pd.DataFrame) -> pd.Series:
    """The sector as the provider can say it: two of the three layouts have no word for `unknown` but `Other`."""
    has_no_word = rows.provider_code.str.match("UNI|TEC|CLI")
    return rows.sector.mask(has_no_word & (rows.sector == "unknown"), "other")


def firsts(events: pd.DataFrame, per: list[str]) -> pd.DataFrame:
    """The earliest of the events of each unit (of several on one day, the first stated)."""
    return events.drop_duplicates(per).reset_index(drop=True)


def of(world: World, strand: str, *event_types: str) -> pd.DataFrame:
    """Events of a strand, of these types (of every type without any)."""
    events = world.events[world.events.strand == strand]
    return events[events.event_type.isin(event_types)] if event_types else events


def unit(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Rows with `unit`, what is counted, made of the columns."""
    texts = [rows[column].astype(str) for column in columns]
    return rows.assign(unit=texts[0].str.cat(texts[1:], sep="|") if len(texts) > 1 else texts[0])


def placed_units(world: World, rows: pd.DataFrame) -> Placed:
    """Rows of provider returns in both geographies: columns day and pcn_code."""
    return world.places.place(rows, network="pcn_code", day="day")


def primary_networks(world: World) -> pd.DataFrame:
    """Rule R2: a person's network of a month is that of the highest FTE, then earliest start, then lowest code."""
    order = world.deployments.sort_values(
        ["fte", "started_on", "pcn_code"], ascending=[False, True, True], kind="stable"
    )
    return order.drop_duplicates(["person_id", "period"])[["person_id", "period", "pcn_code"]]


def held(world: World) -> pd.DataFrame:
    """FTE of each person as pharmacist in each network and month, with the earliest start there."""
    posts = world.deployments[world.deployments.role.isin(PRESCRIBING_ROLES)]
    return posts.groupby(["person_id", "period", "pcn_code"], as_index=False).agg(
        fte=("fte", "sum"), started_on=("started_on", "min")
    )


def deployed(world: World) -> pd.DataFrame:
    """The day and network of each prescriber's first post in a network of enough FTE; a post held already counts.

    The first month that ends on or after the annotation; of several networks that of the highest FTE (R2).
    """
    posts = held(world).merge(world.register[["person_id", "annotated_on"]], on="person_id")
    posts = posts[posts.fte >= world.programme.deployed_minimum_fte - SAME]
    posts = posts[posts.period + pd.offsets.MonthEnd(0) >= posts.annotated_on]
    order = posts.sort_values(
        ["period", "fte", "started_on", "pcn_code"], ascending=[True, False, True, True]
    )
    rows = order.drop_duplicates("person_id").reset_index(drop=True)
    return rows.assign(day=rows[["period", "annotated_on"]].max(axis="columns"))


def held_before(world: World) -> pd.Series:
    """People who held such a post in a month before that of their annotation."""
    posts = held(world).merge(world.register[["person_id", "annotated_on"]], on="person_id")
    posts = posts[posts.fte >= world.programme.deployed_minimum_fte - SAME]
    month_of_annotation = posts.annotated_on.dt.to_period("M").dt.to_timestamp()
    return posts[posts.period < month_of_annotation].person_id


def is_annotated(register: pd.DataFrame, on: pd.Series) -> pd.Series:
    """Whether the entry carries the annotation on a day: it can be removed and restored."""
    removed = register.annotation_removed_on.fillna(FOREVER) <= on
    restored = register.annotation_restored_on.fillna(FOREVER) <= on
    return (register.annotated_on <= on) & (~removed | restored)
