"""Metrics of what an outcome cost: outturn of a financial year over what came of those who started in it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from dbt_project.registry import Metric
from evaluation.intervals import wilson
from metric_oracle.figures import KEY, too_early
from metric_oracle.periods import PROGRAMME_START, period_of
from metric_oracle.places import frame
from metric_oracle.progress import endings
from metric_oracle.world import World, deployed, firsts, held, of

STRAND = "independent_prescribing"
MONTHS_OF_A_YEAR = 12
COMPLETION_DAYS = 548
DEPLOYED_DAYS = 731
RETENTION_DAYS = 365
RETAINED_DAYS = 1096  # a starter needs these to pass, be annotated and deployed, and stay for a year


def closed_years(world: World) -> pd.Series:
    """Outturn of the strand by financial year, of the years all of whose months have one."""
    rows = frame(world.truth.spend).dropna(subset=["outturn_gbp"])
    rows = rows[rows.strand == STRAND]
    rows = rows.assign(outturn=rows.outturn_gbp.astype(float), year=period_of(rows.period, "year"))
    months = rows.groupby("year").period.nunique()
    return rows.groupby("year").outturn.sum()[months == MONTHS_OF_A_YEAR]


def by_year(world: World, days: int, reached: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
    """Closed years: outturn, starters, those followed for `days`, and those for whom `reached` holds."""
    rows = endings(world)
    rows = rows[rows.strand == STRAND].reset_index(drop=True)
    rows = rows.assign(
        year=period_of(rows.day, "year"),
        is_reached=reached(rows),
        is_mature=rows.day + pd.Timedelta(days=days) <= world.cut_off,
    )
    found = rows.groupby("year").agg(
        starters=("unit", "nunique"), mature=("is_mature", "sum"), reached=("is_reached", "sum")
    )
    found = found.join(closed_years(world).rename("outturn"), how="inner")
    return found.assign(is_too_early=too_early(world, found.mature, found.starters))


def _figures(
    metric: Metric, years: pd.DataFrame, denominator: str, numerator: str = "outturn"
) -> pd.DataFrame:
    """The figure of each year, and of all years that are closed and mature together; England only.

    While no year is mature, the whole is too early as they are.
    """
    yearly = years.assign(numerator=years[numerator], denominator=years[denominator].astype(float))
    yearly = yearly[["numerator", "denominator", "starters", "reached", "is_too_early"]]
    yearly = yearly.rename_axis("period_start").reset_index().assign(period_grain="year")
    ripe = yearly[~yearly.is_too_early]
    whole = (ripe if len(ripe) else yearly)[["numerator", "denominator", "starters", "reached"]].sum()
    fixed = {"period_start": PROGRAMME_START, "period_grain": "all", "is_too_early": not len(ripe)}
    rows = pd.concat([yearly, whole.to_frame().T.assign(**fixed)])
    rows["is_too_early"] = rows.is_too_early.astype(bool)
    rows = rows.assign(org_level="england", org_code="ENG", sector="all")
    cuts = [
        rows.assign(strand=strand, geography=geography)
        for strand in ("all", *metric.strands)
        for geography in ("as_was", "as_now")
    ]
    found = pd.concat(cuts).set_index(KEY).sort_index()
    return found[found.index.get_level_values("period_grain").isin(metric.grains)]


def _with_limits(metric: Metric, figures: pd.DataFrame) -> pd.DataFrame:
    """Interval of a cost: outturn over the starters times Wilson's limits of the share with the outcome."""
    shown = ~figures.is_too_early & (figures.denominator >= metric.minimum_denominator)
    low, high = wilson(figures.reached.astype(float), figures.starters.astype(float))
    return figures.assign(
        lower_95=(figures.numerator / (figures.starters * high)).where(shown),
        upper_95=(figures.numerator / (figures.starters * low)).where(shown),
    )


def per_qualified(world: World, metric: Metric) -> pd.DataFrame:
    """Outturn over the starters of the year who passed in time."""
    passed = firsts(of(world, STRAND, "passed"), ["person_id"]).set_index("person_id").day

    def in_time(rows: pd.DataFrame) -> pd.Series:
        return rows.person_id.map(passed) <= rows.day + pd.Timedelta(days=COMPLETION_DAYS)

    return _with_limits(metric, _figures(metric, by_year(world, COMPLETION_DAYS, in_time), "reached"))


def per_deployed(world: World, metric: Metric) -> pd.DataFrame:
    """Outturn over the starters of the year who came into post in a network within two years."""
    came = deployed(world).set_index("person_id").day

    def in_post(rows: pd.DataFrame) -> pd.Series:
        then = rows.person_id.map(came)
        return (then >= rows.day) & (then <= rows.day + pd.Timedelta(days=DEPLOYED_DAYS))

    return _with_limits(metric, _figures(metric, by_year(world, DEPLOYED_DAYS, in_post), "reached"))


def per_retained(world: World, metric: Metric) -> pd.DataFrame:
    """Outturn over the starters of the year whom a network listed a year after they were deployed."""
    posts = deployed(world)
    then = posts.day + pd.Timedelta(days=RETENTION_DAYS)
    posts = posts.assign(period=then.dt.to_period("M").dt.to_timestamp())[["person_id", "period", "day"]]
    retained = posts.merge(held(world)[["person_id", "period"]].drop_duplicates(), on=["person_id", "period"])
    came = retained.set_index("person_id").day

    def stayed(rows: pd.DataFrame) -> pd.Series:
        return rows.person_id.map(came) >= rows.day

    return _with_limits(metric, _figures(metric, by_year(world, RETAINED_DAYS, stayed), "reached"))


def on_withdrawn(world: World, metric: Metric) -> pd.DataFrame:
    """Share of the outturn that went on starters who withdrew in time, every start costing the same."""

    def withdrew(rows: pd.DataFrame) -> pd.Series:
        in_time = rows.ended_on <= rows.day + pd.Timedelta(days=COMPLETION_DAYS)
        return (rows.cause == "withdrawn") & in_time

    years = by_year(world, COMPLETION_DAYS, withdrew)
    years["spent"] = years.outturn * years.reached / years.starters
    return _figures(metric, years, "outturn", "spent")
