"""Records of builds: which inputs, which code, what dbt said. One JSON file beside each generation."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.dbt_runner import NodeResult
from orchestration.settings import Settings


@dataclass(frozen=True)
class Input:
    """One raw file a build reads."""

    feed: str
    table: str
    sha256: str


@dataclass(frozen=True)
class Build:
    """A finished generation of the warehouse."""

    build_id: str
    inputs_hash: str
    code_version: str
    vintage: date
    inputs: tuple[Input, ...]
    tests: tuple[NodeResult, ...]
    as_at: date | None = None  # the picture as known on this day; None: everything known
    figures_version: str = ""  # hash of what computes figures; empty in records from before it was kept
    links: str = ""  # SHA-256 of the links between people it read, empty without any
    vintages: tuple[str, ...] = ()  # names of the earlier vintages it read

    def path(self, settings: Settings) -> Path:
        """The generation's DuckDB file."""
        return settings.warehouse / f"{self.build_id}.duckdb"


def save(settings: Settings, build: Build) -> None:
    """Write the record; the generation itself is already in place."""
    target = settings.warehouse / f"{build.build_id}.json"
    draft = target.with_suffix(".json.part")
    with draft.open("w", encoding="utf-8") as handle:
        json.dump(asdict(build), handle, default=str, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(target)


def load(settings: Settings, build_id: str) -> Build:
    """The record of one build. Raises FileNotFoundError."""
    content: dict[str, Any] = json.loads(
        (settings.warehouse / f"{build_id}.json").read_text(encoding="utf-8")
    )
    return Build(
        build_id=content["build_id"],
        inputs_hash=content["inputs_hash"],
        code_version=content["code_version"],
        vintage=date.fromisoformat(content["vintage"]),
        inputs=tuple(Input(**item) for item in content["inputs"]),
        tests=tuple(NodeResult(**item) for item in content["tests"]),
        as_at=date.fromisoformat(content["as_at"]) if content.get("as_at") else None,
        figures_version=content.get("figures_version", ""),
        links=content.get("links", ""),
        vintages=tuple(content.get("vintages", ())),
    )


def newest(settings: Settings) -> Build | None:
    """The newest finished build of the picture asked for (the settings' day, or everything known), or None."""
    for build_id in reversed(build_ids(settings)):
        found = load(settings, build_id)
        if found.as_at == settings.as_at:
            return found
    return None


def build_ids(settings: Settings) -> list[str]:
    """Ids of the builds that are kept, oldest first: they start with a running number."""
    return sorted(path.stem for path in settings.warehouse.glob("[0-9]*.json"))


def next_id(settings: Settings, inputs_hash: str) -> str:
    """Id of the build to come: running number and the start of the hash of its inputs."""
    taken = [int(build_id.split("-")[0]) for build_id in build_ids(settings)]
    return f"{max(taken, default=0) + 1:06d}-{inputs_hash[:10]}"


def prune(settings: Settings) -> None:
    """Delete all but the newest generations; of those as at a day, which replace nothing, the newest stays.

    The generation behind the current release stays, however many are newer: it was chosen by a rollback.
    """
    ids = build_ids(settings)
    historic = [build_id for build_id in ids if load(settings, build_id).as_at is not None]
    ordinary = [build_id for build_id in ids if build_id not in historic]
    live = _live(settings)
    for build_id in [*ordinary[: -settings.keep_generations], *historic[:-1]]:
        if build_id != live:
            # the record first: a generation without one is known to be half deleted
            for suffix in (".json", ".duckdb"):
                (settings.warehouse / f"{build_id}{suffix}").unlink(missing_ok=True)


def _live(settings: Settings) -> str | None:
    record = settings.releases / "current" / "release.json"
    return str(json.loads(record.read_text(encoding="utf-8"))["build_id"]) if record.exists() else None
