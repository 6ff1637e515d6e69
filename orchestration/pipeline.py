"""The main job: ingest, build, judge, publish. Does nothing, cheaply, when nothing is new."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from orchestration import audit, recovery, warehouse_inputs, withdrawn
from orchestration.builds import newest
from orchestration.fingerprint import code_version
from orchestration.locks import Busy, exclusive
from orchestration.settings import Settings

__all__ = ["Busy", "Outcome", "nothing_new", "run"]


@dataclass(frozen=True)
class Outcome:
    """What a run did. ``published`` is the release that is current afterwards, if any."""

    new: bool
    published: str | None
    refused: tuple[str, ...] = ()  # by the gate
    failed: tuple[str, ...] = ()  # steps that did not end
    refused_files: tuple[str, ...] = ()  # by the intake, in this run: one line each
    notes: tuple[str, ...] = ()  # what was found before the run could start, and why it did nothing


def run(settings: Settings) -> Outcome:
    """Run everything that is due on one home folder.

    Raises :class:`Busy`, and :class:`orchestration.recovery.Damaged` where something that cannot be made again is
    gone. A refusal by the gate is an outcome, not an exception; the current release stays.
    """
    with exclusive(settings, "run") as hold:
        # first what was begun with people's records: only then are raw files what they should be
        found = (*_carried_through(settings), *recovery.recover(settings, hold.interrupted))
        if found:
            audit.record(settings, "recovery", {"findings": len(found), "first": found[0]})
        with _logged(settings) as log:
            outcome = _run(settings)
            log |= {
                "new": int(outcome.new),
                "published": outcome.published or "none",
                "reasons_of_the_gate": len(outcome.refused),
                "failed_steps": len(outcome.failed),
                "refused_files": len(outcome.refused_files),
            }
        if outcome.new and not outcome.failed:
            recovery.keep_ledger_copy(settings)
        return replace(outcome, notes=(*found, *withdrawn.notes(settings)))


@contextmanager
def _logged(settings: Settings) -> Generator[dict[str, audit.Fact]]:
    """Enter the run in the audit log, and what came of it; a run that was killed has a start and no end."""
    as_at = settings.as_at.isoformat() if settings.as_at else "everything known"
    audit.record(settings, "run_started", {"as_at": as_at, "code_version": code_version()[:12]})
    facts: dict[str, audit.Fact] = {}
    try:
        yield facts
    except BaseException as error:
        with suppress(OSError):  # a full disk must not hide what happened
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
    now = (code_version(), warehouse_inputs.collect(settings).digest())
    # a release that was rolled back does not return by itself: only something new replaces the one chosen instead
    return any(
        (record.get("code_version"), record.get("inputs_hash")) == now
        for record in (_release_record(settings, known) for known in [published, *withdrawn.ids(settings)])
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
