"""Metrics of learners and supervisors: who entered, started, passed, was trained, was decided on."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import flows, rolled_up, shares
from metric_oracle.places import FOREVER, Placed, frame
from metric_oracle.world import World, firsts, placed, primary_networks

DECISIONS = ("portfolio_recognised_full", "portfolio_recognised_part", "portfolio_refused")
RECOGNISED = DECISIONS[:2]


def _of(world: World, strand: str, *event_types: str) -> pd.DataFrame:
    events = world.events
    return events[(events.strand == strand) & events.event_type.isin(event_types)]


def _unit(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Rows with `unit`, what is counted, made of the columns."""
    return rows.assign(unit=rows[list(columns)].astype(str).agg("|".join, axis="columns"))


def annotations(world: World) -> Placed:
    """First annotations earned on the programme's courses, in the network where the person worked that month.

    That is the primary network of the month's deployment return (R2); who is in no return is where the provider
    said they worked. The sector is that of the course.
    """
    annotated = world.register[world.register.annotation_route == "programme_funded"]
    rows = annotated[["person_id", "annotated_on"]].rename(columns={"annotated_on": "day"})
    course = firsts(_of(world, "independent_prescribing", *world.events.event_type.unique()), ["person_id"])
    stated = course[["person_id", "enrolment_ref", "sector"]].merge(
        _stated_workplaces(world), on="enrolment_ref"
    )
    rows = rows.merge(stated, on="person_id", how="left").assign(strand="independent_prescribing")
    workplace = world.places.worked_in(rows, network="stated_network", practice="practice_code", day="day")
    rows["period"] = rows.day.dt.to_period("M").dt.to_timestamp()
    rows = rows.merge(primary_networks(world), on=["person_id", "period"], how="left")
    rows["pcn_code"] = rows.pcn_code.fillna(workplace)
    return placed(world, _unit(rows, "person_id"))


def _stated_workplaces(world: World) -> pd.DataFrame:
    enrolments = world.truth.enrolments.to_pandas()[["enrolment_ref", "practice_code", "pcn_code"]]
    return enrolments.rename(columns={"pcn_code": "stated_network"})


def new_prescribers(world: World, metric: Metric) -> pd.DataFrame:
    """People by the day of their first annotation."""
    return flows(metric, annotations(world))


def starts(world: World) -> pd.DataFrame:
    """The first event with which a person fills a place, once a strand."""
    begins = {strand.id: strand.start_event for strand in world.programme.strands}
    rows = world.events[world.events.event_type == world.events.strand.map(begins)]
    return _unit(firsts(rows, ["person_id", "strand"]), "person_id", "strand")


def completion(world: World, metric: Metric) -> pd.DataFrame:
    """Starters who had the whole horizon, and those of them who passed within it."""
    rows = starts(world)
    rows = rows[rows.strand.isin(metric.strands)]
    passes = firsts(world.events[world.events.event_type == "passed"], ["person_id", "strand"])
    passes = passes[["person_id", "strand", "day"]].rename(columns={"day": "passed_on"})
    rows = rows.merge(passes, on=["person_id", "strand"], how="left")
    horizon = pd.Timedelta(days=metric.horizon_days or 0)
    rows["is_mature"] = rows.day + horizon <= world.cut_off
    rows["is_reached"] = rows.passed_on <= rows.day + horizon
    return _cohort(world, metric, rows)


