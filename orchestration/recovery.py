"""What a run does before it starts: clear away what a killed one left, and say what happened.

Nothing that was accepted, judged or published lies in what is cleared: drafts only get their final names when they
are whole. What cannot be used any more, a generation or a ledger whose bytes went bad, is set aside or deleted only
where it can be had again; everything else is refused in one sentence that says what to do.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from orchestration.locks import Holder
from orchestration.settings import Settings

LEDGER_COPY = "ledger.copy"
_CURRENT = "current"


class Damaged(RuntimeError):
    """Something the run needs cannot be read and cannot be made again; the message says what to do."""


def recover(settings: Settings, interrupted: Holder | None) -> tuple[str, ...]:
    """Bring a home folder back to where work can start; one line for each thing that was found.

    Call it only while holding the home folder. Raises :class:`Damaged`.
    """
    told: list[str] = []
    if interrupted is not None:
        told.append(f"{interrupted} was stopped before its end; nothing it had accepted is lost")
    told += _ledger(settings)
    drafts = [*_drafts(settings.warehouse), *_release_drafts(settings)]
    for path in drafts:
        _remove(path)
    orphans = _orphans(settings)
    for path in orphans:
        _remove(path)
    if drafts or orphans:
        told.append(f"{_count(len(drafts) + len(orphans), 'unfinished file')} deleted")
    told += _generations(settings)
    told += _dangling(settings)
    return tuple(told)


def keep_ledger_copy(settings: Settings) -> None:
    """Keep a copy of the ledger beside it, whole or not at all: what a run falls back on when the ledger goes bad."""
    if settings.ledger.exists():
        target = settings.home / LEDGER_COPY
        draft = target.with_name(f".{LEDGER_COPY}.part")
        draft.unlink(missing_ok=True)
        copy_ledger(settings.ledger, draft)
        draft.replace(target)


def copy_ledger(source: Path, target: Path) -> None:
    """A consistent copy of an SQLite file, also of one that is open elsewhere. Raises sqlite3.Error."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    os.close(descriptor)
    with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(target)) as to:
        from_.backup(to)
        to.execute("pragma journal_mode = delete")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ledger(settings: Settings) -> list[str]:
    """A ledger that cannot be read is set aside, and the copy of the last run takes its place."""
    problem = _problem(settings.ledger)
    if problem is None:
        return []
    copy = settings.home / LEDGER_COPY
    if not copy.exists() or _problem(copy) is not None:
        raise Damaged(
            f"the ledger of received files cannot be read ({problem}) and no good copy of it is kept: restore a "
            f"backup with 'phip restore', or move {settings.ledger} away to take in anew everything that has landed"
        )
    aside = settings.ledger.with_name(f"ledger.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    draft = settings.home / ".ledger.part"
    shutil.copyfile(copy, draft)
    draft.chmod(0o640)
    settings.ledger.replace(aside)
    for suffix in ("-wal", "-shm"):  # they belong to the damaged file
        settings.ledger.with_name(f"ledger{suffix}").unlink(missing_ok=True)
    draft.replace(settings.ledger)
    return [
        f"the ledger of received files could not be read ({problem}): it is kept as {aside.name}, and the copy made "
        "at the end of the last good run stands in its place; files taken since then are taken in again"
    ]


def _problem(ledger: Path) -> str | None:
    """Why an SQLite file cannot be relied on; None when it can, or is not there."""
    if not ledger.exists() or ledger.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(ledger)) as connection:
            found = connection.execute("pragma quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return None  # in use, which is not damage: whoever needs it waits
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == ("ok",) else str(found[0]) if found else "no answer"


def _drafts(warehouse: Path) -> Iterable[Path]:
    """Generations, records and vintages that were being written."""
    for folder in (warehouse, warehouse / "vintages"):
        yield from folder.glob("*.part")
        yield from folder.glob("tmp_*")
    yield from warehouse.glob("building.duckdb*")


def _release_drafts(settings: Settings) -> Iterable[Path]:
    yield from settings.releases.glob(".*.part")
    yield from settings.releases.glob(f".{_CURRENT}.*")


def _orphans(settings: Settings) -> list[Path]:
    """Generations without a record, and records without a generation: one half of a step that was cut in two."""
    databases = {path.stem: path for path in settings.warehouse.glob("[0-9]*.duckdb")}
    records = {path.stem: path for path in settings.warehouse.glob("[0-9]*.json")}
    return [
        path
        for one, other in ((databases, records), (records, databases))
        for stem, path in one.items()
        if stem not in other
    ]


def _generations(settings: Settings) -> list[str]:
    """The newest generation opens; one that does not is deleted, for the run builds it again."""
    import duckdb

    told: list[str] = []
    for record in sorted(settings.warehouse.glob("[0-9]*.json"), reverse=True):
        database = record.with_suffix(".duckdb")
        try:
            json.loads(record.read_text(encoding="utf-8"))
            with duckdb.connect(str(database), read_only=True) as connection:
                connection.execute("select build_id from raw.build_info").fetchall()
        except (ValueError, duckdb.Error) as error:
            if "lock" in str(error).lower():
                break  # somebody has it open for writing, which nobody of ours does: not ours to judge
            _remove(database)
            _remove(record)
            told.append(
                f"generation {record.stem} of the warehouse could not be read ({type(error).__name__}): "
                "deleted, it is built again"
            )
        else:
            break
    return told


def _dangling(settings: Settings) -> list[str]:
    """The link to the current release leads to a release; a link that leads nowhere is taken away."""
    link = settings.releases / _CURRENT
    if not link.is_symlink() or link.exists():
        return []
    name = link.readlink()
    link.unlink()
    return [
        f"the current release {name} is no longer there; the run publishes anew (or choose one with 'phip rollback')"
    ]


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
