"""The people of the store as linkage sees them: registrants, records nobody on the register stands for, and units.

A *unit* is what one source, or several, say of one person: keys are one unit when a source gives them the same local
id or describes them in the same words (surname, forename and date of birth all present). So a learner whose number is
missing in one return and mistyped in the next is one record, not two that compete for the same registrant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from orchestration.identity.keys import valid_gphc_sql
from orchestration.identity.schema import DATABASE

Run = Callable[[str, str], duckdb.DuckDBPyConnection]
"""Step name and SQL; raises without naming anybody."""


@dataclass(frozen=True)
class Units:
    """Which keys belong together. ``unit`` is the least of its keys.

    ``keys``: person_key, unit. ``sources``: unit, source. ``labels``: unit, source, label (local ids and descriptions,
    hashed). ``mixed``: units whose descriptions contradict each other, so that no link may be drawn from them.
    """

    keys: pd.DataFrame
    sources: pd.DataFrame
    labels: pd.DataFrame
    mixed: frozenset[str]


def name_sql(expression: str) -> str:
    """SQL for a name as compared: accents, case, spaces and punctuation do not tell people apart."""
    return f"nullif(regexp_replace(lower(strip_accents({expression})), '[^a-z]', '', 'g'), '')"


def describe(run: Run, anchor_feed: str) -> None:
    """Make the temporary tables anchor, entry and loose from the records.

    ``anchor`` (person_key): who is on the register. ``entry`` and ``loose``: how registrants and everybody else are
    described, as compared. Without any register, every valid number counts as a registrant.
    """
    feed = "'" + anchor_feed.replace("'", "''") + "'"
    run("describe people", _DESCRIBED)
    run("find registrants", _ANCHOR.format(anchor_feed=feed))


def forget(run: Run) -> None:
    """Drop what :func:`describe` made."""
    run("forget people", "; ".join(f"drop table if exists {name}" for name in _TABLES))


def units(run: Run) -> Units:
    """The units of the loose records."""
    rows = run("group records", _LABELS).df()
    keys = pd.Index(sorted(rows["person_key"].unique()))
    labelled = rows[rows["label"].notna()]
    names = pd.Index(sorted(labelled["label"].unique()))
    key_ends = keys.get_indexer(pd.Index(labelled["person_key"]))
    label_ends = names.get_indexer(pd.Index(labelled["label"])) + len(keys)
    size = len(keys) + len(names)
    edges = coo_array((np.ones(len(labelled), dtype=np.int8), (key_ends, label_ends)), shape=(size, size))
    part = connected_components(edges, directed=False)[1][: len(keys)]
    found = pd.DataFrame({"person_key": keys, "part": part})
    found["unit"] = found.groupby("part")["person_key"].transform("min")
    found = found[["person_key", "unit"]]
    rows = rows.merge(found, on="person_key")
    placed = rows[rows["source"].notna()]
    return Units(
        keys=found,
        sources=placed[["unit", "source"]].drop_duplicates(),
        labels=placed.loc[placed["label"].notna(), ["unit", "source", "label"]].drop_duplicates(),
        mixed=_mixed(run, found),
    )


def anchored_labels(run: Run) -> pd.DataFrame:
    """Sources that carry a registrant's own number, and what they call that record: source, person_key, label."""
    return run("collect anchored records", _ANCHORED).df()


def _mixed(run: Run, keys: pd.DataFrame) -> frozenset[str]:
    """Units with a description that agrees with the unit's commonest in neither surname nor date of birth.

    Such keys stand for several people: a made-up number, or a local id, that many records were given.
    """
    described = run("compare descriptions", _NAMED).df().merge(keys, on="person_key")
    columns = ["surname", "date_of_birth"]
    counted = pd.DataFrame(described.groupby(["unit", *columns])["records"].sum()).reset_index()
    counted["rarity"] = -counted["records"]
    first = counted.sort_values(["unit", "rarity", *columns]).drop_duplicates("unit")
    both = counted.merge(first, on="unit", suffixes=("", "_first"))
    apart = (both["surname"] != both["surname_first"]) & (
        both["date_of_birth"] != both["date_of_birth_first"]
    )
    return frozenset(both.loc[apart, "unit"])


_TABLES = ("described", "anchor", "entry", "loose")

_DESCRIBED = f"""
create or replace temp table described as
select
    person_key, feed, source as provider, feed || chr(31) || source as source, local_id, gphc_valid,
    {name_sql("surname")} as surname, {name_sql("forename")} as forename,
    strftime(date_of_birth, '%Y-%m-%d') as date_of_birth,
    coalesce(nullif({valid_gphc_sql("gphc_number")}, ''), nullif(regexp_replace(gphc_number, '[^0-9]', '', 'g'), ''))
        as gphc_number
from {DATABASE}.record
"""

_ANCHOR = """
create or replace temp table anchor as
with register as (select person_key from described where gphc_valid and feed = {anchor_feed})
select distinct person_key from register
union
select distinct person_key from described where gphc_valid and not exists (select 1 from register);

create or replace temp table entry as
select distinct person_key, surname, forename, date_of_birth, gphc_number
from described inner join anchor using (person_key)
where feed = {anchor_feed} or not exists (select 1 from described where gphc_valid and feed = {anchor_feed});

create or replace temp table loose as
select * from described anti join anchor using (person_key);
"""

_LABEL = """
    case when local_id is not null then 'local' || chr(31) || source || chr(31) || local_id end as local_label,
    'described' || chr(31) || source || chr(31) || surname || chr(31) || forename || chr(31) || date_of_birth
        as described_label
"""

_UNFOLDED = """
    select person_key, source, local_label as label from labelled
    union
    select person_key, source, described_label from labelled
"""

_LABELS = f"""
with labelled as (select person_key, source, {_LABEL} from loose),
unfolded as ({_UNFOLDED})
select person_key, source, sha256(label) as label from unfolded order by all
"""

_ANCHORED = f"""
with labelled as (
    select person_key, source, {_LABEL}
    from described inner join anchor using (person_key)
    where source in (select source from loose)
),
unfolded as ({_UNFOLDED})
select source, person_key, sha256(label) as label from unfolded order by all
"""

_NAMED = """
select person_key, surname, date_of_birth, count(*) as records from loose
where surname is not null and date_of_birth is not null
group by all order by all
"""
