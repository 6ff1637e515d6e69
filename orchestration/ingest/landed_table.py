"""A table read from a database or an interface becomes a received file, so that intake has one way in."""

# pyarrow ships no type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq

from orchestration.readers import SourceTable
from orchestration.settings import Settings

_MODE = 0o600


def land_table(settings: Settings, feed: str, source: SourceTable, name: str) -> Path:
    """Store ``source`` as ``<landing>/<feed>/<name>.parquet``, whole or not at all; its path.

    The same rows give the same bytes, so a table that did not change is taken once.
    """
    folder = settings.landing / feed
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.parquet"
    draft = folder / f".{target.name}.{os.getpid()}"
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE))
    rows = source.rows.drop_columns(["line"]).rename_columns(list(source.header))
    pq.write_table(rows, draft, compression="zstd")
    draft.replace(target)
    return target
