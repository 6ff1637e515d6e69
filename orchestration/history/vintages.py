"""The vintages that are kept: every figure from England to the boards, exact, as it stood at a data cut-off.

One small Parquet file per vintage. Each build leaves one, and so does the revision triangle that was told to build;
any other question about an earlier day leaves one that is marked as only asked for. A build reads the kept ones that
are older than itself (``raw.vintage_value``), never those only asked for: a question must not change the next release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.builds import Build
from orchestration.ingest.sql import listed
from orchestration.settings import Settings

COLUMNS = {
    "metric_id": "varchar",
    "org_level": "varchar",
    "org_code": "varchar",
    "strand": "varchar",
    "sector": "varchar",
    "period_start": "date",
    "period_grain": "varchar",
    "geography": "varchar",
    "value": "double",
    "status": "varchar",
    "definition_version": "integer",
    "vintage": "date",
}
LEVELS = ("england", "region", "icb")  # networks would make a vintage twenty times as large
KEEP_ASKED = 24  # vintages that were only asked for; those of builds are all kept

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-([0-9a-f]{10})-([0-9a-f]{8})(-asked)?\.parquet")
_FILE_MODE = 0o640


@dataclass(frozen=True)
class Vintage:
    """One kept vintage: the data cut-off, the code that computed it, and whether it was only asked for."""

    day: date
    code: str  # start of the hash of what computes figures
    is_asked: bool
    path: Path


def folder(settings: Settings) -> Path:
    """Where vintages lie, also for builds that lie elsewhere."""
    return settings.home / "warehouse" / "vintages"


def kept(settings: Settings) -> list[Vintage]:
    """Every vintage there is, oldest first; of one day, those that were only asked for come last."""
    found: list[Vintage] = []
    for path in folder(settings).glob("*.parquet"):
        if match := _NAME.fullmatch(path.name):
            found.append(Vintage(date.fromisoformat(match[1]), match[3], match[4] is not None, path))
    return sorted(found, key=lambda vintage: (vintage.day, vintage.is_asked))


def keep(settings: Settings, build: Build, *, asked: bool = False) -> Path | None:
    """Keep the figures of a finished build, in place of what was kept of the same day; None when it read nothing."""
    if not build.inputs:
        return None
    target = folder(settings) / f"{_stem(build)}{'-asked' if asked else ''}.parquet"
    if not target.exists():
        target.parent.mkdir(mode=0o750, exist_ok=True)
        draft = target.with_suffix(".part")
        columns = ", ".join(f"{name}::{kind} as {name}" for name, kind in COLUMNS.items())
        with duckdb.connect(str(build.path(settings)), read_only=True) as connection:
            connection.execute(
                f"copy (select {columns} from marts.fct_metric_value "
                f"where org_level in ({listed(LEVELS)}) order by all) "
                f"to '{draft}' (format parquet, compression zstd)"
            )
        draft.chmod(_FILE_MODE)
        draft.replace(target)
    _drop_replaced(settings, target, build.vintage, asked=asked)
    return target


def promote(settings: Settings, vintage: Vintage) -> Vintage:
    """Keep for good a vintage that was only asked for."""
    if not vintage.is_asked:
        return vintage
    target = vintage.path.with_name(vintage.path.name.replace("-asked", ""))
    vintage.path.replace(target)
    _drop_replaced(settings, target, vintage.day, asked=False)
    return Vintage(vintage.day, vintage.code, False, target)


def of_build(settings: Settings, build: Build) -> Path | None:
    """The vintage a build left, or None when it is not kept."""
    found = sorted(folder(settings).glob(f"{_stem(build)}*.parquet"))
    found += sorted(_replaced(settings).glob(f"{_stem(build)}*.parquet"))
    return found[0] if found else None


def find(settings: Settings, name: str) -> Path | None:
    """A vintage by its name, kept or replaced since; None when it is gone."""
    return next(
        (path for path in (folder(settings) / name, _replaced(settings) / name) if path.exists()), None
    )


def _replaced(settings: Settings) -> Path:
    """Vintages of builds that a newer build of the same day replaced: what a release is compared with, or made again.

    No build reads them by itself.
    """
    return folder(settings) / "replaced"


def before(settings: Settings, day: date) -> tuple[str, ...]:
    """Names of the vintages a build with this data cut-off reads: those of earlier days, not only asked for."""
    return tuple(
        vintage.path.name for vintage in kept(settings) if vintage.day < day and not vintage.is_asked
    )


def relation_sql(settings: Settings, names: Iterable[str]) -> str:
    """Query giving the figures of England in these vintages; no rows without any."""
    paths = [str(find(settings, name) or folder(settings) / name) for name in names]
    if not paths:
        return (
            "select "
            + ", ".join(f"null::{kind} as {name}" for name, kind in COLUMNS.items())
            + " where false"
        )
    return f"select {', '.join(COLUMNS)} from read_parquet([{listed(paths)}]) where org_level = 'england'"


def _stem(build: Build) -> str:
    return f"{build.vintage}-{build.inputs_hash[:10]}-{build.figures_version[:8]}"


def _put_aside(settings: Settings, vintage: Vintage) -> None:
    """Releases may rest on a vintage of a build; one that was only asked for is made again when needed."""
    if vintage.is_asked:
        vintage.path.unlink(missing_ok=True)
        return
    _replaced(settings).mkdir(mode=0o750, exist_ok=True)
    vintage.path.replace(_replaced(settings) / vintage.path.name)


def _drop_replaced(settings: Settings, new: Path, day: date, *, asked: bool) -> None:
    """One vintage a day of each kind; one that is kept makes those only asked for needless."""
    for vintage in kept(settings):
        if vintage.day == day and vintage.path != new and (vintage.is_asked or not asked):
            _put_aside(settings, vintage)
    questions = [vintage for vintage in kept(settings) if vintage.is_asked]
    for vintage in sorted(questions, key=lambda vintage: vintage.path.stat().st_mtime)[:-KEEP_ASKED]:
        vintage.path.unlink(missing_ok=True)
