"""Erasure of one person: out of the identity store, raw files, quarantine, landing folder and every generation.

What stays is a tombstone: the pseudonym, which says nothing without the key and keeps a file that is sent again from
bringing the person back. A file that held the person does not stay in the landing folder: it cannot be cut without
becoming another file than the one received, and what else was in it stands in its raw file. Releases already published
hold controlled aggregates and are left as they are; later ones are made without the person.

Order, safe to kill: ``identity/erasing`` stands from before the first step until after the last. The tombstones come
first, in one transaction, and everything after them looks at the tombstones, so that doing it once more does the rest.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from orchestration.identity.keys import gphc_person_key
from orchestration.identity.rewriting import compact_store, key_columns, raw_files, replaced, write_raw
from orchestration.identity.rotation import drop_generations
from orchestration.identity.store import ERASED_FILE, LINK_FILE, IdentityStore, open_store
from orchestration.ingest.ledger import Ledger
from orchestration.ingest.raw_file import sync_folder, write_parquet
from orchestration.ingest.sql import literal
from orchestration.settings import Settings

SUBJECT = "person_key"  # whom a raw row is about
MARK = "erasing"  # in identity/, while an erasure is under way
_PRIVATE = 0o600
_GZIP = b"\x1f\x8b"
_SEARCHED_BYTES = 64 * 1024**2  # of a packed member: a bomb costs no more
_QUARANTINE_MODE = 0o600


@dataclass(frozen=True)
class Erased:
    """What an erasure removed; counts only."""

    keys: int  # pseudonyms that were certainly this person
    records: int  # descriptions in the identity store
    raw_rows: int
    quarantined_rows: int
    landed_files: int
    doubtful: int  # pairs that wait for a reviewer: records that may be the same person and are left


def erase(settings: Settings, gphc_number: str, progress: Callable[[str], None] = lambda _: None) -> Erased:
    """Erase the person with a registration number. The caller holds the locks of runs and of the intake.

    A person nothing is known of gets a tombstone too: who asks to be erased is not to be taken in later.
    """
    (settings.identity / MARK).touch(mode=_PRIVATE)
    person = gphc_person_key(settings.identity_key(), gphc_number)
    with open_store(settings) as store:
        keys = store.keys_of(person)
        doubtful = sum(store.doubtful_of(key) for key in keys)
        store.mark_erased(keys)
        store.mark_erased_files(_refused_files(settings, gphc_number))
    swept = sweep(settings, gphc_number, progress)
    return replace(swept, keys=len(keys), doubtful=doubtful)


def sweep(
    settings: Settings, gphc_number: str | None = None, progress: Callable[[str], None] = lambda _: None
) -> Erased:
    """Remove whatever still names anybody with a tombstone, and every generation; what was removed.

    ``gphc_number`` finds quarantined rows of somebody the identity store has never heard of.
    """
    with open_store(settings) as store:
        progress("looking through quarantine and raw files")
        quarantined = _clear_quarantine(settings, store, gphc_number)
        rows = _clear_raw(settings, store)
        _tell_builds(settings, store.erased())
        records = store.delete_erased()
        files = clear_landing(settings, store)
    compact_store(settings)
    drop_generations(settings)
    (settings.identity / MARK).unlink(missing_ok=True)
    return Erased(0, records, rows, quarantined, files, 0)


def finish_interrupted(settings: Settings) -> bool:
    """Carry through an erasure that died on its way. True when there was one."""
    if not (settings.identity / MARK).exists():
        return False
    sweep(settings)
    return True


def clear_landing(settings: Settings, store: IdentityStore) -> int:
    """Remove files with an erased person from the landing folder, every copy of them; how many."""
    hashes = store.erased_files()
    if not hashes or not settings.ledger.exists():
        return 0
    with Ledger(settings.ledger) as ledger:
        seen = [path for path, (_, known) in ledger.seen().items() if known.sha256 in hashes]
    removed = 0
    for below in seen:
        file = settings.landing / below
        if file.is_file() and file.resolve().is_relative_to(settings.landing.resolve()):
            file.unlink()
            removed += 1
    return removed


def _refused_files(settings: Settings, gphc_number: str) -> set[str]:
    """Hashes of refused files in the landing folder that hold the number: nobody has read what is in them."""
    if not settings.ledger.exists():
        return set()
    with Ledger(settings.ledger) as ledger:
        refused = {
            path: known.sha256 for path, (_, known) in ledger.seen().items() if known.outcome == "refused"
        }
    pattern = re.compile(rf"(?<![0-9]){gphc_number}(?![0-9])".encode())
    return {
        sha256
        for below, sha256 in refused.items()
        if (settings.landing / below).is_file() and _holds(settings.landing / below, pattern)
    }


def _holds(file: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether a file's bytes, or what is packed in it, hold a number, in UTF-8, UTF-16 or any code page."""
    content = file.read_bytes()
    packed: list[bytes] = []
    with contextlib.suppress(
        OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError
    ):
        if content.startswith(_GZIP):
            packed.append(gzip.GzipFile(fileobj=io.BytesIO(content)).read(_SEARCHED_BYTES))
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    with archive.open(name) as member:
                        packed.append(member.read(_SEARCHED_BYTES))
    return any(pattern.search(each.replace(b"\0", b"")) for each in (content, *packed))


