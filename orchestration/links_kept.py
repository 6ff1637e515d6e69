"""Links between pseudonyms as builds read them, by hash: a release can only be made again with the links of its day."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from orchestration.fingerprint import file_sha256
from orchestration.identity.store import LINK_FILE
from orchestration.settings import Settings


def folder(settings: Settings) -> Path:
    """Where they are kept: beside the links that stand."""
    return (settings.raw / LINK_FILE).parent / "kept"


def keep(settings: Settings, sha256: str) -> None:
    """Keep the links that stand, if they are those of this hash and not kept yet."""
    standing = settings.raw / LINK_FILE
    target = folder(settings) / f"{sha256}.parquet"
    if not sha256 or target.exists() or not standing.exists() or file_sha256(standing) != sha256:
        return
    target.parent.mkdir(mode=0o750, exist_ok=True)
    os.link(standing, target)  # the store writes a new file for new links, so this one stays as it is


def find(settings: Settings, sha256: str) -> Path | None:
    """The links of this hash, standing or kept; None when they are gone."""
    for path in (folder(settings) / f"{sha256}.parquet", settings.raw / LINK_FILE):
        if path.exists() and file_sha256(path) == sha256:
            return path
    return None


def forget(settings: Settings) -> None:
    """Delete every kept copy: after an erasure or a change of keys no earlier link may be found anywhere."""
    shutil.rmtree(folder(settings), ignore_errors=True)
