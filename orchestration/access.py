"""Who may read what below the home folder: four tiers, told by place, held by file modes.

================  ==========================================================  =======================  ============
tier              places                                                      read by                  at most
================  ==========================================================  =======================  ============
identifiable      landing, quarantine, identity, keys, the audit log          the account of the runs  0700, 0600
pseudonymous      raw, warehouse, ledger, records of runs                     its group, data team     0750, 0640
aggregate, exact  warehouse/vintages (inside the tier above)                  its group, evaluators    0750, 0640
published         releases                                                    everybody here           0755, 0644
================  ==========================================================  =======================  ============

A folder that others may not enter protects everything in it, so what is checked is few: the folders themselves, and
every file of ``identity`` and ``keys``. The home folder may be passed through (0751), not listed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestration import audit
from orchestration.settings import Settings

Tier = Literal["identifiable", "pseudonymous", "published"]

HOME_MODE = 0o751
UMASK = 0o027  # of everything the programme writes: nothing for others, nothing to write for the group

_IDENTIFIABLE = frozenset({"landing", "quarantine", "identity", "keys"})
_SEARCHED = ("identity", "keys")  # every file in them is checked
_FOLDER_MODE: dict[Tier, int] = {"identifiable": 0o700, "pseudonymous": 0o750, "published": 0o755}
_FILE_MODE: dict[Tier, int] = {"identifiable": 0o600, "pseudonymous": 0o640, "published": 0o644}
_OTHERS_WRITE = 0o022
_PLAIN = re.compile(r"[0-9][0-9A-Za-z-]*")  # an id of a release: no separator, no dot


class TooOpen(RuntimeError):
    """A place may be read by more people than it should, and this account cannot change that."""


@dataclass(frozen=True)
class _Place:
    path: Path
    name: str  # below home
    allowed: int


def release_folder(settings: Settings, release_id: str) -> Path:
    """Folder of a release by its id, as people type it. Raises FileNotFoundError for whatever leads elsewhere."""
    if not _PLAIN.fullmatch(release_id):
        raise FileNotFoundError(release_id)
    folder = settings.releases / release_id
    if folder.is_symlink() or not folder.is_dir():
        raise FileNotFoundError(release_id)
    return folder


def narrow_umask() -> None:
    """Make what this process and its children write private from the first byte; a stricter umask stays."""
    os.umask(os.umask(0o777) | UMASK)


def settle(settings: Settings) -> tuple[str, ...]:
    """Narrow what is too open, and say so, one line each; enters it in the audit log. Nothing to do: two milliseconds.

    Raises :class:`TooOpen` where the mode belongs to another account, or a folder of the home is a link to one that
    others can read: a run on it would add to what they see.
    """
    if not settings.home.is_dir():
        return ()
    mended: list[str] = []
    for place in _places(settings):
        mode = _mode(place.path)
        if mode is None or not mode & ~place.allowed:
            continue
        narrowed = mode & place.allowed
        if place.path.is_symlink():
            raise TooOpen(
                f"{place.name} is a link to a place with permissions {mode:o}; expected {place.allowed:o} or fewer: "
                "narrow them there, or name the folder with --landing"
            )
        try:
            place.path.chmod(narrowed)
        except PermissionError:
            raise TooOpen(
                f"{place.name} has permissions {mode:o} and belongs to another account; expected {place.allowed:o} "
                f"or fewer: its owner can narrow them (chmod {narrowed:o})"
            ) from None
        mended.append(
            f"permissions of {place.name} were {mode:o}, wider than they may be: narrowed to {narrowed:o}"
        )
    if mended:
        audit.record(settings, "permissions_mended", {"places": len(mended)})
    return (*mended, *_landing_elsewhere(settings))


def _places(settings: Settings) -> Iterator[_Place]:
    """The home, what lies directly in it, and every file of the folders that hold keys and identities."""
    yield _Place(settings.home, "the home folder", HOME_MODE)
    with os.scandir(settings.home) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            yield _place(entry, entry.name, _tier(entry.name))
    for folder in _SEARCHED:
        yield from _below(settings.home / folder, folder)


def _below(folder: Path, name: str) -> Iterator[_Place]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            yield _place(entry, f"{name}/{entry.name}", "identifiable")


def _place(entry: os.DirEntry[str], name: str, tier: Tier) -> _Place:
    modes = _FOLDER_MODE if entry.is_dir() else _FILE_MODE
    return _Place(Path(entry.path), name, modes[tier])


def _tier(name: str) -> Tier:
    if name in _IDENTIFIABLE or name.startswith("audit"):
        return "identifiable"
    return "published" if name == "releases" else "pseudonymous"


def _mode(path: Path) -> int | None:
    """Permission bits; None when it is gone, or a socket or the like."""
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        return None
    return stat.S_IMODE(found) & 0o777 if stat.S_ISREG(found) or stat.S_ISDIR(found) else None


def _landing_elsewhere(settings: Settings) -> tuple[str, ...]:
    """A landing folder outside home is its owner's to arrange; others who can read it are worth a word."""
    if settings.landing.is_relative_to(settings.home):
        return ()
    mode = _mode(settings.landing)
    if mode is None or not mode & 0o007:
        return ()
    may = "written" if mode & _OTHERS_WRITE & 0o007 else "read"
    return (f"the landing folder has permissions {mode:o}: it can be {may} by everybody on this machine",)
