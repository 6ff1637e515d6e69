"""What became of the units behind a metric between two builds, and at which step of the walk each takes effect.

The walk goes from the earlier build to the later one in five states::

    1 the earlier units     2 moved to where the later map puts them     3 corrected
    4 with what had happened by the earlier cut-off and was told later   5 the later units

A unit that is the same in both is in every state. Of the others:

* another place, everything else the same: the move takes effect in state 2;
* gone, or with another date, amount, strand or sector: a correction (state 3), unless the events of its person say
  otherwise: where none was taken back and some were told since, it is their doing (state 4 or 5);
* not there before: state 5 when it belongs to a day after the earlier cut-off (a cohort member to the day it had been
  followed long enough, a stock to the last day of its month), else state 4, or 3 when its person's events were
  rewritten;
* followed for a longer time, in metrics of time to an event: state 5, or 4 when the event that ended it had happened
  by the earlier cut-off.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb

from dbt_project.registry import Metric, load_programme
from orchestration.history.picture import Picture

STATES = (1, 2, 3, 4, 5)
MOVED, CORRECTED, LATE, NEW = 2, 3, 4, 5

_PLACES = ("pcn_code", "sub_icb_code", "icb_code", "region_code")
_FACTS = ("event_date", "strand", "sector", "amount", "duration_days", "outcome")
_LEVEL_CODES = {
    "england": "'ENG'",
    "region": "region_code",
    "icb": "icb_code",
    "sub_icb": "sub_icb_code",
    "pcn": "pcn_code",
}


@dataclass(frozen=True)
class Comparison:
    """Two builds by the same code, their units and events at hand in one connection.

    Tables: ``old_unit`` and ``new_unit`` (of the metric loaded last), ``told`` (per person or enrolment and strand:
    events taken back, told late, and new since the earlier cut-off).
    """

    connection: duckdb.DuckDBPyConnection
    old: Picture
    new: Picture

    @property
    def cut_off(self) -> date:
        """Data cut-off of the earlier build."""
        return self.old.build.vintage


def prepare(connection: duckdb.DuckDBPyConnection, old: Picture, new: Picture) -> Comparison:
    """Load what both builds know of events. The builds are opened in turn: their views name one catalog."""
    comparison = Comparison(connection, old, new)
    for side, picture in (("old", old), ("new", new)):
        with attached(connection, picture):
            connection.execute(
                f"create or replace temp table {side}_event as "
                "select event_id, person_key, enrolment_id, strand, event_date from wh.marts.fct_event"
            )
    connection.execute(
        """
        create or replace temp table told as
        with changes as (
            select person_key, enrolment_id, strand, 1 as taken_back, 0 as late, 0 as fresh
            from old_event anti join new_event using (event_id)
            union all
            select person_key, enrolment_id, strand, 0, (event_date <= $cut_off)::integer,
                (event_date > $cut_off)::integer
            from new_event anti join old_event using (event_id)
        ),
        keyed as (
            select person_key as key, * from changes
            union all
            select enrolment_id as key, * from changes where enrolment_id is not null
        )
        select key, strand, sum(taken_back) as taken_back, sum(late) as late, sum(fresh) as fresh
        from keyed group by key, strand
        union all
        select key, 'all' as strand, sum(taken_back), sum(late), sum(fresh) from keyed group by key
        """,
        {"cut_off": comparison.cut_off},
    )
    connection.execute("drop table old_event")
    connection.execute("drop table new_event")
    return comparison


def load_steps(comparison: Comparison, metric: Metric, levels: tuple[str, ...]) -> bool:
    """Make the table ``stepped`` of one metric: rows of units with their ``first_state`` and ``last_state``.

    Columns: part, unit_key, event_date, strand, sector, amount, duration_days, outcome, geography, the places,
    is_changed. Places that no level asked for needs are left out. False when neither build has a unit of it.
    """
    connection = comparison.connection
    for side, picture in (("old", comparison.old), ("new", comparison.new)):
        _load_units(connection, side, picture, metric, levels)
    units = connection.execute(
        "select (select count(*) from old_unit) + (select count(*) from new_unit)"
    ).fetchone()
    if units == (0,):
        return False
    connection.execute(_paired(repeats=_repeats(connection)))
    connection.execute(_moments(metric), {"cut_off": comparison.cut_off})
    connection.execute(_STEPPED)
    return True


def cells_sql(metric: Metric, levels: tuple[str, ...], condition: str = "true") -> str:
    """Query giving the rows of ``stepped`` once in each figure they fall into: org_level, org_code, strand, sector,
    period_start, period_grain, geography, and everything else of the unit.
    """
    level_list = ", ".join(
        f"{{'org_level': '{level}', 'org_code': {_LEVEL_CODES[level]}}}"
        for level in metric.levels
        if level in levels
    )
    grain_list = ", ".join(
        f"{{'period_grain': '{grain}', 'period_start': {_period_sql(grain)}}}" for grain in metric.grains
    )
    # one list a query: two unnested side by side would be zipped, not crossed
    return f"""
        select
            place.org_level, place.org_code, cut_strand as strand, cut_sector as sector,
            grain.period_start::date as period_start, grain.period_grain, geography,
            part, unit_key, amount, duration_days, outcome, first_state, last_state
        from (
            select *, unnest(case when strand = 'all' then ['all'] else ['all', strand] end) as cut_strand
            from (
                select *, unnest(case when sector = 'all' then ['all'] else ['all', sector] end) as cut_sector
                from (
                    select *, unnest([{level_list}]) as place
                    from (select *, unnest([{grain_list}]) as grain from stepped where {condition})
                )
            )
        )
        where place.org_code is not null
            and (cut_sector = 'all' or place.org_level not in ('sub_icb', 'pcn'))
    """


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, picture: Picture) -> Generator[None]:
    """The warehouse under the one name its views know."""
    connection.execute(f"attach '{picture.path}' as wh (read_only)")
    try:
        yield
    finally:
        connection.execute("detach wh")


def _load_units(
    connection: duckdb.DuckDBPyConnection,
    side: str,
    picture: Picture,
    metric: Metric,
    levels: tuple[str, ...],
) -> None:
    """The units a build counted: those of days from the programme's start to its cut-off."""
    below_england = set(levels) & set(metric.levels) - {"england"}
    places = ", ".join(_PLACES if below_england else (f"null::varchar as {name}" for name in _PLACES))
    query = f"""
        create or replace temp table {side}_unit as
        select part, unit_key, event_date, strand, sector, amount::decimal(28, 9) as amount, duration_days, outcome,
            geography, {places}
        from wh.marts.fct_metric_unit
        where metric_id = $metric and event_date >= $start and event_date <= $vintage
    """
    with attached(connection, picture):
        connection.execute(
            query, {"metric": metric.id, "start": load_programme().start, "vintage": picture.build.vintage}
        )


