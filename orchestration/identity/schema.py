"""Tables of the identity store, attached under the name ``identity``."""

from __future__ import annotations

DATABASE = "identity"

SCHEMA = f"""
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
alter table {DATABASE}.record add column if not exists source varchar;     -- who numbers the record, e.g. a provider
alter table {DATABASE}.record add column if not exists local_id varchar;   -- its number there

-- What linkage found, as scored: pairs of a key and a registrant it may be. Agreement columns hold the name of a
-- level (same, close, different, missing ...), never a value.
create table if not exists {DATABASE}.candidate (
    person_key varchar not null,
    resolved_person_key varchar not null,
    match_weight double not null,  -- bits
    surname varchar not null,
    forename varchar not null,
    date_of_birth varchar not null,
    gphc_number varchar not null
);
create table if not exists {DATABASE}.scoring (
    inputs varchar not null,       -- what the candidates were scored from
    scored_at timestamp not null
);

-- What was decided by people, every decision ever; the newest of a pair counts.
create table if not exists {DATABASE}.decision (
    number bigint not null,
    pair varchar not null,
    person_key varchar not null,
    resolved_person_key varchar not null,
    is_same boolean not null,
    decided_by varchar not null,
    why varchar not null,
    decided_at timestamp not null,
    match_weight double not null,
    match_probability double not null
);

-- What follows from both, made again at every resolution: the links, and the pairs a reviewer may look at.
create table if not exists {DATABASE}.link (
    person_key varchar not null,
    resolved_person_key varchar not null,
    method varchar not null,
    decided_at timestamp not null
);
alter table {DATABASE}.link add column if not exists match_probability double;
alter table {DATABASE}.link add column if not exists certainty varchar;
create table if not exists {DATABASE}.review (
    pair varchar not null,
    state varchar not null,        -- waiting, or linked (certain without anybody's decision)
    person_key varchar not null,
    resolved_person_key varchar not null,
    match_weight double not null,
    match_probability double not null,
    surname varchar not null,
    forename varchar not null,
    date_of_birth varchar not null,
    gphc_number varchar not null,
    is_taken boolean not null      -- another record of the same source carries this registrant's number
);

create table if not exists {DATABASE}.erased (
    person_key varchar not null,
    erased_at timestamp not null
);
-- Files that held an erased person: another copy of one does not stay in the landing folder either.
create table if not exists {DATABASE}.erased_file (
    sha256 varchar not null
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
    "source",
    "local_id",
)
AGREEMENTS = ("surname", "forename", "date_of_birth", "gphc_number")
EXPORTED = ("person_key", "resolved_person_key", "method", "match_probability", "certainty")
TABLES = ("record", "candidate", "decision", "link", "review", "erased", "erased_file")  # kept when copied
KEY_COLUMNS = ("person_key", "resolved_person_key")
OF_PAIRS = (
    "link",
    "candidate",
    "review",
    "decision",
)  # tables that name two people: erasure clears both sides


def pair_sql(person_key: str, resolved_person_key: str) -> str:
    """SQL for the opaque id of a pair of keys: twelve hexadecimal digits that stay the same over rebuilds."""
    return f"left(sha256({person_key} || ':' || {resolved_person_key}), 12)"
