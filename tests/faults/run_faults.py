"""What a run meets beside being killed: hooks that a forked child applies to itself before it starts."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import Any

_OVERRIDE, _READ_SEARCH = 1, 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH of linux/capability.h
_DROP_FOR_CHILDREN = 24  # PR_CAPBSET_DROP of linux/prctl.h
_CAPABILITY_VERSION = 0x20080522


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


def bound_by_permissions(order: dict[str, Any]) -> None:
    """Modes of files bind root as they bind others: without the two capabilities that read and write everything."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (_OVERRIDE, _READ_SEARCH):
        if libc.prctl(_DROP_FOR_CHILDREN, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, low halves then high
    if libc.capget(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for place in range(3):
        sets[place] &= ~(1 << _OVERRIDE | 1 << _READ_SEARCH)
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def intake_only(order: dict[str, Any]) -> None:
    """Take in what landed and print what was said of each file."""
    from orchestration import pipeline
    from orchestration.ingest import ingest_all
    from orchestration.settings import Settings

    def run(settings: Settings) -> pipeline.Outcome:
        for report in ingest_all(settings).files:
            print(report.message)
        return pipeline.Outcome(new=False, published=None)

    pipeline.run = run
