"""Metrics of learners and supervisors: who entered, started, passed, was trained, was decided on."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import cohort, flows, rolled_up, shares
from metric_oracle.places import FOREVER, Placed, frame
from metric_oracle.world import World, deployed, firsts, of, placed_units, primary_networks, unit

DECISIONS = ("portfolio_recognised_full", "portfolio_recognised_part", "portfolio_refused")
RECOGNISED = DECISIONS[:2]


def annotated(world: World) -> Placed:
    """First annotations by any route (column `category`), in the network where the person worked that month.

    That is the primary network of the month's deployment return (R2); who is in no return is where the provider
    of a prescribing course said they worked. The sector is that of the course.
    """
    register = world.register.dropna(subset=["annotated_on"])
    rows = register[["person_id", "annotated_on", "annotation_route"]].rename(
        columns={"annotated_on": "day", "annotation_route": "category"}
    )
    rows["category"] = rows.category.fillna("unknown")
    course = firsts(of(world, "independent_prescribing"), ["person_id"])
    stated = course[["person_id", "enrolment_ref", "sector"]].merge(
        _stated_workplaces(world), on="enrolment_ref"
    )
    rows = rows.merge(stated, on="person_id", how="left").assign(strand="independent_prescribing")
    workplace = world.places.worked_in(rows, network="stated_network", practice="practice_code", day="day")
    rows["period"] = rows.day.dt.to_period("M").dt.to_timestamp()
    rows = rows.merge(primary_networks(world), on=["person_id", "period"], how="left")
    rows["pcn_code"] = rows.pcn_code.fillna(workplace)
    return placed_units(world, unit(rows, "person_id"))


def annotations(world: World) -> Placed:
    """First annotations earned on the programme's courses."""
    return {name: rows[rows.category == "programme_funded"] for name, rows in annotated(world).items()}


def _stated_workplaces(world: World) -> pd.DataFrame:
    enrolments = world.truth.enrolments.to_pandas()[["enrolment_ref", "practice_code", "pcn_code"]]
    return enrolments.rename(columns={"pcn_code": "stated_network"})


def new_prescribers(world: World, metric: Metric) -> pd.DataFrame:
    """People by the day of their first annotation."""
    return flows(metric, annotations(world))


def new_prescribers_by_route(world: World, metric: Metric) -> pd.DataFrame:
    """People by the day of their first annotation, whatever the route."""
    return flows(metric, annotated(world))


def routes(world: World, metric: Metric) -> pd.DataFrame:
    """The same, route by route."""
    return rolled_up(metric, annotated(world), {"numerator": ("unit", "nunique")}, by=["category"])


def starts(world: World) -> pd.DataFrame:
    """The first event with which a person fills a place, once a strand."""
    begins = {strand.id: strand.start_event for strand in world.programme.strands}
    rows = world.events[world.events.event_type == world.events.strand.map(begins)]
    return unit(firsts(rows, ["person_id", "strand"]), "person_id", "strand")


def starters_who_passed(world: World, days: int) -> pd.DataFrame:
    """Every start, whether the days since are over, and whether the person passed within them."""
    rows = starts(world)
    passes = firsts(world.events[world.events.event_type == "passed"], ["person_id", "strand"])
    passes = passes[["person_id", "strand", "day"]].rename(columns={"day": "passed_on"})
    rows = rows.merge(passes, on=["person_id", "strand"], how="left")
    horizon = pd.Timedelta(days=days)
    rows["is_mature"] = rows.day + horizon <= world.cut_off
    rows["is_reached"] = rows.passed_on <= rows.day + horizon
    return rows


def completion(world: World, metric: Metric) -> pd.DataFrame:
    """Starters who had the whole horizon, and those of them who passed within it."""
    rows = starters_who_passed(world, metric.horizon_days or 0)
    return cohort(world, metric, rows[rows.strand.isin(metric.strands)])


def stage_days(world: World, strand_id: str) -> pd.DataFrame:
    """One row per person who entered a strand, with the first day of every stage as a column."""
    strand = next(item for item in world.programme.strands if item.id == strand_id)
    rows = world.events[world.events.strand == strand_id]
    recognised = rows.event_type.isin(RECOGNISED)
    rows = rows.assign(event_type=rows.event_type.mask(recognised, "portfolio_recognised"))
    days = rows.groupby(["person_id", "event_type"]).day.min().unstack().reindex(columns=strand.stages)
    days = days.astype("datetime64[ns]")
    if "annotated" in strand.stages:
        register = world.register.set_index("person_id")
        days["annotated"] = register.annotated_on.reindex(days.index)
        days["deployed"] = deployed(world).set_index("person_id").day.reindex(days.index)
    return days.dropna(subset=[strand.stages[0]])


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
    entries = firsts(of(world, strand_id, strand.stages[0]), ["person_id"])
    rows = entries.merge(reached.rename("reached"), left_on="person_id", right_index=True)
    rows["is_mature"] = rows.day + horizon <= world.cut_off
    rows["is_reached"] = rows.reached == len(strand.stages)
    return unit(rows, "person_id", "strand")


