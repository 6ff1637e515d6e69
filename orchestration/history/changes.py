"""Why figures changed between two builds: the change of each, split so that the parts add up to it.

The walk leads from the earlier figure to the later one: the definition (today's code on what the earlier build saw),
then geography, corrections, late data, and new events and time passed (see :mod:`orchestration.history.unit_steps`).
Each part is the difference between two neighbouring states. What the units do not account for is shown as
``unexplained``, never spread over the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from dbt_project.registry import Metric, load_metrics
from orchestration.builds import Build
from orchestration.history import vintages
from orchestration.history.picture import NotRebuildable, Picture
from orchestration.history.scenario import as_seen_by
from orchestration.history.spend_walk import spend_by_state
from orchestration.history.unit_steps import Comparison, load_steps, prepare
from orchestration.history.walk import CELL, VALUES, NotDecomposable, values_by_state
from orchestration.settings import Settings

Progress = Callable[[str], None]

KEY = ("metric_id", *CELL)
PARTS = {
    "by_definition": "the definition",
    "by_geography": "geography",
    "by_corrections": "corrections",
    "by_late_data": "late data",
    "by_new_events": "new events and time passed",
}
COLUMNS = (*KEY, "old_value", "new_value", "change", *PARTS, "unexplained", "reason")

NOT_BEFORE = "no such figure in the earlier release"
NOT_NOW = "no such figure any more"
NO_OLD_VALUE = "no value in the earlier release"
NO_NEW_VALUE = "no value now"
NOT_TODAY = "today's definition gives no value for the earlier release"

_MEMORY = "1GB"


@dataclass(frozen=True)
class Between:
    """The two builds compared, the earlier one as its release published it and as today's code sees it."""

    old: Build
    base: Picture
    new: Picture


def between(settings: Settings, old: Build, new: Build, progress: Progress) -> Between:
    """Make ready what a comparison needs; the earlier build is seen again where it is gone or the code changed.

    Raises :class:`orchestration.history.picture.NotRebuildable`.
    """
    return Between(old, as_seen_by(settings, old, progress), as_seen_by(settings, new, progress))


def changes(
    settings: Settings,
    compared: Between,
    *,
    metrics: Iterable[Metric] | None = None,
    levels: tuple[str, ...] = ("england",),
) -> pd.DataFrame:
    """Every figure at these levels that is not the same in both builds, :data:`COLUMNS`, one row each.

    Values are exact: this is for evaluators, or for England. ``reason`` says why a change has no parts.
    """
    chosen = list(load_metrics().values() if metrics is None else metrics)
    with duckdb.connect(
        config={"memory_limit": _MEMORY, "temp_directory": str(settings.spill)}
    ) as connection:
        differing = _differing(connection, settings, compared, [metric.id for metric in chosen], levels)
        if differing.empty:
            return nothing()
        comparison = prepare(connection, compared.base, compared.new)
        parts = [
            _of_metric(comparison, metric, differing[differing["metric_id"] == metric.id], levels)
            for metric in chosen
            if (differing["metric_id"] == metric.id).any()
        ]
    return _typed(pd.concat(parts, ignore_index=True)[list(COLUMNS)].sort_values(list(KEY)))


def nothing() -> pd.DataFrame:
    """No change at all, with the columns and types of :func:`changes`."""
    return _typed(pd.DataFrame(columns=list(COLUMNS)))


def _differing(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    compared: Between,
    metric_ids: list[str],
    levels: tuple[str, ...],
) -> pd.DataFrame:
    """Figures whose value is another one: as published then, by today's code then, and now."""
    connection.execute("create temp table chosen as select unnest($ids) as metric_id", {"ids": metric_ids})
    connection.execute(
        # England stands beside every organisation: its list says whether an organisation's is only drawn otherwise
        "create temp table level as select unnest($levels) as org_level",
        {"levels": sorted({*levels, "england"})},
    )
    for name, path in (("base", compared.base.path), ("latest", compared.new.path)):
        _load_figures(connection, name, path)
    _load_published(connection, settings, compared)
    keys = ", ".join(KEY)
    cut = ", ".join(name for name in KEY if name not in ("org_level", "org_code"))
    return connection.execute(
        f"""
        select {keys},
            earlier.value as published_value, earlier.metric_id is not null as was_there,
            base.value as old_value, base.numerator as old_numerator, base.denominator as old_denominator,
            latest.value as new_value, latest.numerator as new_numerator, latest.denominator as new_denominator,
            latest.metric_id is not null as is_there,
            england_base.denominator is not distinct from england_latest.denominator as is_same_in_england
        from earlier full join latest using ({keys}) left join base using ({keys})
        left join (select * from base where org_level = 'england') as england_base using ({cut})
        left join (select * from latest where org_level = 'england') as england_latest using ({cut})
        where org_level in (select unnest($levels)) and (earlier.value is distinct from latest.value
            or (earlier.metric_id is null) <> (latest.metric_id is null))
        """,
        {"levels": list(levels)},
    ).df()


