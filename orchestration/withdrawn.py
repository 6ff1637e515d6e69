"""Releases that were rolled back: they stay as they are, but no run makes them current again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestration.settings import Settings

FILE = ".withdrawn.json"


@dataclass(frozen=True)
class Withdrawal:
    """One release that was current, until somebody chose another."""

    release_id: str
    to: str  # the release chosen instead
    at: str  # ISO time
    reason: str = ""


def load(settings: Settings) -> tuple[Withdrawal, ...]:
    """Every withdrawal that holds. The release that is current is withdrawn by no record of the past."""
    path = _path(settings)
    if not path.exists():
        return ()
    link = settings.releases / "current"
    live = link.resolve().name if link.exists() else None
    records = [Withdrawal(**item) for item in json.loads(path.read_text(encoding="utf-8"))]
    return tuple(record for record in records if record.release_id != live)


def ids(settings: Settings) -> tuple[str, ...]:
    """Ids of the releases that were rolled back."""
    return tuple(record.release_id for record in load(settings))


def add(settings: Settings, withdrawal: Withdrawal) -> None:
    """Write one down, before another release is made current: a crash in between leaves all as it was."""
    kept = [
        record for record in load(settings) if record.release_id not in (withdrawal.release_id, withdrawal.to)
    ]
    draft = _path(settings).with_name(f"{FILE}.part")
    draft.write_text(
        json.dumps([asdict(record) for record in (*kept, withdrawal)], indent=1), encoding="utf-8"
    )
    draft.replace(_path(settings))


def notes(settings: Settings) -> tuple[str, ...]:
    """One line for each release that was rolled back and could be current."""
    return tuple(
        f"release {record.release_id} was rolled back on {record.at[:10]}"
        + (f" ({record.reason})" if record.reason else "")
        + f": it is not published again unless by 'phip rollback {record.release_id}'"
        for record in load(settings)
        if (settings.releases / record.release_id).is_dir()
    )


def _path(settings: Settings) -> Path:
    return settings.releases / FILE
