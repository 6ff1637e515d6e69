"""What a release was made from, beyond its code: enough to make it again, byte for byte.

``recipe.json`` in the release holds it. *Facts* are what the release says that does not follow from its build (when,
by which right, how the feeds were doing); *materials* are the hashes of what the build read.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from orchestration import links_kept
from orchestration.builds import Build
from orchestration.feed_status import Row
from orchestration.fingerprint import file_sha256
from orchestration.history import vintages
from orchestration.ingest.ledger import raw_path
from orchestration.settings import Settings

RECIPE = "recipe.json"
TOOLS = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations", "pandas", "numpy", "pyarrow", "plotly")


@dataclass(frozen=True)
class Facts:
    """What a release says that does not follow from its build."""

    release_id: str
    published_at: datetime
    gate_status: str
    override_reason: str | None
    demonstration: bool
    changed_from: str | None  # the release its changes are told against
    feed_status: tuple[Row, ...]
    # releases there were before: id, days of publication and data, result of the gate
    earlier: tuple[dict[str, str], ...] = ()
    analyses: tuple[dict[str, Any], ...] = ()  # how each analysis plan stood


@dataclass(frozen=True)
class Materials:
    """SHA-256 of every raw file by its path below home, of the links between people, and the vintages read."""

    raw: dict[str, str]
    links: str
    vintages: tuple[str, ...]
    tools: dict[str, str]  # versions


def materials(settings: Settings, build: Build) -> Materials:
    """What a finished build read. Raises OSError where a raw file is gone."""
    paths = sorted({raw_path(item.feed, item.table, item.sha256).as_posix() for item in build.inputs})
    return Materials(
        raw={path: file_sha256(settings.home / path) for path in paths},
        links=build.links,
        vintages=build.vintages,
        tools=tools(),
    )


def tools() -> dict[str, str]:
    """Versions of what computes and writes a release."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in TOOLS}


def read(folder: Path) -> tuple[Facts, Materials]:
    """The recipe of a release folder. Raises FileNotFoundError for a release from before recipes were kept."""
    content: dict[str, Any] = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    facts, made_of = content["facts"], content["materials"]
    facts["published_at"] = datetime.fromisoformat(facts["published_at"])
    facts["feed_status"] = tuple(facts["feed_status"])
    facts["earlier"] = tuple(facts.get("earlier", ()))
    facts["analyses"] = tuple(facts.get("analyses", ()))
    made_of["vintages"] = tuple(made_of["vintages"])
    return Facts(**facts), Materials(**made_of)


def missing(settings: Settings, made_of: Materials) -> list[str]:
    """One line for each thing a release was made from that is gone or no longer the same."""
    lines: list[str] = []
    for name, sha256 in made_of.raw.items():
        path = settings.home / name
        if not path.exists():
            lines.append(f"{name} is gone")
        elif file_sha256(path) != sha256:
            lines.append(f"{name} is not the same: it was written again since")
    lines += [f"vintage {name} is gone" for name in made_of.vintages if vintages.find(settings, name) is None]
    if made_of.links and links_kept.find(settings, made_of.links) is None:
        lines.append(
            "the links between people that it used are gone: keys were changed or somebody was erased since"
        )
    return lines


def write_json(path: Path, content: object) -> None:
    """One spelling per content."""
    path.write_text(json.dumps(content, default=_text, indent=1, ensure_ascii=False), encoding="utf-8")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
