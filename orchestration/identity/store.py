"""The identity store: who is behind a key, and which keys are one person. Restricted (0600, folder 0700).

Nothing here puts an identifier into a message: DuckDB's own errors may quote values, so they are never passed on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd

from evaluation.linkage import Model, estimate
from orchestration.identity import matching, people
from orchestration.identity.keys import gphc_message_sql
from orchestration.identity.people import name_sql
from orchestration.identity.rules import PEOPLE, TRAINING
from orchestration.identity.schema import DATABASE, EXPORTED, OF_PAIRS, RECORD_COLUMNS, SCHEMA, pair_sql
from orchestration.identity.settling import LINK_COLUMNS, REVIEW_COLUMNS, Settled, settle
from orchestration.settings import Settings

REGISTRANT = "registrant"  # temporary table made by IdentityStore.load_registrants
LINK_FILE = Path("_identity") / "person_link.parquet"  # below raw/
_LINK_FILE_MODE = 0o640  # as every raw file
ERASED_FILE = Path("_identity") / "erased.sha256"  # below raw/: a hash of the tombstones, once there are any

__all__ = [
    "ERASED_FILE",
    "LINK_FILE",
    "RECORD_COLUMNS",
    "REGISTRANT",
    "IdentityError",
    "IdentityStore",
    "name_sql",
]


T = TypeVar("T")


class IdentityError(RuntimeError):
    """The store cannot be used; the message says why without naming anybody."""


@dataclass(frozen=True)
class LinkSummary:
    """Result of one resolution: counts only."""

    people_on_register: int
    unanchored: int  # keys that stand for nobody on the register
    linked: int  # certain, by probability or by decision
    doubtful: int  # handed on as doubtful, linked nowhere by default
    waiting: int  # keys with a pair that waits for a reviewer
    mixed: int  # keys that several people seem to share: left alone


class IdentityStore:
    """The store on an open connection, which has the database attached as ``identity``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings

    def add(self, relation: str) -> int:
        """Add the people of ``relation`` that are new; their number.

        ``relation`` is SQL giving :data:`RECORD_COLUMNS`, ``file_no`` and ``sha256`` of the file. People erased on
        request are not added again.
        """
        names = ", ".join(RECORD_COLUMNS)
        self._run(
            "collect people",
            f"create or replace temp table fresh as select {names}, arg_min(sha256, file_no) as sha256 "
            f"from ({relation}) group by {names}",
        )
        same = " and ".join(f"known.{name} is not distinct from fresh.{name}" for name in RECORD_COLUMNS[1:])
        statement = f"""
            insert into {DATABASE}.record ({names}, first_source_file_sha256)
            select fresh.* from fresh
            anti join {DATABASE}.record as known on known.person_key = fresh.person_key and {same}
            anti join {DATABASE}.erased as erased on erased.person_key = fresh.person_key
        """
        return _count(self._run("add people", statement))

    def load_registrants(self, anchor_feed: str) -> None:
        """Make the temporary table ``registrant`` (message, surname, date_of_birth): who holds which number."""
        feed = anchor_feed.replace("'", "''")
        self._run(
            "load registrants",
            f"create or replace temp table {REGISTRANT} as "
            f"select distinct {gphc_message_sql('gphc_number')} as message, "
            f"{name_sql('surname')} as surname, date_of_birth "
            f"from {DATABASE}.record where feed = '{feed}' and gphc_valid",
        )

    def resolve(self, anchor_feed: str) -> LinkSummary:
        """Link keys that stand for nobody on the register to the registrant they describe, and write the link file.

        A key whose number is on the register of ``anchor_feed`` is that registrant and is not linked. The others are
        compared by :data:`orchestration.identity.rules.PEOPLE` (without any register, with the holder of every valid
        number), one-to-one within a source; what people decided goes before. Comparing happens only when a record or
        a rule changed since the last time.
        """
        people.describe(self._run, anchor_feed)
        try:
            inputs = matching.scored_from(self._run)
            fresh = None if matching.is_current(self._run, inputs) else self._candidates()
            groups = people.units(self._run)
            with self._transaction():
                if fresh is not None:
                    matching.keep(self._connection, self._run, fresh, inputs)
                stored = self._run("read candidates", _CANDIDATES).df()
                decisions = self._run("read decisions", _DECISIONS).df()
                settled = settle(stored, decisions, groups, people.anchored_labels(self._run))
                self._replace(settled)
            mixed = int(groups.keys["unit"].isin(groups.mixed).sum())
            summary = LinkSummary(*self._run("count links", _COUNTS).fetchall()[0], mixed=mixed)
        finally:
            people.forget(self._run)
        self._export()
        return summary

    def decide(self, pair: str, *, same: bool, by: str, why: str) -> None:
        """Keep a decision on a pair of the review list, or another one on a pair decided before.

        It counts from the next :meth:`resolve`. Raises KeyError when there is no such pair.
        """
        values: list[object] = [pair, pair]
        found = self._run("find pair", _FIND_PAIR, values).fetchone()
        if found is None:
            raise KeyError(pair)
        now = datetime.now(UTC).replace(tzinfo=None)
        first, second, weight, probability = found
        row: list[object] = [pair, first, second, same, by, why, now, weight, probability]
        self._run("keep decision", _KEEP_DECISION, row)

    def estimate(self, anchor_feed: str, *, seed: int, pairs: float = 1e8) -> Model:
        """The weights the records of this store would give (see :mod:`orchestration.identity.rules`).

        ``pairs`` is how many random pairs u is counted in: minutes at its default, for rare agreements to be seen.
        """
        people.describe(self._run, anchor_feed)
        try:
            entries, records = matching.sides(self._run)
        finally:
            people.forget(self._run)
        with self._engine() as engine:
            return self._quietly(
                "estimate",
                lambda: estimate(entries, records, PEOPLE, engine, seed=seed, training=TRAINING, pairs=pairs),
            )

    def ask(self, question: Callable[..., T], *details: object) -> T:
        """The answer of a function of :mod:`orchestration.identity.reporting` on this store."""
        return question(self._run, *details)

    def keys_of(self, person_key: str) -> list[str]:
        """The key, and the keys that are certainly the same person."""
        self._run("select keys", _KEYS_OF_PERSON, [person_key])
        return [str(key) for (key,) in self._run("list keys", "select person_key from gone").fetchall()]

    def doubtful_of(self, person_key: str) -> int:
        """Number of pairs with this key that wait for a reviewer."""
        query = (
            f"select count(*) from {DATABASE}.review "
            "where state = 'waiting' and ? in (person_key, resolved_person_key)"
        )
        return _count(self._run("count pairs", query, [person_key]))

    def erased_descriptions(self) -> list[tuple[str | None, ...]]:
        """What is still written of people with a tombstone: gphc_number, surname, forename, date of birth, email."""
        query = (
            "select distinct gphc_number, surname, forename, strftime(date_of_birth, '%Y-%m-%d'), email "
            f"from {DATABASE}.record where person_key in (select person_key from {DATABASE}.erased)"
        )
        return self._run("describe person", query).fetchall()

    def erased(self) -> frozenset[str]:
        """Keys of everybody erased on request."""
        rows = self._run("list erased", f"select person_key from {DATABASE}.erased").fetchall()
        return frozenset(str(key) for (key,) in rows)

    def mark_erased(self, keys: Collection[str]) -> None:
        """Put the tombstones of keys that may have no record here: they are not taken in again."""
        now = datetime.now(UTC).replace(tzinfo=None)
        known = self.erased()
        for key in sorted({*keys} - known):
            self._run("mark erased", f"insert into {DATABASE}.erased values (?, ?)", [key, now])

    def erased_files(self) -> frozenset[str]:
        """SHA-256 of files that held somebody erased."""
        rows = self._run("list files", f"select sha256 from {DATABASE}.erased_file").fetchall()
        return frozenset(str(sha256) for (sha256,) in rows)

    def mark_erased_files(self, hashes: Collection[str]) -> None:
        """Remember files that held somebody erased."""
        for sha256 in sorted({*hashes} - self.erased_files()):
            self._run("mark file", f"insert into {DATABASE}.erased_file values (?)", [sha256])

    def delete_person(self, person_key: str) -> int:
        """Remove a person: every record, link, compared pair and decision of the key and of the keys that are certainly
        the same person.

        They are not added again when an old file is re-read. Returns the number of records removed.
        """
        with self._transaction():
            self._run("select keys", _KEYS_OF_PERSON, [person_key])
            self._run("mark erased", _MARK_ERASED, [datetime.now(UTC).replace(tzinfo=None)])
            removed = self._delete_gone()
        self._connection.execute(f"checkpoint {DATABASE}")
        self._export()
        return removed

    def delete_erased(self) -> int:
        """As :meth:`delete_person`, for everybody with a tombstone."""
        with self._transaction():
            self._run(
                "select keys",
                f"create or replace temp table gone as select person_key from {DATABASE}.erased",
            )
            removed = self._delete_gone()
        self._connection.execute(f"checkpoint {DATABASE}")
        self._export()
        return removed

    def _delete_gone(self) -> int:
        gone = "person_key in (select person_key from gone)"
        removed = _count(self._run("remove records", f"delete from {DATABASE}.record where {gone}"))
        resolved = "resolved_person_key in (select person_key from gone)"
        for table in OF_PAIRS:
            self._run("remove pairs", f"delete from {DATABASE}.{table} where {gone} or {resolved}")
        self._run("forget scoring", f"delete from {DATABASE}.scoring")
        return removed

    def counts(self) -> tuple[int, int]:
        """Number of records and of links, doubtful ones included."""
        query = f"select (select count(*) from {DATABASE}.record), (select count(*) from {DATABASE}.link)"
        records, links = self._run("count", query).fetchall()[0]
        return records, links

    def _candidates(self) -> pd.DataFrame:
        return self._quietly("compare people", lambda: matching.candidates(self._run, self._engine))

    def _replace(self, settled: Settled) -> None:
        """Put the links and the review list in the place of the old ones; a link that stays keeps its date."""
        now = datetime.now(UTC).replace(tzinfo=None)
        self._connection.register("settled_links", settled.links)
        self._connection.register("settled_review", settled.review)
        try:
            self._run("keep dates of links", _NEW_LINKS, [now])
            self._run("replace links", _REPLACE_LINKS)
            self._run("replace review list", _REPLACE_REVIEW)
        finally:
            self._connection.unregister("settled_links")
            self._connection.unregister("settled_review")

    def _export(self) -> None:
        """Write the links, pseudonyms only, for the build. Always there, even when empty."""
        target = self._settings.raw / LINK_FILE
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        query = f"select {', '.join(EXPORTED)} from {DATABASE}.link order by person_key"
        path = str(draft).replace("'", "''")
        self._run("export links", f"copy ({query}) to '{path}' (format parquet)")
        draft.chmod(_LINK_FILE_MODE)
        draft.replace(target)

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._run("begin", "begin transaction")
        try:
            yield
            self._run("commit", "commit")
        except BaseException:
            self._connection.execute("rollback")
            raise

    def _engine(self) -> duckdb.DuckDBPyConnection:
        """A database in memory for one linkage, within the same limits and with the same restricted spill folder."""
        return duckdb.connect(":memory:", config=self._settings.duckdb_config)

    def _run(
        self, step: str, statement: str, parameters: list[object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        return self._quietly(step, lambda: self._connection.execute(statement, parameters or []))

    @staticmethod
    def _quietly(step: str, work: Callable[[], T]) -> T:
        """Do something whose errors may quote values: only their kind is passed on."""
        try:
            return work()
        except IdentityError:
            raise
        except Exception as error:
            kind = type(error).__name__
        raise IdentityError(f"identity store: step '{step}' failed ({kind})")


@contextmanager
def open_store(settings: Settings) -> Generator[IdentityStore]:
    """The store on a connection of its own."""
    settings.prepare()
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        attach(connection, settings)
        yield IdentityStore(connection, settings)


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Attach the store as ``identity``, making it on first use. Raises :class:`IdentityError` when it is in use."""
    path = settings.identity / "identity.duckdb"
    previous = os.umask(0o177)  # the file and its write-ahead log: 0600 from the first byte
    try:
        connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {DATABASE}")
        connection.execute(SCHEMA)
    except duckdb.Error as error:
        kind = type(error).__name__
    else:
        path.chmod(0o600)
        return
    finally:
        os.umask(previous)
    raise IdentityError(f"identity store cannot be opened ({kind}): another process may be writing to it")


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


_CANDIDATES = f"select * from {DATABASE}.candidate order by person_key, resolved_person_key"

_DECISIONS = f"""
select person_key, resolved_person_key, is_same, match_probability
from {DATABASE}.decision
where resolved_person_key in (select person_key from anchor)
qualify number = max(number) over (partition by pair)
order by number
"""

_FIND_PAIR = f"""
select person_key, resolved_person_key, match_weight, match_probability
from {DATABASE}.review where pair = ?
union all
(
    select person_key, resolved_person_key, match_weight, match_probability
    from {DATABASE}.decision where pair = ? order by number desc limit 1
)
limit 1
"""

_KEEP_DECISION = f"""
insert into {DATABASE}.decision
select (select coalesce(max(number), 0) + 1 from {DATABASE}.decision), *
from (select ?::varchar, ?::varchar, ?::varchar, ?::boolean, ?::varchar, ?::varchar, ?::timestamp, ?::double, ?::double)
"""

_LINK_COLUMNS = ", ".join(LINK_COLUMNS)
_REVIEW_COLUMNS = ", ".join(REVIEW_COLUMNS)

_NEW_LINKS = f"""
create or replace temp table new_link as
select {", ".join(f"new.{column}" for column in LINK_COLUMNS)}, coalesce(old.decided_at, ?::timestamp) as decided_at
from settled_links as new
left join {DATABASE}.link as old
    on new.person_key = old.person_key and new.resolved_person_key = old.resolved_person_key
        and new.method = old.method and new.certainty = old.certainty
"""

_REPLACE_LINKS = f"""
delete from {DATABASE}.link;
insert into {DATABASE}.link ({_LINK_COLUMNS}, decided_at) select {_LINK_COLUMNS}, decided_at from new_link
order by person_key;
drop table new_link;
"""

_REPLACE_REVIEW = f"""
delete from {DATABASE}.review;
insert into {DATABASE}.review (pair, {_REVIEW_COLUMNS})
select {pair_sql("person_key", "resolved_person_key")}, {_REVIEW_COLUMNS} from settled_review
"""

_COUNTS = f"""
select
    (select count(*) from anchor),
    (select count(distinct person_key) from loose),
    (select count(*) from {DATABASE}.link where certainty = 'certain'),
    (select count(*) from {DATABASE}.link where certainty = 'doubtful'),
    (select count(distinct person_key) from {DATABASE}.review where state = 'waiting')
"""

_KEYS_OF_PERSON = f"""
create or replace temp table gone as
with certain as (
    select person_key, resolved_person_key from {DATABASE}.link where certainty = 'certain'
),
resolved as (
    select coalesce(
        (select resolved_person_key from certain where certain.person_key = asked.person_key),
        asked.person_key
    ) as person_key from (select ?::varchar as person_key) as asked
)
select person_key from resolved
union
select certain.person_key from certain inner join resolved
    on certain.resolved_person_key = resolved.person_key
"""

_MARK_ERASED = f"""
insert into {DATABASE}.erased
select person_key, ?::timestamp from gone
where person_key not in (select person_key from {DATABASE}.erased)
"""
