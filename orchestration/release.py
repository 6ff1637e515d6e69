"""Publishing: a release folder is made in full, then made current by one atomic swap. Only through the gate."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from dashboards import SiteInputs, build_site
from dashboards.build import SiteReport
from dashboards.export import write_exports
from dbt_project.registry import load_metrics, load_programme
from dbt_project.registry.plans import load_plans
from expectations.gate import GateRefused, Passed, confirm, passed
from expectations.store import VerdictStore
from expectations.verdict import Verdict
from orchestration import audit, builds, clock, feed_status, locks, time_curves, vouched, withdrawn
from orchestration.access import release_folder
from orchestration.charted import add_charted
from orchestration.disclosed import write_published
from orchestration.fingerprint import code_version, file_sha256
from orchestration.history import linkage_band, release_changes
from orchestration.impact import locking, running
from orchestration.offered import offer
from orchestration.recipe import RECIPE, Facts, materials, write_json
from orchestration.release_audit import audit_release
from orchestration.settings import Settings

CURRENT = "current"
MANIFEST = "manifest.json"
PUBLISHED = "published.duckdb"
PICTURES = ".pictures"  # drawn charts, kept between releases
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
    verdict, a refusal, anything that changed after the verdict, or when the release was rolled back.
    """
    with locks.exclusive(settings, "run"):
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
        vouched.confirm(settings, verdict, right.override)
        analyses = (
            () if build.as_at else tuple(locking.standing(settings, plan) for plan in load_plans().values())
        )
        release_id = _release_id(build, right, analyses)
        if release_id in withdrawn.ids(settings):
            raise GateRefused(
                [f"release {release_id} was rolled back: 'phip rollback {release_id}' brings it back"]
            )
        target = settings.releases / release_id
        if target.exists() and changed_files(settings, release_id):
            # its name says what is in it: what is not, is made again
            shutil.rmtree(target)
        if not target.exists():
            draft = settings.releases / f".{release_id}.part"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            facts = _facts(settings, build, right, release_id, analyses, progress)
            make(settings, draft, build, verdict, facts, progress)
            _sync(draft)
            locks.step(settings, "publish")
            sha256 = file_sha256(draft / MANIFEST)
            audit.record(settings, "publication", {"release": release_id, "manifest_sha256": sha256})
            draft.rename(target)
            _sync_folder(settings.releases)
        before = current(settings)
        if build.as_at is None or before is None or before.as_at is not None:
            make_current(settings, release_id)
        return load(settings, release_id)


def _release_id(build: builds.Build, right: Passed, analyses: tuple[locking.Standing, ...]) -> str:
    status = "overridden" if right.override else right.verdict.status
    locked = [f"{plan.hash}:{plan.locked_on}:{plan.confirmatory}" for plan in analyses if plan.locked_on]
    return f"{build.vintage.isoformat()}-{_short(build.inputs_hash, code_version(), status, *locked)}"


def _facts(
    settings: Settings,
    build: builds.Build,
    right: Passed,
    release_id: str,
    analyses: tuple[locking.Standing, ...],
    progress: Callable[[str], None],
) -> Facts:
    """What the release says that does not follow from its build; the outcomes of locked plans are read from now on."""
    plans = load_plans()
    for plan in analyses:
        if plan.locked_on:
            locking.note_reading(settings, plans[plan.plan], build.build_id)
    live = current(settings)
    earlier = release_changes.earlier_release(settings, build.build_id, live.release_id if live else None)
    return Facts(
        release_id=release_id,
        published_at=clock.now(settings, progress),
        gate_status="overridden" if right.override else right.verdict.status,
        override_reason=_reason(right),
        demonstration=(settings.home / DEMONSTRATION_MARK).exists(),
        changed_from=earlier.release_id if earlier and build.as_at is None else None,
        feed_status=feed_status.rows(settings, build.vintage),
        earlier=_earlier(settings, release_id),
        analyses=tuple(map(locking.as_facts, analyses)),
    )


def _earlier(settings: Settings, release_id: str) -> tuple[dict[str, str], ...]:
    """The other releases there are, newest first, but for those that were withdrawn."""
    gone = {release_id, *withdrawn.ids(settings)}
    return tuple(
        {
            "release_id": release.release_id,
            "published_on": release.published_at.date().isoformat(),
            "data_to": release.data_to.isoformat(),
            "as_at": release.as_at.isoformat() if release.as_at else "",
            "gate_status": release.gate_status,
        }
        for release in history(settings)
        if release.release_id not in gone
    )


