"""One writer per home folder: who holds it, since when, at which step; and what the last one left if it was killed.

The lock is the kernel's (``flock``), so it ends with the process, however that ends. What the holder says of itself
stands in the lock file and is wiped when it ends in good order: text found under a free lock tells of a process that
was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.settings import Settings

LOCK_FILE = ".run.lock"
_FILE_MODE = 0o640
_MOST_BYTES = 4096


class Busy(RuntimeError):
    """Another process works on the same home folder; the message says which."""


@dataclass(frozen=True)
class Holder:
    """Who works, or worked, on a home folder."""

    process: int
    work: str  # e.g. "run"
    since: str  # ISO time
    step: str = ""  # the last step it announced

    def __str__(self) -> str:
        at = f", at the step '{self.step}'" if self.step else ""
        return f"'phip {self.work}' (process {self.process}, started {self.since}{at})"


class Hold:
    """A lock that is held. ``interrupted`` is who was killed while holding it before, if anybody."""

    def __init__(self, descriptor: int, holder: Holder, interrupted: Holder | None) -> None:
        self._descriptor = descriptor
        self._holder = holder
        self._process = os.getpid()
        self.interrupted = interrupted
        self.step("")

    def step(self, name: str) -> None:
        """Say which step comes next, for whoever asks while it works or after it was killed."""
        _write(self._descriptor, json.dumps(asdict(self._holder) | {"step": name}))

    @property
    def is_own(self) -> bool:
        """Whether this process took it; a forked child holds nothing."""
        return self._process == os.getpid()


_HELD: dict[Path, Hold] = {}  # by lock file


@contextmanager
def exclusive(settings: Settings, work: str) -> Generator[Hold]:
    """Hold a home folder alone. Within a holder the same process may ask again. Raises :class:`Busy`."""
    path = settings.home / LOCK_FILE
    held = _HELD.get(path)
    if held is not None and held.is_own:
        yield held
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _read(descriptor)
            who = str(holder) if holder else "another process"
            raise Busy(f"{who} is working on {settings.home}; wait for it to end") from error
        started = datetime.now(UTC).isoformat(timespec="seconds")
        hold = Hold(descriptor, Holder(os.getpid(), work, started), _read(descriptor))
        _HELD[path] = hold
        try:
            yield hold
        finally:
            del _HELD[path]
            with suppress(OSError):  # a full disk must not hide what happened
                _write(descriptor, "")
    finally:
        os.close(descriptor)


def step(settings: Settings, name: str) -> None:
    """Announce a step, where this process holds the home folder."""
    held = _HELD.get(settings.home / LOCK_FILE)
    if held is not None and held.is_own:
        with suppress(OSError):
            held.step(name)


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _read(descriptor: int) -> Holder | None:
    """The holder named in the file; None when it is empty. Half-written text still tells of somebody."""
    text = os.pread(descriptor, _MOST_BYTES, 0).decode(errors="replace")
    if not text.strip():
        return None
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        return Holder(0, "run", "at an unknown time")
