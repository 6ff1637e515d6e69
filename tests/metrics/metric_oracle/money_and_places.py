"""Metrics of what was paid for: places, courses, spend."""

from __future__ import annotations

import pandas as pd

from dbt_project.registry import Metric
from metric_oracle.figures import KEY, flows, rolled_up
from metric_oracle.learners import starts
from metric_oracle.periods import PROGRAMME_START
from metric_oracle.places import frame
from metric_oracle.world import World, placed_units


def places_filled(world: World, metric: Metric) -> pd.DataFrame:
    """People who started, once a strand, and places commissioned to start in the period."""
    started = starts(world)
    started = started[started.strand.isin(metric.strands)]
    numerator = rolled_up(metric, placed_units(world, started), {"numerator": ("unit", "nunique")})
    places = frame(world.truth.places).rename(columns={"period": "day"}).assign(sector="all")
    places = places[places.strand.isin(metric.strands)]
    boards = world.places.place_boards(places, "icb_code")
    denominator = rolled_up(metric, boards, {"denominator": ("places", "sum")})
    denominator = denominator[denominator.denominator > 0]
    # a rate needs places: starters where none were commissioned have no rate, only a count in other metrics
    return denominator.join(numerator).fillna({"numerator": 0})


def courses(world: World, metric: Metric) -> pd.DataFrame:
    """Courses by the day of a favourable decision."""
    rows = frame(world.truth.courses).rename(columns={"decided_on": "day", "course_code": "unit"})
    rows = rows[rows.decision == "accredited"].dropna(subset=["day"])
    return flows(metric, world.places.place_boards(rows.assign(strand="all", sector="all"), "icb_code"))


def spend(world: World, metric: Metric) -> pd.DataFrame:
    """Outturn from the start of the programme to the end of each month, of the one published ceiling."""
    rows = frame(world.truth.spend).dropna(subset=["outturn_gbp"])
    rows["outturn_gbp"] = rows.outturn_gbp.astype(float)
    both = pd.concat([rows, rows.assign(strand="all")])
    monthly = both.groupby(["strand", "period"]).outturn_gbp.sum()
    to_date = monthly.groupby("strand").cumsum().rename("numerator").reset_index()
    to_date = to_date.rename(columns={"period": "period_start"}).assign(period_grain="month")
    newest = to_date.drop_duplicates("strand", keep="last").assign(
        period_start=PROGRAMME_START, period_grain="all"
    )
    figures = pd.concat([to_date, newest]).assign(org_level="england", org_code="ENG", sector="all")
    figures = pd.concat([figures.assign(geography=name) for name in ("as_was", "as_now")])
    return figures.assign(denominator=float(world.programme.ceiling_gbp)).set_index(KEY).sort_index()