def make(
    settings: Settings,
    draft: Path,
    build: builds.Build,
    verdict: Verdict,
    facts: Facts,
    progress: Callable[[str], None],
    pictures: Path | None = None,
) -> Release:
    """Write a whole release into the empty folder ``draft``: its bytes follow from the arguments alone.

    ``pictures``: folder where drawn charts are kept; default that of the releases.
    """
    earlier = release_changes.of_release(settings, facts.changed_from) if facts.changed_from else None
    locks.step(settings, "changes since the last release")
    changes, remark = release_changes.for_release(settings, build, earlier, progress)
    changes.to_parquet(draft / release_changes.RELEASE_FILE, index=False)
    progress("applying disclosure control")
    locks.step(settings, "disclosure control")
    frames = {
        release_changes.TABLE: changes,
        **time_curves.frames(build.path(settings), load_metrics(), load_programme()),
        linkage_band.TABLE: linkage_band.for_release(settings, build, progress),
        **running.frames(settings, build, map(locking.of_facts, facts.analyses), progress),
        "feed_status": feed_status.frame_of(facts.feed_status),
        "check_result": check_frame(verdict),
        "release_info": _release_info(build, verdict, facts, told=not remark),
        "release_history": pd.DataFrame(
            facts.earlier,
            columns=["release_id", "published_on", "data_to", "as_at", "gate_status"],
            dtype="string",
        ),
    }
    database = draft / PUBLISHED
    withheld = write_published(
        build.path(settings),
        database,
        metrics=load_metrics(),
        programme=load_programme(),
        frames=frames,
        progress=progress,
    )
    audit_release(database, build.path(settings), load_metrics(), load_programme())
    add_charted(database, load_metrics(), build.vintage)
    offer(database)
    locks.step(settings, "exports and site")
    report = _present(database, draft, pictures or settings.releases / PICTURES, progress)
    release = Release(
        release_id=facts.release_id,
        build_id=build.build_id,
        verdict_id=verdict.verdict_id,
        inputs_hash=build.inputs_hash,
        code_version=build.code_version,
        published_at=facts.published_at,
        data_to=build.vintage,
        gate_status=facts.gate_status,
        withheld_cells=withheld,
        pages=report.pages,
        figures=report.figures,
        notes=report.notes,
        as_at=build.as_at,
        figures_version=build.figures_version,
        changed_from=facts.changed_from,
        changes_remark=remark,
    )
    write_json(draft / "release.json", asdict(release))
    write_json(draft / "verdict.json", asdict(verdict))
    write_json(draft / "inputs.json", [asdict(item) for item in build.inputs])
    write_json(draft / RECIPE, {"facts": asdict(facts), "materials": asdict(materials(settings, build))})
    write_json(draft / MANIFEST, _hashes(draft))
    return release


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


def changed_files(settings: Settings, release_id: str) -> dict[str, str]:
    """Files of a release that are not as it was published: name and what is wrong. Empty for an intact release."""
    folder = settings.releases / release_id
    try:
        manifest: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {MANIFEST: "missing or unreadable"}
    found = _hashes(folder)
    wrong = {name: "missing" for name in manifest if name not in found}
    wrong |= {name: "not part of the release" for name in found if name not in manifest}
    wrong |= {name: "changed" for name in manifest if name in found and found[name] != manifest[name]}
    return dict(sorted(wrong.items()))


def _release_info(build: builds.Build, verdict: Verdict, facts: Facts, *, told: bool) -> pd.DataFrame:
    """What a release says of itself, one row; ``told``: whether its changes could be worked out."""
    next_update = facts.published_at.date() + timedelta(days=DAYS_TO_NEXT_UPDATE)
    return pd.DataFrame(
        [
            {
                "release_id": facts.release_id,
                "published_at": facts.published_at,
                "data_to": build.vintage,
                "as_at": pd.Timestamp(build.as_at) if build.as_at else pd.NaT,
                # a picture of the past is not updated
                "next_update": None if build.as_at else next_update,
                "gate_status": facts.gate_status,
                "demonstration": facts.demonstration,
                "override_reason": facts.override_reason,
                "code_version": build.code_version[:12],
                "build_id": build.build_id,
                "verdict_id": verdict.verdict_id,
                "inputs_hash": build.inputs_hash,
                "changed_from": facts.changed_from,
                "changes_told": told,
            }
        ]
    )


def _present(database: Path, draft: Path, pictures: Path, progress: Callable[[str], None]) -> SiteReport:
    """What readers get of the published tables: the exports, and the site that offers them."""
    progress("writing CSV, Parquet and the workbook")
    downloads = write_exports(database, draft)
    progress("drawing the site")
    inputs = SiteInputs.from_published(database, downloads=downloads)
    return build_site(inputs, draft / "site", cache_dir=pictures)


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
        (release_folder(settings, release_id) / "release.json").read_text(encoding="utf-8")
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
    path = settings.releases / CURRENT / PUBLISHED
    return path if path.exists() else None


def make_current(settings: Settings, release_id: str) -> None:
    """Swap the link to the current release in one step: a reader sees the old one or the new one."""
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


def _sync(folder: Path) -> None:
    """Everything of a release is on disk, and read-only, before it can become current."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
            path.chmod(0o444)
        else:
            path.chmod(0o755)  # published: readable by everybody, whatever the umask
            _sync_folder(path)
    folder.chmod(0o755)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
