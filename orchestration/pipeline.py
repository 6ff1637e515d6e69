"""The main job: ingest, build, judge, publish. Does nothing, cheaply, when nothing is new."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from orchestration import audit, warehouse_inputs
from orchestration.builds import newest
from orchestration.fingerprint import code_version
from orchestration.progress_log import say
from orchestration.settings import Settings


class Busy(RuntimeError):
    """Another run works on the same home folder."""


@dataclass(frozen=True)
class Outcome:
    """What a run did. ``published`` is the release that is current afterwards, if any."""

    new: bool
    published: str | None
    refused: tuple[str, ...] = ()  # by the gate
    failed: tuple[str, ...] = ()  # steps that did not end
    refused_files: tuple[str, ...] = ()  # by the intake, in this run: one line each


@contextmanager
def exclusive(settings: Settings) -> Generator[None]:
    """One run at a time per home folder. Raises :class:`Busy`."""
    with (settings.home / ".run.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"another run is working on {settings.home}; wait for it to end") from error
        yield


def run(settings: Settings) -> Outcome:
    """Run everything that is due on one home folder.

    Raises :class:`Busy`. A refusal by the gate is an outcome, not an exception; the current release stays.
    """
    with exclusive(settings), _logged(settings) as log:
        for line in _carried_through(settings):
            say(line)
        outcome = _run(settings)
        log |= {
            "new": int(outcome.new),
            "published": outcome.published or "none",
            "reasons_of_the_gate": len(outcome.refused),
            "failed_steps": len(outcome.failed),
            "refused_files": len(outcome.refused_files),
        }
        return outcome


@contextmanager
def _logged(settings: Settings) -> Generator[dict[str, audit.Fact]]:
    """Enter the run in the audit log, and what came of it; a run that was killed has a start and no end."""
    as_at = settings.as_at.isoformat() if settings.as_at else "everything known"
    audit.record(settings, "run_started", {"as_at": as_at, "code_version": code_version()[:12]})
    facts: dict[str, audit.Fact] = {}
    try:
        yield facts
    except BaseException as error:
        audit.record(settings, "run_ended", {"stopped_by": type(error).__name__})
        raise
    audit.record(settings, "run_ended", facts)


def _carried_through(settings: Settings) -> tuple[str, ...]:
    """What an earlier change of key or erasure left undone is done first. Nothing left: two looks at a folder."""
    if not any((settings.identity / name).exists() for name in ("rotation", "erasing")):
        return ()
    from orchestration import upkeep

    return upkeep.finish_interrupted(settings)


def _run(settings: Settings) -> Outcome:
    if nothing_new(settings):
        return Outcome(new=False, published=_standing_id(settings))
    # Dagster, dbt and Great Expectations cost seconds to import: only a run with something to do pays for them
    from orchestration import dagster_run

    known = warehouse_inputs.refused_files(settings)
    taken = dagster_run.take_in(settings)
    fresh = warehouse_inputs.refused_files(settings)
    lines = tuple(line for sha256, line in fresh.items() if sha256 not in known)
    if taken.failed:
        return replace(taken, refused_files=lines)
    if nothing_new(settings):
        return replace(taken, new=False, refused_files=lines)
    return replace(dagster_run.build_and_publish(settings), refused_files=lines)


def nothing_new(settings: Settings) -> bool:
    """Whether the landing folder, the code and the parameters are those of the release that stands for them."""
    build = newest(settings)
    published = _standing_id(settings)
    if build is None or published is None or warehouse_inputs.pending(settings):
        return False
    record = _release_record(settings, published)
    return (
        record.get("code_version") == code_version()
        and record.get("inputs_hash") == warehouse_inputs.collect(settings).digest()
    )


def _standing_id(settings: Settings) -> str | None:
    """The live release; for a picture as at a day, the newest release of that day."""
    if settings.as_at is None:
        link = settings.releases / "current"
        return link.resolve().name if link.exists() else None
    records = [
        _release_record(settings, path.parent.name) for path in settings.releases.glob("[0-9]*/release.json")
    ]
    dated = [record for record in records if record.get("as_at") == settings.as_at.isoformat()]
    return str(max(dated, key=lambda record: str(record["published_at"]))["release_id"]) if dated else None


def _release_record(settings: Settings, release_id: str) -> dict[str, object]:
    path = settings.releases / release_id / "release.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
