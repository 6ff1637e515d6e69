"""What lies in the landing folder: files by feed, their hashes, and whether they were looked at before."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingest.ledger import Stamp
from orchestration.ingest.outcome import Refusal
from orchestration.ingest.printable import printable

_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")  # still being copied: taken when renamed
_CHUNK_BYTES = 1024**2


@dataclass(frozen=True)
class LandedFile:
    """A file as received. ``folder`` is the first folder below landing, None for the root.

    A link, and a folder that may not be listed, stand here as well: intake refuses them, told by name.
    """

    path: Path
    stamp: Stamp
    folder: str | None
    is_link: bool = False

    @property
    def name(self) -> str:
        """Path below the landing folder, in printable characters."""
        return self.stamp.path


def scan(landing: Path) -> list[LandedFile]:
    """Every file below the landing folder, in a fixed order: modification time, then path.

    Hidden files, locks of office programs and unfinished copies are left alone, links are not followed. Raises
    :class:`Refusal` when there is no such folder.
    """
    if not landing.is_dir():
        found = "a file" if landing.exists() else "no such folder"
        raise Refusal(
            "no_landing", f"landing folder '{landing.name}'", found, "a folder with one folder per feed"
        )
    try:
        found_files = list(_walk(landing, landing))
    except PermissionError as error:
        where = f"landing folder '{landing.name}'"
        raise Refusal("no_landing", where, "a folder that may not be listed", "a readable folder") from error
    return sorted(found_files, key=lambda file: (file.stamp.mtime_ns, file.stamp.path))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; of a link, that of where it leads."""
    if path.is_symlink():
        return hashlib.sha256(b"link\0" + os.fsencode(path.readlink())).hexdigest()
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def is_unchanged(file: LandedFile) -> bool:
    """Whether the file still looks as it did at the scan: it was not being written meanwhile."""
    try:
        now = file.path.lstat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (file.stamp.size, file.stamp.mtime_ns)


def unknown_folder(name: str, folder: str, feeds: Iterable[str]) -> Refusal:
    """The refusal of a file in a folder that is no feed's."""
    ids = list(feeds)
    near = difflib.get_close_matches(folder, ids, 1)
    expected = f"the folder '{near[0]}'" if near else f"one of the folders {', '.join(ids)}"
    return Refusal("unknown_folder", name, f"folder '{folder}', which is no feed", expected)


def link_refused(name: str) -> Refusal:
    """The refusal of a link: followed, it would lead anywhere on this machine, or round in circles."""
    return Refusal("link", name, "a link", "the file itself")


def _walk(landing: Path, folder: Path) -> Iterable[LandedFile]:
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda each: each.name)
    except PermissionError:
        if folder == landing:
            raise
        yield from _landed(landing, folder)
        return
    for entry in entries:
        if entry.name.startswith((".", "~$")) or entry.name.lower().endswith(_UNFINISHED):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(landing, Path(entry.path))
        elif entry.is_symlink() or entry.is_file():
            yield from _landed(landing, Path(entry.path))


def _landed(landing: Path, path: Path) -> Iterable[LandedFile]:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return  # gone since
    below = path.relative_to(landing)
    first = printable(below.parts[0]) if len(below.parts) > 1 else None
    stamp = Stamp(printable(str(below)), found.st_size, found.st_mtime_ns)
    yield LandedFile(path, stamp, first, stat.S_ISLNK(found.st_mode))
