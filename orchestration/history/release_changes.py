"""Why the figures of a release changed since the one before it: England published, everything for evaluators."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from dbt_project.registry import Metric
from orchestration.access import release_folder
from orchestration.builds import Build, Input
from orchestration.dbt_runner import DbtFailed
from orchestration.history.changes import COLUMNS, PARTS, between, changes, nothing
from orchestration.history.picture import NotRebuildable
from orchestration.settings import Settings

Progress = Callable[[str], None]

TABLE = "fct_metric_change"
RELEASE_FILE = "changes.parquet"

_SHOWN = 6


@dataclass(frozen=True)
class Earlier:
    """The release that another is compared with, and the build it was made from."""

    release_id: str
    data_to: date
    build: Build


def earlier_release(settings: Settings, build_id: str, preferred: str | None) -> Earlier | None:
    """The release of everything known before one made from ``build_id``: the newest that another build made.

    ``preferred``, the release that is live while the new one is made, comes first.
    """
    records = [
        json.loads(path.read_text(encoding="utf-8")) for path in settings.releases.glob("[0-9]*/release.json")
    ]
    others = [record for record in records if record.get("as_at") is None and record["build_id"] != build_id]
    if not others:
        return None
    newest = max(others, key=lambda record: (record["release_id"] == preferred, record["published_at"]))
    return of_release(settings, newest["release_id"])


def of_release(settings: Settings, release_id: str) -> Earlier:
    """A release and its build, from the release folder alone. Raises FileNotFoundError."""
    folder = release_folder(settings, release_id)
    record: dict[str, Any] = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    inputs = json.loads((folder / "inputs.json").read_text(encoding="utf-8"))
    build = Build(
        build_id=record["build_id"],
        inputs_hash=record["inputs_hash"],
        code_version=record["code_version"],
        vintage=date.fromisoformat(record["data_to"]),
        inputs=tuple(Input(**item) for item in inputs),
        tests=(),
        as_at=date.fromisoformat(record["as_at"]) if record.get("as_at") else None,
        figures_version=record.get("figures_version", ""),
    )
    return Earlier(record["release_id"], build.vintage, build)


def for_release(
    settings: Settings, build: Build, earlier: Earlier | None, progress: Progress
) -> tuple[pd.DataFrame, str]:
    """What a release publishes of its changes, England only, and a remark where they cannot be told; "" otherwise."""
    if earlier is None or build.as_at is not None:
        return nothing(), ""
    progress(f"comparing with release {earlier.release_id}")
    try:
        return changes(settings, between(settings, earlier.build, build, progress)), ""
    except (NotRebuildable, DbtFailed, duckdb.Error) as error:
        return nothing(), f"changes since release {earlier.release_id} cannot be told: {error}"


def for_evaluators(
    settings: Settings, metric: Metric, earlier: Earlier, later: Earlier, progress: Progress
) -> pd.DataFrame:
    """Every change of one metric between two releases, exact, at all its levels.

    Raises :class:`orchestration.history.picture.NotRebuildable`.
    """
    compared = between(settings, earlier.build, later.build, progress)
    return changes(settings, compared, metrics=[metric], levels=metric.levels)


def published(settings: Settings, metric_id: str) -> pd.DataFrame | None:
    """Changes of a metric in the live release, England only; None in a release from before they were kept."""
    path = settings.releases / "current" / RELEASE_FILE
    if not path.exists():
        return None
    with duckdb.connect() as connection:
        return connection.execute(
            f"select {', '.join(COLUMNS)} from read_parquet('{path}') where metric_id = ?", [metric_id]
        ).df()


def lines(settings: Settings, metric_id: str, org: str, figures: pd.DataFrame) -> list[str]:
    """For a person: why these figures changed since the last release; no lines where there is nothing to say.

    ``figures``: strand, sector, period_start and period_grain of figures of one organisation.
    """
    found = published(settings, metric_id)
    record = _record(settings)
    before = record.get("changed_from")
    if found is None or before is None:
        return []
    if remark := record.get("changes_remark"):
        return [f"Since the last release: {remark}"]
    if org != "ENG":
        return [
            f"Why it changed since release {before}: phip changes {metric_id} --org {org} --exact (evaluators)"
        ]
    keys = ["strand", "sector", "period_start", "period_grain"]
    wanted = figures[keys].assign(period_start=pd.to_datetime(figures["period_start"]))
    rows = found[found["geography"] == "as_was"].assign(period_start=pd.to_datetime(found["period_start"]))
    matching = rows.merge(wanted.drop_duplicates(), on=keys)
    if matching.empty:
        return [f"Since release {before}: unchanged"]
    return [
        f"Since release {before}:",
        *[f"  {_line(row)}" for row in matching.head(_SHOWN).to_dict("records")],
    ]


def _record(settings: Settings) -> dict[str, Any]:
    path: Path = settings.releases / "current" / "release.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _line(row: Mapping[Any, Any]) -> str:
    cut = "".join(f", {row[name]}" for name in ("strand", "sector") if row[name] != "all")
    period = f"{row['period_grain']} from {str(row['period_start'])[:10]}{cut}"
    if isinstance(row["reason"], str):
        return f"{period}: {_value(row['old_value'])} to {_value(row['new_value'])}; {row['reason']}"
    parts = [
        f"{words} {row[name]:+,.6g}" for name, words in PARTS.items() if row[name] and not pd.isna(row[name])
    ]
    if row["unexplained"]:
        parts.append(f"unexplained {row['unexplained']:+,.6g}")
    return (
        f"{period}: {_value(row['old_value'])} to {_value(row['new_value'])} "
        f"({row['change']:+,.6g}): {', '.join(parts)}"
    )


def _value(value: float | None) -> str:
    return "no value" if value is None or pd.isna(value) else f"{value:,.6g}"
