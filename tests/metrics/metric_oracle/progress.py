"""Metrics of time and of where learners stand: who left, who waits, who passed at the first sitting."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.estimators import (
    height,
    incidence,
    median_of_incidence,
    median_of_survival,
    survival,
)
from metric_oracle.figures import cohort, estimated, shares, too_early
from metric_oracle.learners import annotated, annotations, starts
from metric_oracle.periods import months
from metric_oracle.places import Placed
from metric_oracle.world import World, deployed, firsts, held_before, of, placed_units, unit

TAUGHT = ("independent_prescribing", "technician_accreditation")
SITTINGS = ("passed", "referred", "failed")
BREAKS = ("deferred", "resumed")


def endings(world: World) -> pd.DataFrame:
    """Every start of a taught strand with `ended_on` and `cause`: passed, withdrawn, failed for good, or neither."""
    events = world.events[world.events.strand.isin(TAUGHT)]
    sittings = events[events.event_type.isin(SITTINGS)]
    last_sitting = sittings.groupby(["person_id", "strand"]).day.max().rename("last_sitting").reset_index()
    failed = events[events.event_type == "failed"].merge(last_sitting, on=["person_id", "strand"])
    exits = pd.concat(
        [events[events.event_type.isin(["passed", "withdrawn"])], failed[failed.day >= failed.last_sitting]]
    )
    exits = firsts(exits.sort_values("day", kind="stable"), ["person_id", "strand"])
    exits = exits.rename(columns={"day": "ended_on", "event_type": "cause"})
    begun = starts(world)
    begun = begun[begun.strand.isin(TAUGHT)]
    return begun.merge(
        exits[["person_id", "strand", "ended_on", "cause"]], on=["person_id", "strand"], how="left"
    )


def _followed(world: World, rows: pd.DataFrame, until: str) -> pd.DataFrame:
    """Rows with `days` from `day` to `until`, or to the cut-off where that has not happened."""
    return rows.assign(days=(rows[until].fillna(world.cut_off) - rows.day).dt.days)


def attrition(world: World, metric: Metric) -> pd.DataFrame:
    """Aalen-Johansen incidence of withdrawal at the horizon; passing and failing for good compete."""
    horizon = metric.horizon_days or 0
    rows = _followed(world, endings(world), "ended_on")
    rows["is_mature"] = rows.day + pd.Timedelta(days=horizon) <= world.cut_off

    def share(group: pd.DataFrame) -> dict[str, float]:
        causes = group.cause.where(group.cause.notna(), None).tolist()
        curve = incidence(group.days.tolist(), causes, "withdrawn")
        left = (group.cause == "withdrawn") & (group.days <= horizon)
        return {
            "numerator": left.sum(),
            "denominator": len(group),
            "mature": group.is_mature.sum(),
            "estimate": 100 * height(curve, horizon, Fraction(0)),
        }

    found = estimated(metric, placed_units(world, rows), share)
    return found.assign(is_too_early=too_early(world, found.mature, found.denominator))


def days_to_qualify(world: World, metric: Metric) -> pd.DataFrame:
    """The first day by which half have passed; withdrawing and failing for good compete."""

    def median(group: pd.DataFrame) -> dict[str, float]:
        causes = group.cause.where(group.cause.notna(), None).tolist()
        curve = incidence(group.days.tolist(), causes, "passed")
        passed = (group.cause == "passed").sum()
        return {"numerator": passed, "denominator": len(group), "estimate": median_of_incidence(curve)}

    return estimated(metric, placed_units(world, _followed(world, endings(world), "ended_on")), median)


def _median_wait(metric: Metric, placed: Placed) -> pd.DataFrame:
    """Kaplan-Meier median of `days` until `happened`."""

    def median(group: pd.DataFrame) -> dict[str, float]:
        curve = survival(group.days.tolist(), group.happened.tolist())
        return {
            "numerator": group.happened.sum(),
            "denominator": len(group),
            "estimate": median_of_survival(curve),
        }

    return estimated(metric, placed, median)


def passes(world: World) -> pd.DataFrame:
    """First passes in independent prescribing of people not annotated before, with the day they were."""
    rows = firsts(of(world, "independent_prescribing", "passed"), ["person_id"])
    rows = rows.merge(world.register[["person_id", "annotated_on"]], on="person_id", how="left")
    return unit(rows[~(rows.annotated_on < rows.day)].reset_index(drop=True), "person_id")


def days_to_annotation(world: World, metric: Metric) -> pd.DataFrame:
    """From passing to standing on the register as a prescriber."""
    rows = passes(world)
    rows = _followed(world, rows.assign(happened=rows.annotated_on.notna()), "annotated_on")
    return _median_wait(metric, placed_units(world, rows))


def stuck(world: World, metric: Metric) -> pd.DataFrame:
    """Of those who passed at least the horizon ago, those still not annotated."""
    rows = passes(world)
    horizon = pd.Timedelta(days=metric.horizon_days or 0)
    rows = rows.assign(is_mature=rows.day + horizon <= world.cut_off, is_reached=rows.annotated_on.isna())
    return cohort(world, metric, rows)


def _annotated_by_deployment(world: World) -> Placed:
    """People annotated through the programme; whether they held a post before, and when they were deployed."""
    was_there = held_before(world)
    posts = deployed(world)[["person_id", "day"]].rename(columns={"day": "deployed_on"})
    placed: Placed = {}
    for geography, people in annotations(world).items():
        rows = people.merge(posts, on="person_id", how="left")
        rows["is_reached"] = rows.person_id.isin(was_there)
        placed[geography] = _followed(world, rows, "deployed_on")
    return placed


def days_to_deployment(world: World, metric: Metric) -> pd.DataFrame:
    """From annotation to the first post in a network, of those who held none before."""
    placed = _annotated_by_deployment(world)
    waiting = {name: rows[~rows.is_reached] for name, rows in placed.items()}
    return _median_wait(
        metric, {name: rows.assign(happened=rows.deployed_on.notna()) for name, rows in waiting.items()}
    )


def already_deployed(world: World, metric: Metric) -> pd.DataFrame:
    """Of the people annotated through the programme, those who held a post before the month of it."""
    return shares(metric, _annotated_by_deployment(world))


def active_learners(world: World) -> pd.DataFrame:
    """Learners of the taught strands on the last day of every month: network and sector of their latest event.

    Active from the first start until passing, withdrawing or failing for good; a deferral does not end it. Somebody
    may be annotated, and deployed, before the provider states the pass: that is where they are then.
    """
    told = world.events[world.events.strand.isin(TAUGHT)]
    events = pd.concat([told, _on_the_register(world)]).sort_values("day", kind="stable")
    events = events.assign(state=events.event_type.where(events.event_type.isin(BREAKS)))
    events["state"] = events.groupby(["person_id", "strand"]).state.ffill()
    begun = endings(world)[["person_id", "strand", "day", "ended_on"]].rename(columns={"day": "started_on"})
    parts: list[pd.DataFrame] = []
    for month in months(world.cut_off):
        last = month + pd.offsets.MonthEnd(0)
        active = begun[(begun.started_on <= last) & ~(begun.ended_on <= last)]
        latest = events[events.day <= last].drop_duplicates(["person_id", "strand"], keep="last")
        found = latest.drop(columns="day").merge(active, on=["person_id", "strand"])
        parts.append(found.assign(day=month, last_day=last, is_reached=found.state == "deferred"))
    return unit(pd.concat(parts, ignore_index=True), "person_id", "strand")


def _on_the_register(world: World) -> pd.DataFrame:
    """Annotation and first deployment, as events of the strand: day, network, sector."""
    columns = ["person_id", "day", "pcn_code", "sector"]
    posts = deployed(world).assign(sector="pcn")
    found = pd.concat([annotated(world)["as_was"][columns], posts[columns]], ignore_index=True)
    return found.assign(strand="independent_prescribing", event_type="")


def deferral(world: World, metric: Metric) -> pd.DataFrame:
    """Of the learners active at the end of the month, those whose last break has no return yet."""
    return shares(metric, placed_units(world, active_learners(world)))


def first_sittings(world: World, metric: Metric) -> pd.DataFrame:
    """First sittings of each person, strand and module, and those that were passed."""
    events = world.events
    sat = events[events.strand.isin(metric.strands) & events.event_type.isin(SITTINGS)]
    sat = sat[sat.attempt.fillna(1) == 1].assign(module=sat.module.fillna(""))
    rows = unit(firsts(sat, ["person_id", "strand", "module"]), "person_id", "strand", "module")
    return shares(metric, placed_units(world, rows.assign(is_reached=rows.event_type == "passed")))


def applications(world: World) -> pd.DataFrame:
    """Eligible applications: enrolments with an application and no refusal for want of eligibility."""
    applied = firsts(of(world, "independent_prescribing", "applied"), ["enrolment_ref"])
    refused = of(world, "independent_prescribing", "refused")
    ineligible = refused[refused.reason == "not eligible"].enrolment_ref
    return unit(applied[~applied.enrolment_ref.isin(ineligible)].reset_index(drop=True), "enrolment_ref")


def _decided(world: World, metric: Metric, decisions: pd.DataFrame) -> pd.DataFrame:
    """The applications, and those decided so within the horizon."""
    rows = applications(world)
    days = decisions.groupby("enrolment_ref").day.min().rename("decided_on")
    rows = rows.merge(days, left_on="enrolment_ref", right_index=True, how="left")
    horizon = pd.Timedelta(days=metric.horizon_days or 0)
    rows["is_mature"] = rows.day + horizon <= world.cut_off
    rows["is_reached"] = rows.decided_on <= rows.day + horizon
    return cohort(world, metric, rows)


def offers(world: World, metric: Metric) -> pd.DataFrame:
    """Applications that led to an offer."""
    return _decided(world, metric, of(world, "independent_prescribing", "offered"))


def unmet(world: World, metric: Metric) -> pd.DataFrame:
    """Applications refused because there was no room."""
    refused = of(world, "independent_prescribing", "refused")
    no_room = refused.reason.isin(["no place left", "no prescribing supervisor"])
    return _decided(world, metric, refused[no_room])
