"""What a run tells its user at the end: what was taken in, refused, checked and published."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestration import feed_status, withdrawn
from orchestration.pipeline import Outcome
from orchestration.settings import Settings


@dataclass(frozen=True)
class RunSummary:
    """Counts and addresses of one run."""

    new: bool
    files_taken: int
    files_refused: int
    duplicates: int
    rows_accepted: int
    rows_quarantined: int
    feeds_missing: tuple[str, ...]
    refused_files: tuple[str, ...]
    refusals: tuple[str, ...]
    failures: tuple[str, ...]
    release_id: str | None
    gate_status: str | None
    checks: int
    checks_failed: int
    pages: int
    figures: int
    withheld_cells: int
    data_to: str | None
    as_at: str | None
    current_id: str | None
    address: str | None
    quarantine: str
    notes: tuple[str, ...] = ()
    rolled_back: bool = False

    @property
    def refused_something(self) -> bool:
        """Whether this run refused a file."""
        return bool(self.refused_files)

    @property
    def good(self) -> bool:
        """Whether the run ended with a release that stands for everything that has landed."""
        return self.release_id is not None and not self.refusals and not self.failures

    @property
    def picture(self) -> str:
        """What the release shows: data to a day, and as known on which day if not now."""
        return f"data to {self.data_to}" + (f", as known on {self.as_at}" if self.as_at else "")

    @property
    def _standing(self) -> str:
        """Why there was nothing to do."""
        return "stays the current one." if self.rolled_back else "already holds everything landed."

    def as_dict(self) -> dict[str, Any]:
        """For a machine."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Ten lines for a person; two when there was nothing to do."""
        refused = [f"Note       {line}" for line in self.notes]
        refused += [f"Refused    {line}" for line in self.refused_files]
        if not self.new and self.good:
            return [
                *refused,
                f"Nothing new: release {self.release_id} ({self.picture}) "
                + (f"already holds everything told by {self.as_at}." if self.as_at else self._standing),
                f"Open       {self.address}",
            ]
        refused_note = f" (see {self.quarantine})" if self.files_refused or self.rows_quarantined else ""
        lines = [
            *refused,
            f"Taken in   {self.files_taken:,} files, {self.rows_accepted:,} rows",
            f"Refused    {self.files_refused:,} files, {self.rows_quarantined:,} rows in quarantine{refused_note}",
            f"Duplicate  {self.duplicates:,} files seen before and taken once",
            f"Missing    {', '.join(self.feeds_missing) or 'no feed'}",
            f"Checked    {self.checks:,} checks, {self.checks_failed:,} failed; gate: {self.gate_status or 'not run'}",
        ]
        lines += [f"Gate       {line}" for line in self.refusals[:20]]
        lines += [f"Failed     {line}" for line in self.failures]
        if self.release_id is None:
            return [*lines, "Published  nothing yet"]
        verb = "Published " if self.good else "Still live"
        return [
            *lines,
            f"{verb} release {self.release_id}, {self.picture}",
            *self._beside_current(),
            f"Site       {self.pages:,} pages, {self.figures:,} charts",
            f"Withheld   {self.withheld_cells:,} cells too small to publish",
            f"Open       {self.address}",
            "Or         phip serve   (and phip ui for the pipeline)",
        ]

    def _beside_current(self) -> list[str]:
        """A release of the past beside the live one says so."""
        if self.as_at is None or self.current_id == self.release_id:
            return []
        return [f"Still live release {self.current_id}, which holds everything known"]


def of_run(settings: Settings, outcome: Outcome) -> RunSummary:
    """Gather the summary from ledger, verdict and release."""
    counts = feed_status.totals(settings)
    release = _release(settings, outcome.published)
    verdict = feed_status.newest_verdict_counts(settings)
    return RunSummary(
        new=outcome.new,
        **counts,
        refused_files=outcome.refused_files,
        refusals=outcome.refused,
        failures=() if outcome.refused else outcome.failed,
        release_id=outcome.published,
        gate_status=verdict[0],
        checks=verdict[1],
        checks_failed=verdict[2],
        pages=int(release.get("pages", 0)),
        figures=int(release.get("figures", 0)),
        withheld_cells=int(release.get("withheld_cells", 0)),
        data_to=release.get("data_to"),
        as_at=release.get("as_at"),
        current_id=_current_id(settings),
        address=_address(settings, outcome.published),
        quarantine=str(_relative(settings.quarantine)),
        notes=outcome.notes,
        rolled_back=bool(withdrawn.ids(settings)),
    )


def _release(settings: Settings, release_id: str | None) -> dict[str, Any]:
    if release_id is None:
        return {}
    path = settings.releases / release_id / "release.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _current_id(settings: Settings) -> str | None:
    link = settings.releases / "current"
    return link.resolve().name if link.exists() else None


def _address(settings: Settings, release_id: str | None) -> str | None:
    folder = "current" if release_id in (None, _current_id(settings)) else release_id
    page = settings.releases / str(folder) / "site" / "index.html"
    return page.as_uri() if page.exists() else None


def _relative(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
