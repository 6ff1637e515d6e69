"""A kind of dirt: a file that is wrong in one way, what must become of it, and what must be said."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["accepted", "accepted_with_quarantine", "refused", "duplicate"]
Maker = Callable[["Place"], Path]
PLACE = "FILE"  # stands for the file's path below the landing folder in what must be said


@dataclass(frozen=True)
class Place:
    """Where the files of one kind are written, and a provider of its own: no kind replaces another's return."""

    folder: Path
    code: str

    def write(self, name: str, content: bytes | str) -> Path:
        """A file of these bytes; its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def elsewhere(self, feed: str) -> Place:
        """The same in the folder of another feed."""
        return Place(self.folder.parents[1] / feed / self.folder.name, self.code)


@dataclass(frozen=True)
class Kind:
    """One kind of dirt."""

    name: str
    group: str
    title: str
    outcome: Outcome
    code: str
    says: tuple[str, ...]  # each stands in the message, a note or a listed problem
    make: Maker
    feed: str | None = "provider_return"  # None: dropped into the root of the landing folder
    before: tuple[Maker, ...] = ()  # files that came earlier, oldest first
    alone: bool = True  # the verdict rests on the file alone, so that a supplier's check gives the same
    raw: dict[str, object] = field(default_factory=dict[str, object])  # cells of the first row as taken

    def place(self, landing: Path) -> Place:
        """Where its files lie in a landing folder."""
        folder = landing if self.feed is None else landing / self.feed / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return Place(folder, f"D{zlib.crc32(self.name.encode()) % 10**6:06d}")


CATALOGUE: list[Kind] = []


def dirt(
    group: str,
    title: str,
    outcome: Outcome,
    code: str,
    *says: str,
    feed: str | None = "provider_return",
    before: tuple[Maker, ...] = (),
    alone: bool = True,
    raw: dict[str, object] | None = None,
) -> Callable[[Maker], Maker]:
    """Enter a maker into the catalogue; the kind has its name."""

    def enter(make: Maker) -> Maker:
        name = make.__name__
        if any(kind.name == name for kind in CATALOGUE):
            raise ValueError(f"two kinds of dirt are called {name}")
        CATALOGUE.append(Kind(name, group, title, outcome, code, says, make, feed, before, alone, raw or {}))
        return make

    return enter


def land(kind: Kind, landing: Path, clock: int) -> tuple[Path, int]:
    """Write the files of a kind, each a second newer than the one before; the file itself, and the clock after it."""
    place = kind.place(landing)
    for make in (*kind.before, kind.make):
        path = make(place)
        clock += 1
        os.utime(path, ns=(clock * 10**9, clock * 10**9), follow_symlinks=False)
    return path, clock
