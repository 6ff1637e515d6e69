"""Checks of the organisations, the event spine and deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dbt_project.registry.feeds import Feed
from dbt_project.registry.metrics import Programme
from expectations.checks import PLATFORM_OWNER, Check, Subject

ORGANISATIONS = "marts.dim_organisation"
EVENTS = "marts.fct_event"
DEPLOYMENT = "marts.fct_deployment"
PEOPLE = "marts.dim_person"
MEMBERSHIPS = "marts.dim_practice_pcn_membership"
VALUES = "marts.fct_metric_value"
BUILD = "raw.build_info"
PARENTS = ("sub_icb", "icb", "region")
# Share of events that may be dated after the day they were reported: typing errors at the source, not a
# trend.
AFTER_REPORT_SHARE = 0.01
FULL_TIME = 1.0


def entity_checks(feeds: Mapping[str, Feed], programme: Programme) -> list[Check]:
    """Checks of the dimensions, the event spine and deployment."""
    return [*_organisations(), *_people(), *_memberships(), *_events(feeds, programme), *_deployment()]


def event_types(feeds: Mapping[str, Feed], programme: Programme) -> set[str]:
    """Every event the contracts and the strands can give rise to.

    A contract either lists its events as allowed values of ``event_type``, or carries the day of each event
    in a column of its own, named after it (``annotation_removed_on``).
    """
    known = {stage for strand in programme.strands for stage in strand.stages}
    for column in (c for feed in feeds.values() for table in feed.tables for c in table.columns):
        if column.name == "event_type":
            known.update(column.allowed)
        elif column.type == "date" and column.name.endswith("_on"):
            known.add(column.name.removesuffix("_on"))
    return known


def _organisations() -> Iterable[Check]:
    subject = Subject(ORGANISATIONS, PLATFORM_OWNER, ("org_level", "org_code", "valid_from"))
    for column in ("org_level", "org_code", "is_current"):
        yield subject.required(column)
    yield subject.unique(("org_level", "org_code", "valid_from"))
    yield subject.query(
        "current.unique",
        "critical",
        "an organisation has at most one current row",
        "no organisation current twice",
        "select org_level, org_code from {batch} where is_current group by org_level, org_code "
        "having count(*) > 1",
    )
    for level in PARENTS:
        known = f"select org_code from {ORGANISATIONS} where org_level = '{level}' and org_code is not null"
        orphan = f"{level}_code is not null and {level}_code not in ({known})"
        yield subject.check(
            f"{level}_code.exists",
            "critical",
            f"the {level} above a current organisation is itself an organisation",
            "no unknown parent",
            f"is_current and {orphan}",
        )
        yield subject.check(
            f"{level}_code.exists_for_closed",
            "info",
            f"the {level} above a closed organisation is itself an organisation",
            "no unknown parent",
            f"not is_current and {orphan}",
        )
    shown = f"select (org_level, org_code) from {VALUES}"
    counted = (
        f"select org_code from {VALUES} where org_level = 'pcn' and geography = 'as_now' and numerator > 0"
    )
    for level in ("icb", "region"):
        above = f"select {level}_code from {{batch}} where org_level = 'pcn' and is_current and org_code in ({counted})"
        yield subject.check(
            f"{level}.has_figures",
            "critical",
            f"every {level} with a network that counts somebody has figures: none is lost on the way",
            "at least one figure each",
            f"org_level = '{level}' and is_current and org_code in ({above}) "
            f"and (org_level, org_code) not in ({shown})",
        )
    yield subject.query(
        "metric_values.known",
        "warning",
        "every organisation that has a figure is known",
        "no figure for an unknown organisation",
        "select org_level, org_code from marts.fct_metric_value where org_level <> 'england' "
        "and (org_level, org_code) not in (select (org_level, org_code) from {batch}) "
        "group by org_level, org_code",
    )


def _people() -> Iterable[Check]:
    subject = Subject(PEOPLE, PLATFORM_OWNER, ("'a person' as fault",))
    yield subject.required("person_key")
    yield subject.query(
        "key.unique",
        "critical",
        "one row per person",
        "no key twice",
        "select 'a key more than once' as fault, count(*) as rows_with_key from {batch} group by person_key "
        "having count(*) > 1",
    )


def _memberships() -> Iterable[Check]:
    subject = Subject(MEMBERSHIPS, PLATFORM_OWNER, ("practice_code", "pcn_code", "valid_from"))
    for column in ("practice_code", "pcn_code", "valid_from"):
        yield subject.required(column)
    yield subject.check(
        "valid_to.after_start",
        "critical",
        "a spell ends after it begins",
        "no spell that ends first",
        "valid_to < valid_from",
    )
    yield subject.query(
        "spells.apart",
        "critical",
        "a practice is in one network at a time",
        "no overlapping spells",
        "select practice_code, valid_from from (select *, lag(coalesce(valid_to, date '9999-12-31')) over "
        "(partition by practice_code order by valid_from, pcn_code) as ended from {batch}) where valid_from <= ended",
    )


def _events(feeds: Mapping[str, Feed], programme: Programme) -> Iterable[Check]:
    # Where, not who: a fault is named by file and line, never by the person's key.
    place = ("left(source_file_sha256, 12) as file", "source_line as line")
    subject = Subject(EVENTS, PLATFORM_OWNER, place)
    for column in (
        "event_id",
        "person_key",
        "strand",
        "event_type",
        "event_date",
        "reported_at",
        "source",
        "source_file_sha256",
    ):
        yield subject.required(column)
    yield subject.query(
        "key.unique",
        "critical",
        "one row per event_id",
        "no key twice",
        "select min(left(source_file_sha256, 12)) as file, min(source_line) as line from {batch} "
        "group by event_id having count(*) > 1",
    )
    yield subject.check(
        "reported_at.by_cut_off",
        "critical",
        "nothing is in the build that was reported after its data cut-off",
        "reported on the cut-off or before",
        f"reported_at > (select max(vintage) from {BUILD})",
    )
    yield subject.check(
        "person_key.known",
        "critical",
        "whoever an event is about is one of the people",
        "no unknown person",
        f"person_key not in (select person_key from {PEOPLE} where person_key is not null)",
    )
    yield subject.one_of("strand", [strand.id for strand in programme.strands])
    yield subject.one_of("event_type", event_types(feeds, programme), "warning")
    yield subject.one_of("sector", programme.sectors, "warning")
    late = "event_date > reported_at"
    yield subject.query(
        "event_date.before_report",
        "warning",
        "an event is reported on its day or later",
        f"at most {AFTER_REPORT_SHARE:.0%} of events dated after their report",
        f"select {', '.join(place)} from {{batch}} where {late} and "
        f"(select count(*) filter (where {late}) > {AFTER_REPORT_SHARE} * count(*) from {{batch}})",
        seen=f"select round(100.0 * count(*) filter (where {late}) / greatest(count(*), 1), 2) "
        "|| ' percent of events' from {batch}",
    )


def _deployment() -> Iterable[Check]:
    subject = Subject(DEPLOYMENT, PLATFORM_OWNER, ("pcn_code", "period", "role"))
    for column in ("pcn_code", "period", "role", "fte"):
        yield subject.required(column)
    yield subject.within("fte", 0, None)
    yield subject.check(
        "period.first_of_month",
        "critical",
        "a return is of a month",
        "first day of a month",
        "day(period) <> 1",
    )
    yield subject.check(
        "pcn_code.known",
        "critical",
        "a post is in a known network",
        "no unknown network",
        f"pcn_code not in (select org_code from {ORGANISATIONS} where org_level = 'pcn' and org_code is not null)",
    )
    yield subject.check(
        "person_key.known",
        "critical",
        "whoever is in post is one of the people",
        "no unknown person",
        f"person_key not in (select person_key from {PEOPLE} where person_key is not null)",
    )
    yield subject.query(
        "primary.one",
        "critical",
        "a person has one primary network a month (rule R2)",
        "exactly one",
        "select period, count(*) as people from (select person_key, period from {batch} group by person_key, period "
        "having count(distinct case when is_primary_pcn then pcn_code end) <> 1) group by period",
    )
    yield subject.check(
        "fte.over_full_time",
        "warning",
        "a post of more than full time is possible and rare",
        f"at most {FULL_TIME:g} FTE in one post",
        f"fte > {FULL_TIME}",
    )
