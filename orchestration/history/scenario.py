"""Warehouses for one question: the picture as known on a day, or as an older release saw it.

A scenario is a whole build below ``warehouse/scenarios``, named by a hash of what went into it and of the code, so
that the same question is answered at once the next time. It is not judged, not published, and no generation: current
release and generations are as they were. It has a workshop of its own, so that it can be built while the main job
runs; two scenarios are built one after the other.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from orchestration import builds
from orchestration.builds import Build
from orchestration.fingerprint import figures_version, inputs_hash
from orchestration.history import vintages
from orchestration.history.picture import NothingKnown, NotRebuildable, Picture
from orchestration.ingest.ledger import Ledger
from orchestration.settings import Settings
from orchestration.warehouse_inputs import Inputs, Linkage, collect

KEEP_SCENARIOS = 4  # each is as large as a generation

_ID_DIGITS = 16

Progress = Callable[[str], None]


class Workshop(Settings):
    """The same home with scenarios in the place of generations."""

    @property
    def warehouse(self) -> Path:
        """One DuckDB file per scenario."""
        return self.home / "warehouse" / "scenarios"


def as_known(settings: Settings, progress: Progress, *, keep: bool = False) -> Picture:
    """The picture as known on the settings' day: the newest build where that is the same, else a scenario.

    ``keep``: keep its vintage for good, not only as one that was asked for. Raises :class:`NothingKnown` and
    :class:`orchestration.dbt_runner.DbtFailed`.
    """
    if settings.as_at is None:
        raise ValueError("a picture is asked for as at a day")
    inputs = collect(settings) if settings.ledger.exists() else None
    if inputs is None or not inputs.files:
        raise NothingKnown(_nothing_known(settings, settings.as_at))
    newest = builds.newest(replace(settings, as_at=None))
    if newest is not None and _is_same(newest, inputs):
        return Picture(newest, settings)
    return _made(settings, inputs, progress, f"as known on {settings.as_at}", keep=keep)


def as_seen_by(settings: Settings, build: Build, progress: Progress) -> Picture:
    """What an earlier build saw, computed by the code of today: its raw files, its day.

    The earlier generation itself where it still lies there and today's code computes the same figures. Raises
    :class:`NotRebuildable`.
    """
    if build.figures_version == figures_version() and build.path(settings).exists():
        return Picture(build, settings)
    inputs = collect(replace(settings, as_at=build.as_at), among={item.sha256 for item in build.inputs})
    gone = len({*build.inputs} - {*inputs.files})
    if gone:
        raise NotRebuildable(
            f"build {build.build_id} cannot be seen again: {gone} of its {len(build.inputs)} raw files are gone"
        )
    return _made(settings, inputs, progress, f"what build {build.build_id} saw, by today's definitions")


def with_links(settings: Settings, build: Build, linkage: Linkage, progress: Progress) -> Picture:
    """A build again with fewer or more links between people than count by the rules.

    Raises as :func:`as_seen_by`.
    """
    inputs = collect(replace(settings, as_at=build.as_at), among={item.sha256 for item in build.inputs})
    if {*build.inputs} - {*inputs.files}:
        raise NotRebuildable(f"build {build.build_id} cannot be built again: some of its raw files are gone")
    return _made(
        settings, replace(inputs, linkage=linkage), progress, f"with {linkage} links", remember=False
    )


def _is_same(newest: Build, inputs: Inputs) -> bool:
    """Whether the newest build saw just what was known on the day: then it is the answer."""
    return (
        newest.figures_version == figures_version()
        and newest.vintage == inputs.vintage
        and newest.inputs_hash == replace(inputs, as_at=None).digest()
    )


def _scenario_id(inputs: Inputs) -> str:
    """Days on which the same was known share a scenario: the day itself is no part of it, the data cut-off is."""
    known = replace(inputs, as_at=None).digest()
    return inputs_hash([("known", known), ("vintage", str(inputs.vintage)), ("code", figures_version())])[
        :_ID_DIGITS
    ]


def _made(
    settings: Settings,
    inputs: Inputs,
    progress: Progress,
    what: str,
    *,
    keep: bool = False,
    remember: bool = True,
) -> Picture:
    workshop = Workshop(**vars(settings))
    workshop.warehouse.mkdir(mode=0o750, parents=True, exist_ok=True)
    name = _scenario_id(inputs)
    with _alone(workshop, progress):
        if not (workshop.warehouse / f"{name}.json").exists():
            _build(workshop, name, inputs, progress, what)
        build = builds.load(workshop, name)
        os.utime(build.path(workshop))  # the least recently used goes first
        if remember:
            vintages.keep(workshop, build, asked=not keep)
        _prune(workshop, spare=name)
    return Picture(build, workshop)


def _build(workshop: Settings, name: str, inputs: Inputs, progress: Progress, what: str) -> None:
    # imported here: dbt costs seconds that an answer from the cache must not pay
    from orchestration.warehouse import make

    progress(
        f"building the warehouse {what}, from {len(inputs.files)} raw files, data to {inputs.vintage}: "
        "about as long as the warehouse step of a run; the next time the answer is there at once"
    )
    began = time.monotonic()
    make(workshop, name, inputs, tests=False)
    progress(f"built in {time.monotonic() - began:.0f} s")


def _prune(workshop: Settings, *, spare: str) -> None:
    """Delete the least recently used scenarios. One that is being read stays readable until it is closed."""
    by_use = sorted(workshop.warehouse.glob("*.duckdb"), key=lambda path: path.stat().st_mtime)
    for path in [path for path in by_use if path.stem != spare][: -(KEEP_SCENARIOS - 1)]:
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)


@contextmanager
def _alone(workshop: Settings, progress: Progress) -> Generator[None]:
    """One scenario at a time per home: dbt builds under one name. The lock ends with the process."""
    with (workshop.warehouse / ".lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting: another question about an earlier day is being built")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _nothing_known(settings: Settings, day: date) -> str:
    first = None
    if settings.ledger.exists():
        with Ledger(settings.ledger) as ledger:
            first = ledger.first_told()
    if first is None:
        return "nothing has been taken in yet: run 'phip demo' or 'phip run'"
    return f"--as-at: nothing had been reported by {day}; the first report is of {first}"