def _clear_raw(settings: Settings, store: IdentityStore) -> int:
    """Write raw files with erased people anew, and remember which files they came in. Rows removed.

    A row goes when it is about the person; where the person is only named in somebody else's row (a supervisor), that
    key alone is emptied.
    """
    removed = 0
    erased = store.erased()
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        connection.execute(
            "create temp table erased as select unnest(?::varchar[]) as person_key", [sorted(erased)]
        )
        for file in raw_files(settings.raw):
            columns = key_columns(connection, file)
            if not columns or file == settings.raw / LINK_FILE:  # the store writes the links itself
                continue
            source = f"read_parquet({literal(str(file))})"
            named = " or ".join(_is_erased(column) for column in columns)
            if not connection.execute(f"select 1 from {source} where {named} limit 1").fetchall():
                continue
            store.mark_erased_files([file.stem])  # first: afterwards nothing says so any more
            before = connection.execute(f"select count(*) from {source}").fetchall()[0][0]
            others = [column for column in columns if column != SUBJECT]
            emptied = replaced(others, lambda column: f"case when not {_is_erased(column)} then {column} end")
            about = f"where not {_is_erased(SUBJECT)}" if SUBJECT in columns else ""
            removed += before - write_raw(connection, f"select {emptied} from {source} {about}", file)
            sync_folder(file.parent)
    return removed


def _tell_builds(settings: Settings, erased: Collection[str]) -> None:
    """A hash of the tombstones beside the links: builds before and after an erasure have different inputs."""
    target = settings.raw / ERASED_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_text(hashlib.sha256("\n".join(sorted(erased)).encode()).hexdigest() + "\n", encoding="ascii")
    draft.replace(target)


def _is_erased(column: str) -> str:
    return f"coalesce({column} in (from erased), false)"


def _clear_quarantine(settings: Settings, store: IdentityStore, gphc_number: str | None) -> int:
    """Remove quarantined rows that name the person: by number, mail, or surname with date of birth. How many.

    Quarantined rows have no key: that is often why they are there. They are told by the words the sources used.
    """
    condition = _names_person(store.erased_descriptions(), gphc_number)
    removed = 0
    if not condition:
        return removed
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        for file in sorted(settings.quarantine.rglob("[!.]*.parquet")):
            source = f"read_parquet({literal(str(file))})"
            found = connection.execute(f"select count(*) from {source} where {condition}").fetchone()
            if found is None or not found[0]:
                continue
            store.mark_erased_files([file.stem])
            rows = connection.execute(f"select * from {source} where not ({condition})").to_arrow_table()
            write_parquet(rows, file, _QUARANTINE_MODE)
            sync_folder(file.parent)
            removed += int(found[0])
    return removed


def _names_person(descriptions: Iterable[tuple[str | None, ...]], gphc_number: str | None) -> str:
    """SQL over quarantined rows: whether the row as received names the person; empty when there is nothing to go by."""
    row = "lower(coalesce(source_row::varchar, ''))"
    numbers = {gphc_number} if gphc_number else set[str]()
    options: list[str] = []
    for number, surname, _, born, email in descriptions:
        numbers |= {re.sub(r"[^0-9]", "", number)} - {""} if number else set()
        if email:
            options.append(f"contains({row}, {literal(email.lower())})")
        if surname and born:
            options.append(
                f"contains({row}, {literal(surname.lower())}) and contains({row}, {literal(born)})"
            )
    options += [
        f"regexp_matches({row}, {literal(f'(^|[^0-9]){number}([^0-9]|$)')})" for number in sorted(numbers)
    ]
    return " or ".join(f"({option})" for option in options)