def _repeats(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a unit stands in a part more than once, as in a stock that is counted month after month."""
    query = " or ".join(
        f"(select count(*) > count(distinct (part, geography, unit_key)) from {side}_unit)"
        for side in ("old", "new")
    )
    return connection.execute(f"select {query}").fetchone() == (True,)


def _paired(*, repeats: bool) -> str:
    """Table ``pair``: each unit as the earlier and as the later build has it. One that repeats is paired by day."""
    day = "event_date" if repeats else "date '1900-01-01'"
    order = ", ".join((*_FACTS, *_PLACES))
    sides = ", ".join(
        f"""{side} as (
            select *, row_number() over (partition by part, geography, unit_key, day order by {order}) as n
            from (select *, {day} as day from {side}_unit)
        )"""
        for side in ("old", "new")
    )
    keys = ("part", "geography", "unit_key", "day", "n")
    picked = ", ".join(f"old.{name} as old_{name}, new.{name} as new_{name}" for name in (*_FACTS, *_PLACES))
    places = " or ".join(f"old.{name} is distinct from new.{name}" for name in _PLACES)
    facts = " or ".join(f"old.{name} is distinct from new.{name}" for name in _FACTS)
    both = "old.n is not null and new.n is not null"
    return f"""
        create or replace temp table pair as
        with {sides}
        select {", ".join(f"coalesce(old.{key}, new.{key}) as {key}" for key in keys)}, {picked},
            old.n is not null as in_old, new.n is not null as in_new,
            {both} and ({places}) as is_moved, {both} and ({facts}) as is_changed
        from old full join new on {" and ".join(f"old.{key} = new.{key}" for key in keys)}
    """


def _moments(metric: Metric) -> str:
    """Table ``judged``: the pairs that differ, with the state in which their facts change."""
    if metric.kind in ("stock", "cumulative"):
        moment = "last_day(new_event_date)"
    elif metric.kind == "cohort" and metric.method != "estimate":
        moment = f"new_event_date + {metric.horizon_days or 0}"
    else:
        moment = "new_event_date"
    by_events = f"""
        case
            when coalesce(told.taken_back, 0) > 0 then {CORRECTED}
            when told.late > 0 then {LATE}
            when told.fresh > 0 then {NEW}
        end
    """
    # identifiers of a published census are given anew: a month that was there before is restated as a whole
    unseen = CORRECTED if metric.method == "census" else LATE
    known_months = "(select distinct date_trunc('month', event_date) from old_unit)"
    restated = (
        f"date_trunc('month', new_event_date) in {known_months}" if metric.method == "census" else "true"
    )
    return f"""
        create or replace temp table judged as
        select pair.*,
            case
                when in_old and in_new and not is_changed then {MOVED}
                when in_old and in_new and old_outcome = 0 and new_event_date = old_event_date then case
                    when new_outcome <> 0 and new_event_date + new_duration_days::integer <= $cut_off then {LATE}
                    when new_outcome <> 0 or new_duration_days >= old_duration_days then {NEW}
                    else {CORRECTED}
                end
                when in_old then coalesce({by_events}, {CORRECTED})
                when {moment} > $cut_off then {NEW}
                when coalesce(told.taken_back, 0) > 0 then {CORRECTED}
                when coalesce(told.late, 0) = 0 and told.fresh > 0 then {NEW}
                when {restated} then {unseen}
                else {LATE}
            end as state
        from pair
        left join told on told.key = split_part(pair.unit_key, '|', 1)
            and told.strand = coalesce(new_strand, old_strand)
        where is_moved or is_changed or not in_old or not in_new
    """


def _version(facts: str, places: str, first: str, last: str, condition: str) -> str:
    named = [f"{facts}_{name} as {name}" for name in _FACTS]
    named += [f"{places}_{name} as {name}" for name in _PLACES]
    return (
        f"select part, unit_key, geography, {', '.join(named)}, {first} as first_state, {last} as last_state, "
        f"true as is_changed from judged where {condition}"
    )


_STEPPED = f"""
    create or replace temp table stepped as
    select part, unit_key, geography, {", ".join(f"old_{name} as {name}" for name in (*_FACTS, *_PLACES))},
        1 as first_state, 5 as last_state, false as is_changed
    from pair where in_old and in_new and not is_moved and not is_changed
    union all
    {_version("old", "old", "1", "case when is_moved then 1 else state - 1 end", "in_old")}
    union all
    {_version("old", "new", str(MOVED), "state - 1", f"in_old and in_new and is_moved and state > {MOVED}")}
    union all
    {_version("new", "new", "state", "5", "in_new")}
"""


def _period_sql(grain: str) -> str:
    """The start of the period of a grain that holds ``event_date``: financial quarters and years start in April."""
    return {
        "month": "date_trunc('month', event_date)",
        "quarter": "date_trunc('quarter', event_date)",
        "year": "make_date(year(event_date) - (month(event_date) < 4)::integer, 4, 1)",
        "all": f"date '{load_programme().start}'",
    }[grain]
