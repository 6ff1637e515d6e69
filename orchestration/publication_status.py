"""Writes the status page beside the releases after every judgement and every publication, refused ones too."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from dashboards.status import FailedCheck, Status, status_page
from expectations.store import VerdictStore
from expectations.verdict import Verdict
from orchestration import release
from orchestration.settings import Settings

FOLDER = "status"
SIDECAR = "status.json"


def write(settings: Settings) -> None:
    """Write the page and its sidecar for machines from the newest verdict and the live release, which stays untouched.

    Of a picture as at a day nothing is said: it never takes the place of the live release.
    """
    verdicts = VerdictStore(settings.ledger).all()
    if settings.as_at is not None or not verdicts:
        return
    status = _status(settings, verdicts[-1])
    folder = settings.releases / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, text in status_page(status).items():
        _replace(folder / name, text)
    told = {**asdict(status), "sentence": status.sentence}
    _replace(folder / SIDECAR, json.dumps(told, default=str, indent=1, ensure_ascii=False) + "\n")


def _status(settings: Settings, verdict: Verdict) -> Status:
    live = release.current(settings)
    published = live is not None and live.verdict_id == verdict.verdict_id
    return Status(
        judged_at=verdict.created_at,
        outcome=live.gate_status if live is not None and published else verdict.status,
        published=published,
        live=live.release_id if live else None,
        live_since=live.published_at.date() if live else None,
        failed=tuple(
            FailedCheck(check.description, check.severity, check.status, check.asset, check.owner)
            for check in verdict.failures
        ),
        demonstration=(settings.home / release.DEMONSTRATION_MARK).exists(),
    )


def _replace(path: Path, text: str) -> None:
    """Put a whole file in the place of the one before: a reader sees either."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.chmod(0o644)  # published: readable by everybody, whatever the umask
    draft.replace(path)