def funnel(world: World, metric: Metric) -> pd.DataFrame:
    """Everyone who entered a strand, and those who reached its last stage within the horizon."""
    rows = pd.concat([funnel_rows(world, metric, strand) for strand in metric.strands], ignore_index=True)
    return cohort(world, metric, rows)


def funnel_stages(world: World, metric: Metric) -> pd.DataFrame:
    """Of those who reached a stage, those who reached the next; within the horizon of entering."""
    stages: list[pd.DataFrame] = []
    for strand in world.programme.strands:
        rows = funnel_rows(world, metric, strand.id)
        for number, stage in enumerate(strand.stages[:-1], start=1):
            got_here, went_on = rows.reached >= number, rows.reached > number
            stages.append(rows.assign(category=stage, got_here=got_here, is_reached=went_on))
    rows = pd.concat(stages, ignore_index=True)
    by_strand = cohort(world, metric, rows, counts=rows.got_here, by=["category"]).query("strand != 'all'")
    return by_strand.query("sector == 'all'")


def technicians(world: World, metric: Metric) -> pd.DataFrame:
    """Technicians by the day of their first pass on a course that was accredited on that day."""
    courses = frame(world.truth.courses)
    courses = courses[courses.decision == "accredited"][["course_code", "decided_on", "valid_to"]]
    passes = of(world, "technician_accreditation", "passed").merge(courses, on="course_code")
    passes = passes[(passes.decided_on <= passes.day) & (passes.day <= passes.valid_to.fillna(FOREVER))]
    return flows(metric, placed_units(world, unit(firsts(passes, ["person_id"]), "person_id")))


def module_passes(world: World) -> pd.DataFrame:
    """First pass of each person and module."""
    passes = firsts(of(world, "clinical_examination", "passed"), ["person_id", "module"])
    return unit(passes, "person_id", "module")


def modules(world: World, metric: Metric) -> pd.DataFrame:
    """Person and module by the day of the first pass."""
    return flows(metric, placed_units(world, module_passes(world)))


def modules_by_module(world: World, metric: Metric) -> pd.DataFrame:
    """The same, module by module."""
    rows = module_passes(world).assign(category=lambda f: f.module)
    found = rolled_up(metric, placed_units(world, rows), {"numerator": ("unit", "nunique")}, by=["category"])
    return found.query("strand != 'all'")


def clinical(world: World, metric: Metric) -> pd.DataFrame:
    """People by the day on which they first held the core module and a specialist module."""
    passes = module_passes(world)
    is_core = passes.module == "core"
    core, specialist = firsts(passes[is_core], ["person_id"]), firsts(passes[~is_core], ["person_id"])
    both = pd.concat([core[core.person_id.isin(specialist.person_id)], specialist])
    both = both[both.person_id.isin(core.person_id)].sort_values("day", kind="stable")
    held = both.drop_duplicates("person_id", keep="last").reset_index(drop=True)
    return flows(metric, placed_units(world, unit(held, "person_id")))


def trained(world: World) -> pd.DataFrame:
    """First completion of supervisor training of each person and kind."""
    rows = firsts(of(world, "supervisors", "trained"), ["person_id", "supervisor_kind"])
    return unit(rows, "person_id", "supervisor_kind")


def supervisors(world: World, metric: Metric) -> pd.DataFrame:
    """Supervisors, once a kind, by the day they were trained."""
    return flows(metric, placed_units(world, trained(world)))


def supervisors_by_kind(world: World, metric: Metric) -> pd.DataFrame:
    """The same, kind by kind."""
    rows = trained(world).assign(category=lambda f: f.supervisor_kind)
    found = rolled_up(metric, placed_units(world, rows), {"numerator": ("unit", "nunique")}, by=["category"])
    return found.query("strand != 'all'")


def portfolio_decisions(world: World) -> pd.DataFrame:
    """The first decision of each portfolio, with the days since it was submitted."""
    rows = firsts(of(world, "portfolio_recognition", *DECISIONS), ["enrolment_ref"])
    submitted = firsts(of(world, "portfolio_recognition", "portfolio_submitted"), ["enrolment_ref"])
    waited = submitted[["enrolment_ref", "day"]].rename(columns={"day": "submitted_on"})
    rows = rows.merge(waited, on="enrolment_ref", how="left")
    rows = rows.assign(
        is_reached=rows.event_type.isin(RECOGNISED), waited=(rows.day - rows.submitted_on).dt.days
    )
    return unit(rows, "enrolment_ref")


def portfolios(world: World, metric: Metric) -> pd.DataFrame:
    """Portfolios decided, and those recognised in full or in part."""
    return shares(metric, placed_units(world, portfolio_decisions(world)))


def portfolio_days(world: World, metric: Metric) -> pd.DataFrame:
    """Median days from submission to decision."""
    summary = {"numerator": ("waited", "median"), "denominator": ("waited", "count")}
    return rolled_up(metric, placed_units(world, portfolio_decisions(world)), summary)  # type: ignore[arg-type]
