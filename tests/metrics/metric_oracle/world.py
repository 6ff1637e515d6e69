"""The truth as the metrics see it: what was stated by the cut-off, who worked where, who was annotated when."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from dbt_project.registry import Programme, load_programme
from metric_oracle.places import FOREVER, Placed, Places, frame
from orchestration.synthetic import Truth


@dataclass(frozen=True)
class World:
    """Everything a metric reads."""

    truth: Truth
    places: Places
    cut_off: pd.Timestamp
    programme: Programme
    events: pd.DataFrame  # of enrolments, stated by the cut-off, first column `day`
    register: pd.DataFrame
    deployments: pd.DataFrame  # posts returned since the programme started


def open_world(truth: Truth, cut_off: pd.Timestamp) -> World:
    """Read the truth; an event that no return has stated yet is not known."""
    places = Places(truth, cut_off)
    events = frame(truth.events).rename(columns={"event_date": "day"})
    events = events[events.reported_on <= cut_off].sort_values("day", kind="stable")
    stated = frame(truth.enrolments)[["enrolment_ref", "practice_code"]]
    events = events.merge(stated, on="enrolment_ref", how="left")
    events["pcn_code"] = places.worked_in(events, network="pcn_code", practice="practice_code", day="day")
    events["sector"] = _stated_sector(events)
    deployments = frame(truth.deployments)
    deployments["fte"] = deployments.fte.astype(float)
    return World(
        truth=truth,
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


def placed(world: World, rows: pd.DataFrame) -> Placed:
    """Rows of provider returns in both geographies: columns day and pcn_code."""
    return world.places.place(rows, network="pcn_code", day="day")


def primary_networks(world: World) -> pd.DataFrame:
    """Rule R2: a person's network of a month is that of the highest FTE, then earliest start, then lowest code."""
    order = world.deployments.sort_values(
        ["fte", "started_on", "pcn_code"], ascending=[False, True, True], kind="stable"
    )
    return order.drop_duplicates(["person_id", "period"])[["person_id", "period", "pcn_code"]]


def is_annotated(register: pd.DataFrame, on: pd.Series) -> pd.Series:
    """Whether the entry carries the annotation on a day: it can be removed and restored."""
    removed = register.annotation_removed_on.fillna(FOREVER) <= on
    restored = register.annotation_restored_on.fillna(FOREVER) <= on
    return (register.annotated_on <= on) & (~removed | restored)
