"""What an answer is read from, and what there is to say where it cannot be had.

Apart from :mod:`orchestration.history.scenario`, which builds such pictures, because a question about the newest one
needs none of what a build does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.builds import Build
from orchestration.settings import Settings


class NothingKnown(RuntimeError):
    """Nothing had been reported by the day asked for; the message says what is the first day to ask for."""


class NotRebuildable(RuntimeError):
    """Raw files that a picture was made from are gone."""


@dataclass(frozen=True)
class Picture:
    """A finished warehouse that answers a question, and the settings under which it lies."""

    build: Build
    settings: Settings

    @property
    def path(self) -> Path:
        """Its DuckDB file."""
        return self.build.path(self.settings)
