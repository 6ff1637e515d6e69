"""Where people who started independent prescribing were last seen in the second year after, person by person."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import flows, rolled_up
from metric_oracle.learners import starts
from metric_oracle.periods import PROGRAMME_START
from metric_oracle.places import frame
from metric_oracle.world import World, firsts, held, placed_units

ONE_YEAR, TWO_YEARS = pd.Timedelta(days=365), pd.Timedelta(days=730)
NOT_KNOWN = "unknown"


def _signs(world: World) -> pd.DataFrame:
    """Every time somebody is seen at work: person_id, seen, sector, kind."""
    posts = held(world).rename(columns={"period": "seen"}).assign(sector="pcn", kind="post")
    courses = firsts(world.events[world.events.strand != "independent_prescribing"], ["enrolment_ref"])
    courses = courses[courses.sector != NOT_KNOWN].rename(columns={"day": "seen"}).assign(kind="course")
    items = frame(world.truth.prescribing)
    items = items[items["items"] > 0].rename(columns={"period": "seen", "place_type": "kind"})
    items["sector"] = items.kind.map({"premises": "community_pharmacy", "practice": "general_practice"})
    return pd.concat([rows[["person_id", "seen", "sector", "kind"]] for rows in (posts, courses, items)])


def last_seen(signs: pd.DataFrame) -> str:
    """The sector of the newest month's strongest sign; ``signs`` are those of one person's second year."""
    if (signs.kind == "post").any():
        signs = signs[signs.kind != "practice"]
    if signs.empty:
        return NOT_KNOWN
    month = signs.seen.dt.to_period("M")
    newest = signs[month == month.max()]
    for kind in ("post", "course", "premises", "practice"):
        found = newest[newest.kind == kind]
        if len(found):
            return min(found[found.seen == found.seen.max()].sector)
    raise AssertionError("a sign of no kind")


def pathways(world: World) -> pd.DataFrame:
    """One row per person whose two years are over: ``sector`` at the start, ``category`` later, ``day`` they ended."""
    begun = starts(world)
    begun = begun[(begun.strand == "independent_prescribing") & (begun.day >= PROGRAMME_START)]
    begun = begun[begun.day + TWO_YEARS <= world.cut_off]
    of_person = dict(list(_signs(world).groupby("person_id")))
    nothing = pd.DataFrame({"seen": pd.Series(dtype="datetime64[ns]"), "sector": "", "kind": ""})
    later: list[str] = []
    for person, day in zip(begun.person_id, begun.day, strict=True):
        signs = of_person.get(person, nothing)
        year = (signs.seen > day + ONE_YEAR) & (signs.seen <= day + TWO_YEARS)
        later.append(last_seen(signs[year]))
    return begun.assign(category=later, started=begun.day, day=begun.day + TWO_YEARS)


def followed(world: World, metric: Metric) -> pd.DataFrame:
    """People by the day on which their two years were over."""
    return flows(metric, placed_units(world, pathways(world)))


def from_each_sector(world: World, metric: Metric) -> pd.DataFrame:
    """The same, by the sector at the start (dimension) and the sector later (category)."""
    rows = pathways(world)
    rows = rows.assign(dimension="from_" + rows.sector)
    placed = placed_units(world, rows)
    return rolled_up(metric, placed, {"numerator": ("unit", "nunique")}, by=["dimension", "category"])
