"""Metrics of supervisors: whom they supervise, whether they are near, whether those trained take anybody on."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import cohort, rolled_up, shares
from metric_oracle.learners import trained
from metric_oracle.places import FOREVER, frame
from metric_oracle.progress import active_learners
from metric_oracle.world import World, of, placed_units


def supervised(world: World) -> pd.DataFrame:
    """Active prescribing learners by month, with the supervisor confirmed last (`supervisor_id`) where known."""
    rows = active_learners(world)
    rows = rows[rows.strand == "independent_prescribing"].drop(columns=["supervisor_person_id"])
    confirmed = of(world, "independent_prescribing", "supervisor_confirmed")
    confirmed = confirmed.dropna(subset=["supervisor_person_id"])[
        ["person_id", "day", "supervisor_person_id"]
    ]
    confirmed = confirmed.rename(columns={"day": "confirmed_on", "supervisor_person_id": "supervisor_id"})
    found = rows[["unit", "person_id", "day", "last_day"]].merge(confirmed, on="person_id")
    found = found[found.confirmed_on <= found.last_day].sort_values("confirmed_on", kind="stable")
    found = found.drop_duplicates(["person_id", "day"], keep="last")
    return rows.merge(found[["person_id", "day", "supervisor_id"]], on=["person_id", "day"], how="left")


def learners_per_supervisor(world: World, metric: Metric) -> pd.DataFrame:
    """Learners whose supervisor is known, and the supervisors who have any."""
    rows = supervised(world).dropna(subset=["supervisor_id"]).reset_index(drop=True)
    summary = {"numerator": ("unit", "nunique"), "denominator": ("supervisor_id", "nunique")}
    return rolled_up(metric, placed_units(world, rows), summary)  # type: ignore[arg-type]


def boards_of_supervisors(world: World) -> pd.Series:
    """The board each prescribing supervisor's network lies in today, by person."""
    rows = frame(world.truth.supervisors)
    listed = (rows.trained_on <= world.cut_off) & ~rows.is_withdrawn & (rows.supervisor_kind == "prescribing")
    rows = rows[listed].dropna(subset=["pcn_code"]).drop_duplicates("person_id")
    spells = world.places.spells[world.places.spells.valid_to == FOREVER].set_index("pcn_code")
    return rows.pcn_code.map(spells.icb_code).set_axis(rows.person_id)


def without_local_supervisor(world: World, metric: Metric) -> pd.DataFrame:
    """Active learners, and those whose confirmed supervisor is not known to work in their own board of today."""
    rows = supervised(world).reset_index(drop=True)
    own = placed_units(world, rows)["as_now"].icb
    theirs = rows.supervisor_id.map(boards_of_supervisors(world))
    return shares(metric, placed_units(world, rows.assign(is_reached=~(own == theirs))))


def activation(world: World, metric: Metric) -> pd.DataFrame:
    """Supervisors trained, and those who took a learner on within the horizon."""
    rows = trained(world)
    linked = of(world, "supervisors", "linked", "active")[["person_id", "day"]]
    named = of(world, "independent_prescribing", "supervisor_confirmed")[["supervisor_person_id", "day"]]
    named = (
        named.dropna().rename(columns={"supervisor_person_id": "person_id"}).astype({"person_id": "int64"})
    )
    took_on = pd.concat([linked, named]).rename(columns={"day": "took_on"})
    horizon = pd.Timedelta(days=metric.horizon_days or 0)
    found = rows[["unit", "person_id", "day"]].merge(took_on, on="person_id")
    found = found[(found.day <= found.took_on) & (found.took_on <= found.day + horizon)]
    rows["is_reached"] = rows.unit.isin(found.unit)
    rows["is_mature"] = rows.day + horizon <= world.cut_off
    return cohort(world, metric, rows)