def _load_figures(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    connection.execute(f"attach '{path}' as wh (read_only)")
    connection.execute(
        f"create temp table {name} as select {', '.join(KEY)}, value, numerator, denominator "
        "from wh.marts.fct_metric_value semi join chosen using (metric_id) semi join level using (org_level)"
    )
    connection.execute("detach wh")


def _load_published(connection: duckdb.DuckDBPyConnection, settings: Settings, compared: Between) -> None:
    """The earlier figures as computed then: from the build where it still lies there, else from its vintage."""
    path = compared.old.path(settings)
    if compared.base.build.build_id == compared.old.build_id:
        connection.execute("create temp view earlier as select * from base")
    elif path.exists():
        _load_figures(connection, "earlier", path)
    else:
        kept = vintages.of_build(settings, compared.old)
        if kept is None:
            raise NotRebuildable(f"the exact figures of build {compared.old.build_id} are no longer kept")
        connection.execute(
            f"create temp table earlier as select {', '.join(KEY)}, value from read_parquet('{kept}') "
            "semi join chosen using (metric_id) semi join level using (org_level)"
        )


def _of_metric(
    comparison: Comparison, metric: Metric, differing: pd.DataFrame, levels: tuple[str, ...]
) -> pd.DataFrame:
    """The changes of one metric, with their parts where they have any."""
    if metric.method in ("count", "paths"):
        differing = _counting_nothing(differing)
    told = differing.assign(
        change=differing["new_value"] - differing["published_value"],
        by_definition=differing["old_value"] - differing["published_value"],
        reason=_reasons(differing),
    )
    comparable = told["reason"].isna()
    moved = comparable & (told["old_value"] != told["new_value"])
    states = pd.DataFrame(dict.fromkeys(VALUES, told["old_value"])).where(comparable)
    if moved.any():
        try:
            walked = _walked(comparison, metric, told[moved], levels)
            states.loc[moved, :] = walked.to_numpy()
        except NotDecomposable as why:
            told.loc[moved, "reason"] = f"not decomposable: {why}"
            states.loc[moved, :] = np.nan
    told.loc[told["reason"].notna(), "by_definition"] = np.nan
    for part, before, after in zip(list(PARTS)[1:], VALUES[:-1], VALUES[1:], strict=True):
        told[part] = states[after] - states[before]
    told["unexplained"] = told["new_value"] - states[VALUES[-1]]
    return told.drop(columns="old_value").rename(columns={"published_value": "old_value"})


def _counting_nothing(differing: pd.DataFrame) -> pd.DataFrame:
    """A count of an organisation or period that was not there, or is there no more, is a count of nothing."""
    counts = differing.copy()
    for was, values in (("was_there", ["published_value"]), ("is_there", ["new_value", "new_numerator"])):
        counts.loc[~counts[was].astype(bool), values] = 0.0
        counts[was] = True
    unseen = counts["old_numerator"].isna()
    counts.loc[unseen, ["old_value", "old_numerator"]] = 0.0
    return counts[counts["published_value"] != counts["new_value"]]


def _walked(
    comparison: Comparison, metric: Metric, moved: pd.DataFrame, levels: tuple[str, ...]
) -> pd.DataFrame:
    if metric.method == "spend_to_date":
        return spend_by_state(comparison, moved)
    if not load_steps(comparison, metric, levels):
        raise NotDecomposable("no units are kept for this metric")
    return values_by_state(comparison, metric, moved, levels)[VALUES]


def _reasons(differing: pd.DataFrame) -> pd.Series:
    """Why a change has no parts; empty where it has."""
    conditions: Mapping[str, pd.Series] = {
        NOT_BEFORE: ~differing["was_there"].astype(bool),
        NOT_NOW: ~differing["is_there"].astype(bool),
        NO_OLD_VALUE: differing["published_value"].isna(),
        NO_NEW_VALUE: differing["new_value"].isna(),
        NOT_TODAY: differing["old_value"].isna(),
    }
    reasons = np.select(list(conditions.values()), list(conditions), default="")
    return pd.Series(reasons, index=differing.index, dtype=object).replace("", None)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Typed also when empty: the table is published."""
    texts = [*[name for name in KEY if name != "period_start"], "reason"]
    numbers = ["old_value", "new_value", "change", *PARTS, "unexplained"]
    kinds: dict[str, str] = dict.fromkeys(texts, "string") | dict.fromkeys(numbers, "float64")
    return frame.astype({**kinds, "period_start": "datetime64[us]"}).reset_index(drop=True)
