"""What the identity store says of its links: counts for everybody, pairs without values for the reviewer."""

from __future__ import annotations

import pandas as pd

from orchestration.identity import people
from orchestration.identity.people import Run
from orchestration.identity.schema import AGREEMENTS, DATABASE

METHODS = ("number", "probabilistic", "reviewed", "doubtful", "unlinked")
RESOLVED = ("number", "probabilistic", "reviewed")  # the methods that count as linked


def by_source(run: Run, anchor_feed: str) -> pd.DataFrame:
    """Records (keys as received) of each feed and source by the method that resolved them: feed, source, records,
    then one column per :data:`METHODS`. The register itself is not in it."""
    people.describe(run, anchor_feed)
    try:
        feed = anchor_feed.replace("'", "''")
        return run("count records", _BY_SOURCE.format(anchor_feed=feed)).df()
    finally:
        people.forget(run)


def waiting(run: Run) -> int:
    """Number of pairs that wait for a reviewer."""
    rows = run("count pairs", f"select count(*) from {DATABASE}.review where state = 'waiting'").fetchall()
    return int(rows[0][0])


def pairs(run: Run, state: str) -> pd.DataFrame:
    """Pairs in a state of the review list, the most probable first: which fields agree, and no value of any."""
    fields = ", ".join(AGREEMENTS)
    query = (
        f"select pair, round(match_weight, 1) as match_weight, round(match_probability, 4) as match_probability, "
        f"{fields}, is_taken as number_at_same_source from {DATABASE}.review where state = '{state}' "
        "order by match_probability desc, pair"
    )
    return run("list pairs", query).df()


def decisions(run: Run) -> pd.DataFrame:
    """Every decision ever made, oldest first: pair, decision, who, when, why."""
    query = (
        "select pair, case when is_same then 'same' else 'different' end as decision, decided_by, decided_at, why "
        f"from {DATABASE}.decision order by number"
    )
    return run("list decisions", query).df()


def identities(run: Run, shown: pd.DataFrame) -> pd.DataFrame:
    """The people behind pairs, as their sources wrote them: pair, side (record or register), feed and the fields."""
    wanted = ", ".join("'" + str(pair).replace("'", "''") + "'" for pair in shown["pair"]) or "''"
    return run("show identities", _IDENTITIES.format(pairs=wanted)).df()


_COUNTED = ", ".join(f"count(*) filter (method = '{method}') as {method}" for method in METHODS)

_BY_SOURCE = f"""
with received as (select distinct feed, provider, person_key from described where feed <> '{{anchor_feed}}'),
resolved as (
    select feed, provider, case
        when anchor.person_key is not null then 'number'
        when link.certainty = 'certain' then link.method
        when link.certainty = 'doubtful' then 'doubtful'
        else 'unlinked' end as method
    from received
    left join anchor using (person_key)
    left join {DATABASE}.link as link using (person_key)
)
select feed, provider as source, count(*) as records, {_COUNTED}
from resolved group by all order by feed, provider nulls last
"""

_IDENTITIES = f"""
with pair as (
    select pair, person_key, resolved_person_key from {DATABASE}.review where pair in ({{pairs}})
    union
    select pair, person_key, resolved_person_key from {DATABASE}.decision where pair in ({{pairs}})
),
side as (
    select pair, 'record' as side, person_key from pair
    union all
    select pair, 'register', resolved_person_key from pair
)
select distinct pair, side, feed, source, local_id, surname, forename,
    strftime(date_of_birth, '%Y-%m-%d') as date_of_birth, record.gphc_number
from side inner join {DATABASE}.record as record using (person_key)
order by all
"""
