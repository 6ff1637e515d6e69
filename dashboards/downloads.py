"""Files of a release that the site offers whole: where they lie in the site, and the links to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dashboards.blocks import LinkGroup, Links

FOLDER = "download"
_KILOBYTE = 1_000
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Download:
    """One file: where it is now, and what a reader finds in it."""

    path: Path
    contents: str

    @property
    def size(self) -> str:
        """Size in words: ``4.1 MB``."""
        size = self.path.stat().st_size
        return f"{size / _MEGABYTE:.1f} MB" if size >= _MEGABYTE else f"{max(1, round(size / _KILOBYTE))} kB"


def site_path(release_id: str, download: Download) -> str:
    """Where the file lies in the site; its name says the release, because a saved copy has nothing else."""
    return f"{FOLDER}/phip-{release_id}-{download.path.name}"


def place(out: Path, release_id: str, downloads: Iterable[Download]) -> None:
    """Put the files into the site: as hard links where the disk can, so that they take their room once."""
    for download in downloads:
        target = out / site_path(release_id, download)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(download.path, target)
        except OSError:
            shutil.copyfile(download.path, target)


def links(release_id: str, downloads: Iterable[Download]) -> tuple[Links, ...]:
    """The block of links, if there is anything to link to."""
    offered = tuple(
        (f"{download.contents} ({download.size})", site_path(release_id, download)) for download in downloads
    )
    return (Links((LinkGroup("Download all figures", offered),), level=2),) if offered else ()
