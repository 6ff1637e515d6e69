"""What ``phip revisions`` and ``phip changes`` answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pandas as pd

from dbt_project.registry import Metric
from orchestration.answers import (
    GEOGRAPHIES,
    DataRefused,
    UsageProblem,
    log_look,
    metric_entry,
    period_condition,
)
from orchestration.history import release_changes, vintages
from orchestration.history.changes import PARTS
from orchestration.history.picture import NotRebuildable
from orchestration.history.release_changes import Earlier
from orchestration.history.revisions import (
    MONTHS_OF_STEP,
    Cut,
    Triangle,
    days_between,
    levels_of,
    triangle,
    vintages_of_days,
)
from orchestration.progress_log import say
from orchestration.settings import Settings

NOT_PUBLISHED = (
    "below England these figures are exact, for evaluators only: say --exact, and the look is written down"
)


def revisions(
    settings: Settings,
    cut: Cut,
    *,
    step: str | None,
    first: date | None,
    last: date | None,
    build: bool,
    exact: bool,
) -> Triangle:
    """The revision triangle of one series: over every vintage kept, or over those of month or quarter ends.

    ``build`` makes the vintages that are missing. Raises :class:`UsageProblem` and :class:`DataRefused`.
    """
    entry = metric_entry(cut.metric_id)
    if cut.grain not in entry.grains:
        raise UsageProblem(f"--grain: found '{cut.grain}', {entry.id} is made by {', '.join(entry.grains)}")
    if cut.geography not in GEOGRAPHIES:
        raise UsageProblem(f"--geography: found '{cut.geography}', expected one of {', '.join(GEOGRAPHIES)}")
    _guard(settings, entry, cut.org, exact=exact)
    notes: tuple[str, ...] = ()
    if step is None:
        if build or first or last:
            raise UsageProblem("--vintages: expected month or quarter with --build, --from or --to")
        chosen = vintages.kept(settings)
    else:
        chosen, missing = vintages_of_days(
            replace(settings, as_at=None), _days(step, first, last), say, build=build
        )
        if missing:
            notes = (f"{len(missing)} of the days asked for are not kept: --build makes their vintages",)
    if not chosen:
        raise DataRefused(
            "no vintage is kept yet: 'phip run' keeps one, and --vintages with --build makes more"
        )
    if not levels_of(cut.org, chosen):
        raise UsageProblem(
            f"--org: found '{cut.org}', expected a region, a board or ENG (vintages are kept down to boards)"
        )
    found = triangle(cut, chosen)
    return replace(found, notes=(*found.notes, *notes))


def changes(
    settings: Settings,
    metric_id: str,
    *,
    org: str,
    period: str | None,
    geography: str,
    exact: bool,
    old: str | None,
    new: str | None,
) -> pd.DataFrame:
    """Why figures of an organisation changed between two releases: the live one and the one before it, or those named.

    Raises :class:`UsageProblem` and :class:`DataRefused`.
    """
    entry = metric_entry(metric_id)
    if geography not in GEOGRAPHIES:
        raise UsageProblem(f"--geography: found '{geography}', expected one of {', '.join(GEOGRAPHIES)}")
    _guard(settings, entry, org, exact=exact)
    condition, parameters = period_condition(period)
    frame = None
    if org == "ENG" and old is None and new is None:
        frame = release_changes.published(settings, metric_id)
    if frame is None:
        earlier, later = _releases(settings, old, new)
        try:
            frame = release_changes.for_evaluators(settings, entry, earlier, later, say)
        except NotRebuildable as error:
            raise DataRefused(str(error)) from error
    parts = ", ".join(f"{name} as {name.removeprefix('by_')}" for name in PARTS if name != "by_geography")
    with duckdb.connect() as connection:
        connection.register("change", frame)
        return connection.execute(
            "select org_code, strand, sector, period_start, period_grain, old_value, new_value, change, "
            f"{parts}, by_geography as moved, unexplained, reason from change "
            f"where org_code = ? and geography = ? and {condition} "
            "order by period_start desc, period_grain, strand, sector",
            [org, geography, *parameters],
        ).df()


def _guard(settings: Settings, entry: Metric, org: str, *, exact: bool) -> None:
    """Exact figures below England are for evaluators, unless they are public facts."""
    if org == "ENG":
        return
    if exact:
        log_look(settings, entry.id, org)
    elif entry.disclosure_class != "A":
        raise UsageProblem(f"--org: {NOT_PUBLISHED}")


def _days(step: str, first: date | None, last: date | None) -> list[date]:
    if step not in MONTHS_OF_STEP:
        raise UsageProblem(f"--vintages: found '{step}', expected one of {', '.join(MONTHS_OF_STEP)}")
    if first is None or last is None or first > last:
        raise UsageProblem("--from, --to: expected the first and the last day of the vintages, in that order")
    return days_between(first, last, step)


def _releases(settings: Settings, old: str | None, new: str | None) -> tuple[Earlier, Earlier]:
    live = settings.releases / "current"
    if new is None and not live.exists():
        raise DataRefused("nothing has been published yet: run 'phip demo' or 'phip run'")
    later = _release(settings, new or live.resolve().name)
    earlier = (
        _release(settings, old)
        if old
        else release_changes.earlier_release(settings, later.build.build_id, None)
    )
    if earlier is None:
        raise DataRefused("there is no earlier release to compare with")
    return earlier, later


def _release(settings: Settings, release_id: str) -> Earlier:
    try:
        return release_changes.of_release(settings, release_id)
    except FileNotFoundError as error:
        raise UsageProblem(
            f"release: found '{release_id}', expected one that 'phip releases' lists"
        ) from error
