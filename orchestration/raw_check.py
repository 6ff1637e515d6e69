"""Raw files whose bytes went bad, or that are gone: found before a build reads them, taken in again from landing.

A file is good when it has the hash that the current release recorded, or else when all of it can be read: raw files
carry a checksum per page.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration import audit
from orchestration.builds import Input
from orchestration.fingerprint import file_sha256
from orchestration.ingest import ingest_all
from orchestration.ingest.ledger import raw_path
from orchestration.recipe import read
from orchestration.recovery import Damaged
from orchestration.settings import Settings

ORDER = ".order-of-returns.json"  # below home, while files are taken in again

_SHOWN = 3


def mend(settings: Settings, inputs: Iterable[Input], tell: Callable[[str], None]) -> None:
    """Take in again, from landing, every raw file of a build that cannot be read any more.

    What stands does not change by it: order and times of receipt are kept. Raises
    :class:`orchestration.recovery.Damaged` where the received file is gone or was changed.
    """
    _restore_order(settings)  # where a run was killed in the midst of this
    bad = damaged(settings, inputs)
    if not bad:
        return
    tell(f"{_files(bad)} cannot be read any more: taken in again from the files received")
    wanted = frozenset(item.sha256 for item in bad)
    _note_order(settings, wanted)
    ingest_all(settings, again=wanted)
    _restore_order(settings)
    audit.record(settings, "recovery", {"raw_files_taken_again": len(wanted)})
    lost = damaged(settings, bad)
    if lost:
        received = _received(settings, lost)
        raise Damaged(
            f"{_files(lost)} cannot be read any more, and the files received ({received}) are no longer in landing as "
            "they were: put them back, or restore a backup with 'phip restore'"
        )


def damaged(settings: Settings, inputs: Iterable[Input]) -> list[Input]:
    """Inputs whose raw file is gone, cut, or holds other bytes than were written."""
    recorded = _recorded(settings)
    return [item for item in inputs if not _is_good(settings, item, recorded)]


def _is_good(settings: Settings, item: Input, recorded: dict[str, str]) -> bool:
    name = raw_path(item.feed, item.table, item.sha256)
    path = settings.home / name
    if not path.exists():
        return False
    if recorded.get(name.as_posix()) == file_sha256(path):
        return True
    try:
        # a file written anew since that release is not the one it recorded, and yet as good
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for _ in file.iter_batches():
                pass
    except (OSError, pa.ArrowException):
        return False
    return True


def _recorded(settings: Settings) -> dict[str, str]:
    """Hashes of raw files by their path below home, as the current release recorded them."""
    try:
        return read(settings.releases / "current")[1].raw
    except (OSError, ValueError, KeyError):
        return {}


def _note_order(settings: Settings, wanted: frozenset[str]) -> None:
    """Note when returns of these files were entered: which of two told on one day stands hangs on it."""
    with closing(sqlite3.connect(settings.ledger)) as connection:
        rows = connection.execute("select seq, table_name, return_key, sha256 from return_version").fetchall()
    draft = settings.home / f"{ORDER}.part"
    draft.write_text(json.dumps([row for row in rows if row[3] in wanted]), encoding="utf-8")
    draft.replace(settings.home / ORDER)


def _restore_order(settings: Settings) -> None:
    path = settings.home / ORDER
    if not path.exists():
        return
    with closing(sqlite3.connect(settings.ledger)) as connection, connection:
        connection.executemany(
            "update return_version set seq = ? where table_name = ? and return_key = ? and sha256 = ?",
            json.loads(path.read_text(encoding="utf-8")),
        )
    path.unlink()


def _received(settings: Settings, lost: list[Input]) -> str:
    with closing(sqlite3.connect(settings.ledger)) as connection:
        names = dict(connection.execute("select sha256, path from file").fetchall())
    found = sorted({names.get(item.sha256, "unknown") for item in lost})
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")


def _files(bad: list[Input]) -> str:
    number = len(bad)
    feeds = ", ".join(sorted({item.feed for item in bad}))
    return f"{number} raw file{'s' if number > 1 else ''} of {feeds}"
