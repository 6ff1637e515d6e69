"""What a run meets beside being killed: hooks that a forked child applies to itself before it starts."""

from __future__ import annotations

import resource
import signal
from typing import Any


def without_dagster(order: dict[str, Any]) -> None:
    """The steps of the job one after the other, without the event log of Dagster: a third of the time."""
    from orchestration import dagster_run, gate_run, release, warehouse
    from orchestration.ingest import ingest_all
    from orchestration.pipeline import Outcome
    from orchestration.settings import Settings

    def outcome(settings: Settings, before: release.Release | None, refused: tuple[str, ...] = ()) -> Outcome:
        after = release.standing(settings)
        new = after is not None and (before is None or after.release_id != before.release_id)
        return Outcome(new=new, published=after.release_id if after else None, refused=refused)

    def take_in(settings: Settings) -> Outcome:
        ingest_all(settings)
        return outcome(settings, release.standing(settings))

    def build_and_publish(settings: Settings) -> Outcome:
        from expectations.gate import GateRefused

        before = release.standing(settings)
        warehouse.build_generation(settings)
        gate_run.judge(settings)
        try:
            release.publish(settings)
        except GateRefused as refusal:
            return outcome(settings, before, refusal.reasons)
        return outcome(settings, before)

    dagster_run.take_in = take_in
    dagster_run.build_and_publish = build_and_publish


def small_disk(order: dict[str, Any]) -> None:
    """No file may grow beyond a size: what a full disk does, where no small disk can be mounted."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(order["bytes"]), int(order["bytes"])))
