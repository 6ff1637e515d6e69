"""From descriptions to candidates: Splink's weights, kept in the store and made again only when something changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import duckdb
import pandas as pd

from evaluation import linkage
from evaluation.linkage import ENTRY_ID, RECORD_ID, Model
from orchestration.identity.people import Run
from orchestration.identity.rules import PEOPLE
from orchestration.identity.schema import AGREEMENTS, DATABASE

Engine = Callable[[], duckdb.DuckDBPyConnection]
"""Opens an empty database whose limits hold for a linkage; the caller of it closes it."""

CANDIDATE_COLUMNS = ("person_key", "resolved_person_key", "match_weight", *AGREEMENTS)


def scored_from(run: Run) -> str:
    """What the candidates depend on, as a hash: both sides as compared, and the model."""
    counts = run("fingerprint people", _FINGERPRINT).fetchall()[0]
    return hashlib.sha256(f"{counts}\n{PEOPLE!r}".encode()).hexdigest()


def is_current(run: Run, inputs: str) -> bool:
    """Whether the stored candidates were scored from these inputs."""
    return run("read scoring", f"select inputs from {DATABASE}.scoring").fetchall() == [(inputs,)]


def sides(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Registrants and loose records as linkage compares them: unique_id, person_key and the compared columns."""
    return run("read registrants", _ENTRIES).df(), run("read records", _RECORDS).df()


def candidates(run: Run, engine: Engine, model: Model = PEOPLE) -> pd.DataFrame:
    """The best pair of descriptions per key and registrant, columns :data:`CANDIDATE_COLUMNS`, ordered by both keys."""
    entries, records = sides(run)
    if entries.empty or records.empty:
        return pd.DataFrame(columns=list(CANDIDATE_COLUMNS))
    with engine() as connection:
        pairs = linkage.score(entries, records, model, connection)
    of_record = records.set_index("unique_id")["person_key"]
    of_entry = entries.set_index("unique_id")["person_key"]
    pairs["person_key"] = pairs[RECORD_ID].map(of_record)
    pairs["resolved_person_key"] = pairs[ENTRY_ID].map(of_entry)
    best = pairs.sort_values(
        ["person_key", "resolved_person_key", "match_weight", *AGREEMENTS],
        ascending=[True, True, False, *(True for _ in AGREEMENTS)],
    ).drop_duplicates(["person_key", "resolved_person_key"])
    return best[list(CANDIDATE_COLUMNS)].reset_index(drop=True)


def keep(connection: duckdb.DuckDBPyConnection, run: Run, found: pd.DataFrame, inputs: str) -> None:
    """Replace the stored candidates, in the transaction of the caller."""
    run("drop candidates", f"delete from {DATABASE}.candidate; delete from {DATABASE}.scoring")
    if not found.empty:
        connection.register("found_pairs", found)
        try:
            columns = ", ".join(CANDIDATE_COLUMNS)
            run("keep candidates", f"insert into {DATABASE}.candidate select {columns} from found_pairs")
        finally:
            connection.unregister("found_pairs")
    now = datetime.now(UTC).replace(tzinfo=None)
    run("note scoring", f"insert into {DATABASE}.scoring values ('{inputs}', timestamp '{now}')")


# A record needs more than an initial or a number to be told from others; who has nothing else is not compared.
_COMPARABLE = "date_of_birth is not null or (surname is not null and forename is not null)"

_COMPARED = ", ".join(AGREEMENTS)

_ENTRIES = f"""
select 'e' || row_number() over (order by person_key, {_COMPARED}) as unique_id, person_key, {_COMPARED}
from entry
"""

_RECORDS = f"""
with distinct_loose as (select distinct person_key, {_COMPARED} from loose where {_COMPARABLE})
select 'r' || row_number() over (order by person_key, {_COMPARED}) as unique_id, person_key, {_COMPARED}
from distinct_loose
"""

_FINGERPRINT = f"""
select
    (select (count(*), bit_xor(hash(person_key, {_COMPARED}))) from entry),
    (select (count(*), bit_xor(hash(person_key, {_COMPARED})))
     from (select distinct person_key, {_COMPARED} from loose where {_COMPARABLE}))
"""