def _cohort(
    world: World,
    metric: Metric,
    rows: pd.DataFrame,
    *,
    counts: pd.Series | bool = True,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Rule R6: shown when enough of the cohort is past the horizon; the rest is left out of both parts."""
    counted = rows.is_mature & counts
    rows = rows.assign(counted=counted, reached_it=counted & rows.is_reached, in_cohort=counts)
    summary = {
        "numerator": ("reached_it", "sum"),
        "denominator": ("counted", "sum"),
        "cohort": ("in_cohort", "sum"),
    }
    found = rolled_up(metric, placed(world, rows), summary, by=by)  # type: ignore[arg-type]
    found = found[found.cohort > 0]
    return found.assign(is_too_early=found.denominator < world.programme.mature_share * found.cohort)


def stage_days(world: World, strand_id: str) -> pd.DataFrame:
    """One row per person who entered a strand, with the first day of every stage as a column."""
    strand = next(item for item in world.programme.strands if item.id == strand_id)
    rows = world.events[world.events.strand == strand_id]
    recognised = rows.event_type.isin(RECOGNISED)
    rows = rows.assign(event_type=rows.event_type.mask(recognised, "portfolio_recognised"))
    days = rows.groupby(["person_id", "event_type"]).day.min().unstack().reindex(columns=strand.stages)
    if "annotated" in strand.stages:
        register = world.register.set_index("person_id")
        days["annotated"] = register.annotated_on.reindex(days.index)
        days["deployed"] = _deployed(world, days["annotated"])
    return days.dropna(subset=[strand.stages[0]])


def _deployed(world: World, annotated_on: pd.Series) -> pd.Series:
    """First day as an annotated prescriber in a network role of enough FTE; who is in post already is so at once."""
    posts = world.deployments[world.deployments.fte >= world.programme.deployed_minimum_fte]
    posts = posts.merge(annotated_on.dropna().rename("annotated_on"), left_on="person_id", right_index=True)
    posts = posts[posts.period + pd.offsets.MonthEnd(0) >= posts.annotated_on]
    day = posts[["period", "annotated_on"]].max(axis="columns")
    return day.groupby(posts.person_id).min().reindex(annotated_on.index)


def funnel_rows(world: World, metric: Metric, strand_id: str) -> pd.DataFrame:
    """Entrants of a strand with `reached`, the number of the last stage they got to within the horizon.

    A later stage implies those before it (a pass may be on the register before the provider states it).
    """
    strand = next(item for item in world.programme.strands if item.id == strand_id)
    days = stage_days(world, strand_id)
    entered = days[strand.stages[0]]
    horizon = pd.Timedelta(days=metric.horizon_days or 0)
    within = days.ge(entered, axis="index") & days.le(entered + horizon, axis="index")
    reached = (within * range(1, len(strand.stages) + 1)).max(axis="columns")
    entries = firsts(_of(world, strand_id, strand.stages[0]), ["person_id"])
    rows = entries.merge(reached.rename("reached"), left_on="person_id", right_index=True)
    rows["is_mature"] = rows.day + horizon <= world.cut_off
    rows["is_reached"] = rows.reached == len(strand.stages)
    return _unit(rows, "person_id", "strand")


def funnel(world: World, metric: Metric) -> pd.DataFrame:
    """Everyone who entered a strand, and those who reached its last stage within the horizon."""
    rows = pd.concat([funnel_rows(world, metric, strand) for strand in metric.strands], ignore_index=True)
    return _cohort(world, metric, rows)


def funnel_stages(world: World, metric: Metric) -> pd.DataFrame:
    """Of those who reached a stage, those who reached the next; within the horizon of entering."""
    stages: list[pd.DataFrame] = []
    for strand in world.programme.strands:
        rows = funnel_rows(world, metric, strand.id)
        for number, stage in enumerate(strand.stages[:-1], start=1):
            got_here, went_on = rows.reached >= number, rows.reached > number
            stages.append(rows.assign(category=stage, got_here=got_here, is_reached=went_on))
    rows = pd.concat(stages, ignore_index=True)
    by_strand = _cohort(world, metric, rows, counts=rows.got_here, by=["category"]).query("strand != 'all'")
    return by_strand.query("sector == 'all'")


def technicians(world: World, metric: Metric) -> pd.DataFrame:
    """Technicians by the day of their first pass on a course that was accredited on that day."""
    courses = frame(world.truth.courses)
    courses = courses[courses.decision == "accredited"][["course_code", "decided_on", "valid_to"]]
    passes = _of(world, "technician_accreditation", "passed").merge(courses, on="course_code")
    passes = passes[(passes.decided_on <= passes.day) & (passes.day <= passes.valid_to.fillna(FOREVER))]
    return flows(metric, placed(world, _unit(firsts(passes, ["person_id"]), "person_id")))


def module_passes(world: World) -> pd.DataFrame:
    """First pass of each person and module."""
    passes = firsts(_of(world, "clinical_examination", "passed"), ["person_id", "module"])
    return _unit(passes, "person_id", "module")


def modules(world: World, metric: Metric) -> pd.DataFrame:
    """Person and module by the day of the first pass."""
    return flows(metric, placed(world, module_passes(world)))


def modules_by_module(world: World, metric: Metric) -> pd.DataFrame:
    """The same, module by module."""
    rows = module_passes(world).assign(category=lambda f: f.module)
    found = rolled_up(metric, placed(world, rows), {"numerator": ("unit", "nunique")}, by=["category"])
    return found.query("strand != 'all'")


def clinical(world: World, metric: Metric) -> pd.DataFrame:
    """People by the day on which they first held the core module and a specialist module."""
    passes = module_passes(world)
    is_core = passes.module == "core"
    core, specialist = firsts(passes[is_core], ["person_id"]), firsts(passes[~is_core], ["person_id"])
    both = pd.concat([core[core.person_id.isin(specialist.person_id)], specialist])
    both = both[both.person_id.isin(core.person_id)].sort_values("day", kind="stable")
    held = both.drop_duplicates("person_id", keep="last").reset_index(drop=True)
    return flows(metric, placed(world, _unit(held, "person_id")))


def trained(world: World) -> pd.DataFrame:
    """First completion of supervisor training of each person and kind."""
    rows = firsts(_of(world, "supervisors", "trained"), ["person_id", "supervisor_kind"])
    return _unit(rows, "person_id", "supervisor_kind")


def supervisors(world: World, metric: Metric) -> pd.DataFrame:
    """Supervisors, once a kind, by the day they were trained."""
    return flows(metric, placed(world, trained(world)))


def supervisors_by_kind(world: World, metric: Metric) -> pd.DataFrame:
    """The same, kind by kind."""
    rows = trained(world).assign(category=lambda f: f.supervisor_kind)
    found = rolled_up(metric, placed(world, rows), {"numerator": ("unit", "nunique")}, by=["category"])
    return found.query("strand != 'all'")


def portfolio_decisions(world: World) -> pd.DataFrame:
    """The first decision of each portfolio, with the days since it was submitted."""
    rows = firsts(_of(world, "portfolio_recognition", *DECISIONS), ["enrolment_ref"])
    submitted = firsts(_of(world, "portfolio_recognition", "portfolio_submitted"), ["enrolment_ref"])
    waited = submitted[["enrolment_ref", "day"]].rename(columns={"day": "submitted_on"})
    rows = rows.merge(waited, on="enrolment_ref", how="left")
    rows = rows.assign(
        is_reached=rows.event_type.isin(RECOGNISED), waited=(rows.day - rows.submitted_on).dt.days
    )
    return _unit(rows, "enrolment_ref")


def portfolios(world: World, metric: Metric) -> pd.DataFrame:
    """Portfolios decided, and those recognised in full or in part."""
    return shares(metric, placed(world, portfolio_decisions(world)))


def portfolio_days(world: World, metric: Metric) -> pd.DataFrame:
    """Median days from submission to decision."""
    summary = {"numerator": ("waited", "median"), "denominator": ("waited", "count")}
    return rolled_up(metric, placed(world, portfolio_decisions(world)), summary)  # type: ignore[arg-type]
