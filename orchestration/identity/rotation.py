"""A new key for the pseudonyms: everything that carries one is written anew, then swapped in.

The pseudonym of tomorrow is the keyed hash of today's under the new key (:mod:`orchestration.identity.keys`), so
nothing has to be turned back into people, files that are long gone from the landing folder keep their place, and who
holds only an old key can compute nothing that occurs in the new data.

Order, safe to kill at any moment: everything new is made beside the old, then ``identity/rotation/ready`` says so, then
each piece is swapped by renaming. Before ``ready`` a rotation that died never was; after it the next command that
writes identities carries it through (:func:`finish_interrupted`).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.identity.keys import pseudonym_sql, use_key
from orchestration.identity.rewriting import STORE, copy_store, key_columns, raw_files, replaced, write_raw
from orchestration.identity.store import attach
from orchestration.ingest.raw_file import sync_folder
from orchestration.ingest.sql import literal
from orchestration.settings import KEY_BYTES, Secret, Settings

_FOLDER = "rotation"  # in identity/
_READY = "ready"
_NEXT, _OLD = "raw.next", "raw.old"
_PRIVATE = 0o600


@dataclass(frozen=True)
class Rotated:
    """What a rotation wrote anew: raw files with pseudonyms, of all; keys in the chain afterwards."""

    files_rewritten: int
    files: int
    keys: int


def rotate(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> Rotated:
    """Give every pseudonym a new key. The caller holds the locks of runs and of the intake.

    Needs as much free room as raw files with pseudonyms take. The generations of the warehouse carry the old
    pseudonyms and are dropped: the next run builds anew.
    """
    finish_interrupted(settings)
    folder = settings.identity / _FOLDER
    folder.mkdir(mode=0o700)
    chain = settings.identity_key().chain()
    fresh = secrets.token_bytes(KEY_BYTES)
    _write_private(folder / "key", "\n".join(key.hex() for key in (*chain, fresh)) + "\n")
    with duckdb.connect(":memory:", config=settings.duckdb_config) as connection:
        use_key(connection, Secret(fresh))
        rewritten, files = _rekey_raw(connection, settings, progress)
        progress("writing the identity store anew")
        with duckdb.connect(":memory:", config=settings.duckdb_config) as opener:
            attach(opener, settings)  # brings an old store to the newest schema
        copy_store(connection, settings.identity / STORE, folder / STORE, pseudonym_sql)
    sync_folder(folder)
    (folder / _READY).touch(mode=_PRIVATE)
    sync_folder(folder)
    finish_interrupted(settings)
    return Rotated(rewritten, files, len(chain) + 1)


def finish_interrupted(settings: Settings) -> bool:
    """Carry through a rotation that was ready, forget one that was not. True when one was carried through."""
    folder = settings.identity / _FOLDER
    if not folder.exists():
        return False
    raw, following, old = settings.raw, settings.home / _NEXT, settings.home / _OLD
    ready = (folder / _READY).exists()
    if ready:
        if following.exists():
            _make_way(raw, old)
            following.rename(raw)
            sync_folder(settings.home)
        if (folder / STORE).exists():
            (folder / STORE).replace(settings.identity / STORE)
        if (folder / "key").exists():
            _install_key(folder / "key", settings.identity_key_file)
        drop_generations(settings)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(following, ignore_errors=True)
    _remove_last(folder)
    return ready


def _rekey_raw(
    connection: duckdb.DuckDBPyConnection, settings: Settings, progress: Callable[[str], None]
) -> tuple[int, int]:
    """Every raw file below ``raw.next``: written anew where it has pseudonyms, linked where it has none."""
    target = settings.home / _NEXT
    target.mkdir(mode=0o750)
    files = raw_files(settings.raw)
    progress(f"writing {len(files)} raw files anew")
    rewritten = 0
    folders: set[Path] = set()
    for file in files:
        place = target / file.relative_to(settings.raw)
        place.parent.mkdir(parents=True, exist_ok=True)
        folders.add(place.parent)
        columns = key_columns(connection, file)
        if columns:
            picked = replaced(columns, pseudonym_sql)
            write_raw(connection, f"select {picked} from read_parquet({literal(str(file))})", place)
            rewritten += 1
        else:
            os.link(file, place)
    for folder in folders:
        sync_folder(folder)
    return rewritten, len(files)


def drop_generations(settings: Settings) -> None:
    """Remove every build, and those made to answer a question: their tables carry what was replaced.

    The record goes first: a generation without one is known to be half deleted. Vintages are aggregates and stay.
    """
    for path in (*settings.warehouse.glob("[0-9]*.json"), *settings.warehouse.rglob("*.duckdb")):
        path.with_suffix(".json").unlink(missing_ok=True)
        path.with_suffix(".duckdb").unlink(missing_ok=True)


def _make_way(raw: Path, old: Path) -> None:
    """Move the raw files aside, unless that was done and only a new, empty folder stands in their place."""
    if not old.exists():
        raw.rename(old)
    elif raw.exists():
        if any(path.is_file() for path in raw.rglob("*")):
            raise RuntimeError(
                f"{raw.name} and {old.name} both hold files: a rotation was interrupted, then written over"
            )
        shutil.rmtree(raw)


def _install_key(draft: Path, target: Path) -> None:
    """Put the key in its place, by one rename even where that is on another disk."""
    near = target.with_name(f".{target.name}.next")
    _write_private(near, draft.read_text(encoding="ascii"))
    near.replace(target)
    sync_folder(target.parent)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def _remove_last(folder: Path) -> None:
    """Remove the folder; what says that a rotation is ready goes last."""
    for path in sorted(folder.iterdir(), key=lambda each: each.name == _READY):
        path.unlink()
    folder.rmdir()
