"""A built site as tests see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboards import SiteReport


@dataclass(frozen=True)
class Built:
    """A built site and what its build reported."""

    folder: Path
    report: SiteReport

    @property
    def pages(self) -> list[Path]:
        """Every page."""
        return sorted(self.folder.rglob("*.html"))
