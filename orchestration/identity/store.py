"""The identity store: who is behind a key, and which keys are one person. Restricted (0600, folder 0700).

Nothing here puts an identifier into a message: DuckDB's own errors may quote values, so they are never passed on.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.identity.keys import gphc_message_sql
from orchestration.settings import Settings

DATABASE = "identity"  # name under which the store is attached
REGISTRANT = "registrant"  # temporary table made by IdentityStore.load_registrants
LINK_FILE = Path("_identity") / "person_link.parquet"  # below raw/

_SCHEMA = f"""
create table if not exists {DATABASE}.record (
    person_key varchar not null,
    feed varchar not null,
    gphc_number varchar,           -- as written
    gphc_valid boolean not null,   -- whether person_key stands for that number
    surname varchar,
    forename varchar,
    date_of_birth date,
    email varchar,
    first_source_file_sha256 varchar not null
);
create table if not exists {DATABASE}.link (
    person_key varchar not null,
    resolved_person_key varchar not null,
    method varchar not null,
    decided_at timestamp not null
);
create table if not exists {DATABASE}.erased (
    person_key varchar not null,
    erased_at timestamp not null
);
"""

RECORD_COLUMNS = (
    "person_key",
    "feed",
    "gphc_number",
    "gphc_valid",
    "surname",
    "forename",
    "date_of_birth",
    "email",
)


class IdentityError(RuntimeError):
    """The store cannot be used; the message says why without naming anybody."""


@dataclass(frozen=True)
class LinkSummary:
    """Result of one resolution: counts only."""

    people_on_register: int
    unanchored: int  # keys that stand for nobody on the register
    linked: int
    ambiguous: int  # unanchored keys that fit more than one registrant: left alone


class IdentityStore:
    """The store on an open connection. ``connection`` has the database attached as ``identity``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
        self._connection = connection
        self._raw = raw

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
            insert into {DATABASE}.record
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
        """Link keys that stand for nobody on the register to the one registrant they describe.

        A key is linked when surname, date of birth and first initial fit exactly one registrant of
        ``anchor_feed``. Method ``name_and_birth``: the key had no valid number; ``number_not_on_register``: it
        had one that belongs to nobody. Without any register, every valid number counts as a registrant.
        """
        self._run("match people", _MATCH.format(anchor_feed=anchor_feed.replace("'", "''")))
        now = datetime.now(UTC).replace(tzinfo=None)
        self._run("begin", "begin transaction")
        try:
            self._run("drop stale links", _DROP_STALE)
            self._run("add links", _ADD_LINKS, [now])
            self._run("commit", "commit")
        except IdentityError:
            self._connection.execute("rollback")
            raise
        counts = self._run("count links", _COUNTS).fetchall()[0]
        self._export()
        return LinkSummary(*counts)

    def delete_person(self, person_key: str) -> int:
        """Remove a person: every record and link of the key and of the keys resolved to it.

        They are not added again when an old file is re-read. Returns the number of records removed.
        """
        self._run("begin", "begin transaction")
        try:
            self._run("select keys", _KEYS_OF_PERSON, [person_key])
            gone = "person_key in (select person_key from gone)"
            self._run("mark erased", _MARK_ERASED, [datetime.now(UTC).replace(tzinfo=None)])
            removed = _count(self._run("remove records", f"delete from {DATABASE}.record where {gone}"))
            resolved = "resolved_person_key in (select person_key from gone)"
            self._run("remove links", f"delete from {DATABASE}.link where {gone} or {resolved}")
            self._run("commit", "commit")
        except IdentityError:
            self._connection.execute("rollback")
            raise
        self._connection.execute(f"checkpoint {DATABASE}")
        self._export()
        return removed

    def counts(self) -> tuple[int, int]:
        """Number of records and of links."""
        query = f"select (select count(*) from {DATABASE}.record), (select count(*) from {DATABASE}.link)"
        records, links = self._run("count", query).fetchall()[0]
        return records, links

    def _export(self) -> None:
        """Write the links, pseudonyms only, for the build. Always there, even when empty."""
        target = self._raw / LINK_FILE
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        query = f"select person_key, resolved_person_key, method from {DATABASE}.link order by person_key"
        path = str(draft).replace("'", "''")
        self._run("export links", f"copy ({query}) to '{path}' (format parquet)")
        draft.replace(target)

    def _run(
        self, step: str, statement: str, parameters: list[object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(statement, parameters or [])
        except duckdb.Error as error:
            kind = type(error).__name__
        raise IdentityError(f"identity store: step '{step}' failed ({kind})")


@contextmanager
def open_store(settings: Settings) -> Generator[IdentityStore]:
    """The store on a connection of its own."""
    settings.prepare()
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        attach(connection, settings)
        yield IdentityStore(connection, settings.raw)


def name_sql(expression: str) -> str:
    """SQL for a name as compared: accents, case, spaces and punctuation do not tell people apart."""
    return f"nullif(regexp_replace(lower(strip_accents({expression})), '[^a-z]', '', 'g'), '')"


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Attach the store as ``identity``, making it on first use. Raises :class:`IdentityError` when it is in use."""
    path = settings.identity / "identity.duckdb"
    previous = os.umask(0o177)  # the file and its write-ahead log: 0600 from the first byte
    try:
        connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {DATABASE}")
        connection.execute(_SCHEMA)
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


_MATCH = f"""
create or replace temp table described as
select distinct
    person_key, feed, gphc_valid, {name_sql("surname")} as surname, date_of_birth,
    left({name_sql("forename")}, 1) as initial
from {DATABASE}.record;

create or replace temp table anchor as
with register as (select * from described where gphc_valid and feed = '{{anchor_feed}}')
select distinct person_key, surname, date_of_birth, initial from register
union
select distinct person_key, surname, date_of_birth, initial from described
where gphc_valid and not exists (select 1 from register);

create or replace temp table fit as
select
    described.person_key,
    bool_or(described.gphc_valid) as has_number,
    count(distinct anchor.person_key) as registrants,
    min(anchor.person_key) as resolved_person_key
from described
inner join anchor
    on described.surname = anchor.surname
        and described.date_of_birth = anchor.date_of_birth
        and described.initial = anchor.initial
where described.person_key not in (select person_key from anchor)
group by described.person_key;

create or replace temp table decided as
select
    person_key, resolved_person_key,
    case when has_number then 'number_not_on_register' else 'name_and_birth' end as method
from fit where registrants = 1;
"""

_DROP_STALE = f"""
delete from {DATABASE}.link as old where not exists (
    select 1 from decided as new
    where new.person_key = old.person_key
        and new.resolved_person_key = old.resolved_person_key and new.method = old.method
)
"""

_ADD_LINKS = f"""
insert into {DATABASE}.link
select person_key, resolved_person_key, method, ?::timestamp from decided
where person_key not in (select person_key from {DATABASE}.link)
"""

_COUNTS = """
select
    (select count(distinct person_key) from anchor),
    (select count(distinct person_key) from described
     where person_key not in (select person_key from anchor)),
    (select count(*) from decided),
    (select count(*) from fit where registrants > 1)
"""

_KEYS_OF_PERSON = f"""
create or replace temp table gone as
with resolved as (
    select coalesce(
        (select resolved_person_key from {DATABASE}.link where link.person_key = asked.person_key),
        asked.person_key
    ) as person_key from (select ?::varchar as person_key) as asked
)
select person_key from resolved
union
select link.person_key from {DATABASE}.link as link inner join resolved
    on link.resolved_person_key = resolved.person_key
"""

_MARK_ERASED = f"""
insert into {DATABASE}.erased
select person_key, ?::timestamp from gone
where person_key not in (select person_key from {DATABASE}.erased)
"""
