"""Dirt planted in rows before files are written: in what providers state, in the deployment return,
in items prescribed and in the list of premises.

Every enrolment carries at most one kind, so each kind can be judged alone.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestration.synthetic.calendar import CUT_OFF
from orchestration.synthetic.dirt import SWITCHES
from orchestration.synthetic.truth import Planted
from orchestration.synthetic.world import World

BACKDATED_SHARE = 0.015
RESENT_RETURNS = 6  # at size 1; at least one
_UNKNOWN_CODE = "U99993"  # generated network codes stay below U99991
_SWAPPED = "gphc_number[1:4] || gphc_number[6] || gphc_number[5] || gphc_number[7]"
_LONG = "('provider_events', 'training_provider_results')"


def plant_slips(world: World, dirt: frozenset[str]) -> None:
    """Table slip: events that are reported one to three returns late (empty without the switch)."""
    share = BACKDATED_SHARE if "backdated" in dirt else 0
    world.run(f"""
        create table slip as
        select event_no, whole(event_no, 'slip.by', 1, 3) as returns_late
        from event where {share} > 0 and (u(event_no, 'slip') < {share}
            or event_no = (select min(event_no) from event where strand = 'portfolio_recognition'))
    """)


def plant_rows(world: World, dirt: frozenset[str]) -> None:
    """Change the tables of rows as returned; their column dirt names the kind of each changed or added row."""
    world.run("create table dirty_enrolment (enrolment_no bigint, kind varchar)")
    for kind, plant in _PLANTERS.items():
        if kind in dirt:
            plant(world)


def _choose(world: World, kind: str, share: float, eligible: str) -> None:
    """Draw a share (at least one) of the enrolments a query answers, none that is dirty already."""
    world.run(f"""
        insert into dirty_enrolment
        with eligible as (
            select distinct enrolment_no from ({eligible})
            where enrolment_no not in (select enrolment_no from dirty_enrolment)
        ),
        ranked as (
            select enrolment_no, row_number() over (order by u(enrolment_no, 'dirt.{kind}'), enrolment_no) as turn,
                count(*) over () as people
            from eligible
        )
        select enrolment_no, '{kind}' from ranked where turn <= greatest(1, round(people * {share}))
    """)


def _restate(world: World, kind: str, assignment: str, extra: str = "true") -> None:
    world.run(f"""
        update statement set {assignment}, dirt = '{kind}'
        where enrolment_no in (select enrolment_no from dirty_enrolment where kind = '{kind}') and {extra}
    """)


def _transposed(world: World) -> None:
    """Only numbers whose swapped form belongs to nobody: the other kind is a wrong person, not a typing slip."""
    _choose(
        world,
        "transposed_gphc",
        0.003,
        f"""
        select enrolment_no from statement where gphc_number[5] <> gphc_number[6]
            and {_SWAPPED} not in (select gphc_number from person where gphc_number is not null)
        """,
    )
    _restate(world, "transposed_gphc", f"gphc_number = {_SWAPPED}")


def _missing(world: World) -> None:
    _choose(world, "missing_gphc", 0.006, "select enrolment_no from statement")
    _restate(world, "missing_gphc", "gphc_number = null")


def _padded(world: World) -> None:
    _choose(world, "padded_gphc", 0.004, "select enrolment_no from statement")
    _restate(
        world,
        "padded_gphc",
        "gphc_number = choose([' ' || gphc_number, gphc_number || '  ', '0' || gphc_number,"
        " gphc_number[1:3] || ' ' || gphc_number[4:]], enrolment_no, 'dirt.padding')",
    )


def _deferred(world: World) -> None:
    _choose(
        world,
        "deferred_as_withdrawn",
        0.12,
        "select enrolment_no from statement where event_type = 'resumed'",
    )
    _restate(
        world,
        "deferred_as_withdrawn",
        "event_type = 'withdrawn', reason = 'workload'",
        "event_type = 'deferred'",
    )


def _unknown_network(world: World) -> None:
    _choose(
        world,
        "unknown_pcn",
        0.006,
        """
        select statement.enrolment_no from statement inner join practice using (practice_code)
        where statement.pcn_code is not null and practice_id in
            (select practice_id from membership group by practice_id having count(*) = 1)
    """,
    )
    _restate(world, "unknown_pcn", f"pcn_code = '{_UNKNOWN_CODE}'")


def _closed_network(world: World) -> None:
    world.run("""
        create table former_network as
        select enrolment_no, old_pcn.pcn_code
        from enrolment inner join membership using (practice_id)
        inner join pcn as old_pcn on membership.pcn_id = old_pcn.pcn_id
        where enrolment.pcn_code is not null and old_pcn.close_date < enrolment.entered_on
            and old_pcn.pcn_code <> enrolment.pcn_code
    """)
    _choose(
        world,
        "closed_pcn",
        0.2,
        "select enrolment_no from former_network inner join statement using (enrolment_no)",
    )
    world.run("""
        update statement set pcn_code = former_network.pcn_code, dirt = 'closed_pcn'
        from former_network where statement.enrolment_no = former_network.enrolment_no
            and statement.enrolment_no in (select enrolment_no from dirty_enrolment where kind = 'closed_pcn')
    """)


def _two_providers(world: World) -> None:
    """The copy is two days later in everything and ends in a withdrawal, so first events are unchanged."""
    _choose(
        world,
        "one_person_two_providers",
        0.01,
        """
        select enrolment_no from statement where strand = 'independent_prescribing'
            and layout = 'provider_events' and event_type = 'started' and event_date < '2026-01-31'
    """,
    )
    world.run("""
        insert into statement
        with source as (
            select statement.*, (select min(provider_id) from provider where kind = 'prescribing'
                and provider_id <> statement.provider_id) as second_id,
                try_cast(event_date as date) + 2 as day
            from statement inner join dirty_enrolment using (enrolment_no)
            where kind = 'one_person_two_providers' and event_type in ('applied', 'offered', 'enrolled', 'started')
        ),
        both_ends as (
            select * from source
            union all
            select * replace (event_no + 1000000000 as event_no, 'withdrawn' as event_type, day + 30 as day,
                'moved to another provider' as reason)
            from source where event_type = 'started'
        ),
        placed as (
            select both_ends.*, min(periods.return_number) as second_number
            from both_ends inner join provider_return_period as periods on both_ends.second_id = periods.provider_id
                and periods.return_period >= date_trunc('month', day)
            group by all
        )
        select placed.layout, second_id, periods.provider_code, periods.return_number, periods.return_period,
            periods.return_date, 1, -placed.event_no, enrolment_no + 1000000000, 'T' || learner_id[2:], person_id,
            gphc_number, surname, forename, date_of_birth, email, profession, placed.strand, event_type,
            strftime(day, '%Y-%m-%d'), periods.provider_code || '-C1', module, attempt, sector, practice_code, pcn_code,
            reason, null, null, 'one_person_two_providers'
        from placed inner join provider_return_period as periods on second_id = periods.provider_id
            and second_number = periods.return_number
    """)


def _extra_rows(kind: str, day: str) -> Callable[[World], None]:
    """Copies of stated rows, each with a date that cannot be; the right row stays where it was."""

    def plant(world: World) -> None:
        world.run(f"""
            insert into statement
            with ranked as (
                select *, row_number() over (order by u(event_no, 'dirt.{kind}'), event_no) as turn,
                    count(*) over () as n
                from statement where layout in {_LONG} and dirt is null
            )
            select * exclude (turn, n) replace ({day} as event_date, '{kind}' as dirt)
            from ranked where turn <= greatest(1, round(n * 0.0006))
        """)

    return plant


def _resent(world: World) -> None:
    """The first version has a third of its days wrong and every seventh row missing; the second is the true one."""
    world.run(f"""
        create table resent as
        with sizes as (
            select provider_id, return_number, count(*) as n, bool_or(dirt is not null) as is_dirty
            from statement where layout in {_LONG} and return_date <= date '{CUT_OFF}' - 21
            group by provider_id, return_number
        )
        select provider_id, return_number from sizes where n >= 5
        order by is_dirty, u(provider_id * 1000 + return_number, 'dirt.resent'), provider_id, return_number
        limit {world.scaled(RESENT_RETURNS)}
    """)
    is_resent = "(provider_id, return_number) in (select (provider_id, return_number) from resent)"
    world.run(f"""
        insert into statement
        select * replace (2 as version, return_date + 14 as return_date, coalesce(dirt, 'resent_return') as dirt)
        from statement where {is_resent}
    """)
    world.run(f"delete from statement where version = 1 and event_no % 7 = 0 and {is_resent}")
    world.run(f"""
        update statement set event_date = strftime(try_cast(event_date as date) + 6, '%Y-%m-%d')
        where version = 1 and event_no % 3 = 0 and try_cast(event_date as date) is not null and {is_resent}
    """)
    world.run(
        f"update statement set dirt = 'resent_return' where version = 1 and dirt is null and {is_resent}"
    )


def _full_posts(share: float, kind: str) -> str:
    """SQL: full-time posts of people with one post that month, a share of them."""
    return f"""
        with single as (
            select period, person_id from deployment_row where person_id is not null group by all having count(*) = 1
        ),
        ranked as (
            select deployment_row.period, deployment_row.holder_id, row_number() over (
                order by u(holder_id * 1000 + year(period) * 12 + month(period), 'dirt.{kind}'), holder_id) as turn,
                count(*) over () as n
            from deployment_row inner join single using (period, person_id) where fte = 1
        )
        select period, holder_id from ranked where turn <= greatest(1, round(n * {share}))
    """


def _fte_over_one(world: World) -> None:
    world.run(f"""
        update deployment_row set fte = 1.4, dirt = 'fte_over_one'
        where (period, holder_id) in (select (period, holder_id) from ({_full_posts(0.0006, "fte_over_one")}))
    """)


def _negative_fte(world: World) -> None:
    world.run(f"""
        insert into deployment_row
        select * replace (staff_record_id || 'N' as staff_record_id, -0.5 as fte, 'negative_fte' as dirt)
        from deployment_row
        where dirt is null
            and (period, holder_id) in (select (period, holder_id) from ({_full_posts(0.0002, "negative_fte")}))
    """)


def _broken_items(world: World) -> None:
    world.run("""
        insert into prescribing_row
        with ranked as (
            select *, row_number() over (
                order by u(person_id * 1000 + date_diff('month', date '2021-01-01', period), 'dirt.broken_items'),
                    period, person_id, place_code) as turn,
                count(*) over () as n
            from prescribing_row where dirt is null
        )
        select period, person_id, place_code, place_type,
            choose(['12O', 'n/a', '-3', '4.5', 'many'], person_id * 1000 + turn, 'dirt.items'), 'broken_items'
        from ranked where turn <= greatest(1, round(n * 0.0003))
    """)


def _closed_before_opened(world: World) -> None:
    world.run("""
        insert into premises_row
        with ranked as (
            select *, row_number() over (
                order by u(premises_id, 'dirt.closed_before_opened'), premises_id, snapshot_date) as turn,
                count(*) over () as n
            from premises_row where dirt is null and close_date is not null
        )
        select * exclude (turn, n)
            replace (close_date + 30 as open_date, 'closed_before_opened' as dirt)
        from ranked where turn <= greatest(1, round(n * 0.002))
    """)


_PLANTERS: dict[str, Callable[[World], None]] = {
    "transposed_gphc": _transposed,
    "missing_gphc": _missing,
    "padded_gphc": _padded,
    "deferred_as_withdrawn": _deferred,
    "unknown_pcn": _unknown_network,
    "closed_pcn": _closed_network,
    "one_person_two_providers": _two_providers,
    "bad_dates": _extra_rows(
        "bad_dates", "choose(['2024-02-31', '2023-13-05', '31/04/2024'], event_no, 'dirt.day')"
    ),
    "future_dates": _extra_rows("future_dates", "'2035-' || event_date[6:]"),
    "resent_return": _resent,
    "fte_over_one": _fte_over_one,
    "negative_fte": _negative_fte,
    "broken_items": _broken_items,
    "closed_before_opened": _closed_before_opened,
}


def planted_rows(world: World) -> list[Planted]:
    """What was planted in rows, by kind and file (read after the files are written)."""
    returns = world.rows("""
        select dirt, 'provider_return', file_name, case any_value(return_file.layout) when 'university_wide'
            then count(distinct enrolment_no * 10 + attempt) else count(*) end
        from statement inner join return_file using (provider_id, return_number, version)
        where dirt is not null group by dirt, file_name order by all
    """)
    posts = world.rows("""
        select dirt, 'deployment_return', 'deployment_return_' || strftime(period, '%Y-%m') || '.csv', count(*)
        from deployment_row where dirt is not null group by all order by all
    """)
    items = world.rows("""
        select dirt, 'prescribing', 'prescribing_' || strftime(period, '%Y-%m') || '.csv', count(*)
        from prescribing_row where dirt is not null group by all order by all
    """)
    premises = world.rows("""
        select dirt, 'pharmacy_premises', 'pharmacy_premises_' || snapshot_date || '.csv', count(*)
        from premises_row where dirt is not null group by all order by all
    """)
    return [
        Planted(
            str(kind),
            str(feed),
            str(name),
            int(str(rows)),
            SWITCHES[str(kind)].expected,
            SWITCHES[str(kind)].note,
        )
        for kind, feed, name, rows in [*returns, *posts, *items, *premises]
    ]
