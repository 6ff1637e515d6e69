"""Publishing: a release folder is made in full, then made current by one atomic swap. Only through the gate."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from dashboards import SiteInputs, build_site
from dashboards.build import SiteReport
from dashboards.export import write_exports
from dbt_project.registry import load_metrics, load_programme
from expectations.gate import Passed, confirm, passed
from expectations.store import VerdictStore
from expectations.verdict import Verdict
from orchestration import builds, feed_status
from orchestration.disclosed import write_published
from orchestration.fingerprint import code_version, file_sha256
from orchestration.history import linkage_band, release_changes
from orchestration.settings import Settings

CURRENT = "current"
DAYS_TO_NEXT_UPDATE = 31
DEMONSTRATION_MARK = "demonstration.json"


@dataclass(frozen=True)
class Release:
    """One publication: what it was made from and when."""

    release_id: str
    build_id: str
    verdict_id: str
    inputs_hash: str
    code_version: str
    published_at: datetime
    data_to: date
    gate_status: str
    withheld_cells: int
    pages: int
    figures: int
    notes: tuple[str, ...]
    as_at: date | None = None  # the picture as known on this day; None: everything known
    figures_version: str = ""
    changed_from: str | None = None  # the release its changes are told against
    changes_remark: str = ""  # why they cannot be told


def publish(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> Release:
    """Publish the newest build, if the gate lets it pass, and make it the current release.

    A release of the picture as at a day is complete and listed, but never takes the place of one that holds
    everything known: it becomes current only where no release, or another of its kind, is. Raises
    :class:`expectations.gate.GateRefused` and leaves the current release as it is when there is no build, no
    verdict, a refusal, or anything that changed after the verdict.
    """
    build = builds.newest(settings)
    store = VerdictStore(settings.ledger)
    right = passed(
        store,
        build.build_id if build else "none",
        build.path(settings) if build else settings.warehouse / "none.duckdb",
        build.inputs_hash if build else "",
    )
    assert build is not None  # noqa: S101 - no build has no verdict, which was refused above
    verdict = confirm(right, build.path(settings), build.inputs_hash)
    status = "overridden" if right.override else verdict.status
    release_id = f"{build.vintage.isoformat()}-{_short(build.inputs_hash, code_version(), status)}"
    target = settings.releases / release_id
    if not target.exists():
        draft = settings.releases / f".{release_id}.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _fill(settings, draft, build, right, verdict, release_id, progress)
        _sync(draft)
        draft.rename(target)
    before = current(settings)
    if build.as_at is None or before is None or before.as_at is not None:
        _make_current(settings, release_id)
    return load(settings, release_id)


def _fill(
    settings: Settings,
    draft: Path,
    build: builds.Build,
    right: Passed,
    verdict: Verdict,
    release_id: str,
    progress: Callable[[str], None],
) -> None:
    published_at = datetime.now(UTC).replace(microsecond=0)
    status = "overridden" if right.override else verdict.status
    live = current(settings)
    earlier = release_changes.earlier_release(settings, build.build_id, live.release_id if live else None)
    changes, remark = release_changes.for_release(settings, build, earlier, progress)
    changes.to_parquet(draft / release_changes.RELEASE_FILE, index=False)
    progress("applying disclosure control")
    frames = {
        release_changes.TABLE: changes,
        linkage_band.TABLE: linkage_band.for_release(settings, build, progress),
        "feed_status": feed_status.frame(settings, build.vintage),
        "check_result": check_frame(verdict),
        "release_info": _release_info(settings, build, right, verdict, release_id, published_at),
    }
    database = draft / "published.duckdb"
    withheld = write_published(
        build.path(settings),
        database,
        metrics=load_metrics(),
        programme=load_programme(),
        frames=frames,
    )
    report = _present(settings, database, draft, progress)
    release = Release(
        release_id=release_id,
        build_id=build.build_id,
        verdict_id=verdict.verdict_id,
        inputs_hash=build.inputs_hash,
        code_version=code_version(),
        published_at=published_at,
        data_to=build.vintage,
        gate_status=status,
        withheld_cells=withheld,
        pages=report.pages,
        figures=report.figures,
        notes=report.notes,
        as_at=build.as_at,
        figures_version=build.figures_version,
        changed_from=earlier.release_id if earlier and build.as_at is None else None,
        changes_remark=remark,
    )
    _write_json(draft / "release.json", asdict(release))
    _write_json(draft / "verdict.json", asdict(verdict))
    _write_json(draft / "inputs.json", [asdict(item) for item in build.inputs])
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    _write_json(
        draft / "manifest.json", {path.relative_to(draft).as_posix(): file_sha256(path) for path in files}
    )


def _release_info(
    settings: Settings,
    build: builds.Build,
    right: Passed,
    verdict: Verdict,
    release_id: str,
    published_at: datetime,
) -> pd.DataFrame:
    """What a release says of itself, one row."""
    next_update = published_at.date() + timedelta(days=DAYS_TO_NEXT_UPDATE)
    return pd.DataFrame(
        [
            {
                "release_id": release_id,
                "published_at": published_at,
                "data_to": build.vintage,
                "as_at": pd.Timestamp(build.as_at) if build.as_at else pd.NaT,
                # a picture of the past is not updated
                "next_update": None if build.as_at else next_update,
                "gate_status": "overridden" if right.override else verdict.status,
                "demonstration": (settings.home / DEMONSTRATION_MARK).exists(),
                "override_reason": _reason(right),
                "code_version": code_version()[:12],
                "build_id": build.build_id,
                "verdict_id": verdict.verdict_id,
                "inputs_hash": build.inputs_hash,
            }
        ]
    )


def _present(settings: Settings, database: Path, draft: Path, progress: Callable[[str], None]) -> SiteReport:
    """What readers get of the published tables: the exports, and the site that offers them."""
    progress("writing CSV, Parquet and the workbook")
    downloads = write_exports(database, draft)
    progress("drawing the site")
    inputs = SiteInputs.from_published(database, downloads=downloads)
    return build_site(inputs, draft / "site", cache_dir=settings.releases / ".pictures")


def check_frame(verdict: Verdict) -> pd.DataFrame:
    """Results of a verdict as the quality page shows them: one row per check, no examples."""
    columns = ["check_id", "asset", "severity", "status", "seen", "bound", "owner", "description", "rows"]
    return pd.DataFrame(
        [{column: getattr(result, column) for column in columns} for result in verdict.results],
        columns=columns,
    )


def current(settings: Settings) -> Release | None:
    """The release that is live, or None."""
    link = settings.releases / CURRENT
    return load(settings, link.resolve().name) if link.exists() else None


def standing(settings: Settings) -> Release | None:
    """The release that answers what the settings ask for: the live one, or the newest as at their day; or None."""
    if settings.as_at is None:
        return current(settings)
    return next((release for release in history(settings) if release.as_at == settings.as_at), None)


def load(settings: Settings, release_id: str) -> Release:
    """The record of one release. Raises FileNotFoundError."""
    content: dict[str, Any] = json.loads(
        (settings.releases / release_id / "release.json").read_text(encoding="utf-8")
    )
    content["published_at"] = datetime.fromisoformat(content["published_at"])
    content["data_to"] = date.fromisoformat(content["data_to"])
    content["notes"] = tuple(content["notes"])
    content["as_at"] = date.fromisoformat(content["as_at"]) if content.get("as_at") else None
    return Release(**content)


def history(settings: Settings) -> list[Release]:
    """Every release, newest first."""
    found = [
        load(settings, path.parent.name)
        for path in settings.releases.glob("*/release.json")
        if path.parent.name != CURRENT
    ]
    return sorted(found, key=lambda release: (release.published_at, release.release_id), reverse=True)


def published_database(settings: Settings) -> Path | None:
    """The published DuckDB of the current release, or None."""
    path = settings.releases / CURRENT / "published.duckdb"
    return path if path.exists() else None


def _make_current(settings: Settings, release_id: str) -> None:
    link = settings.releases / CURRENT
    draft = settings.releases / f".{CURRENT}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(release_id)
    draft.replace(link)
    _sync_folder(settings.releases)


def _reason(right: Passed) -> str | None:
    return f"{right.override.name}: {right.override.reason}" if right.override else None


def _short(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:8]


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, default=_text, indent=1, ensure_ascii=False), encoding="utf-8")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _sync(folder: Path) -> None:
    """Everything of a release is on disk, and read-only, before it can become current."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
            path.chmod(0o444)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
