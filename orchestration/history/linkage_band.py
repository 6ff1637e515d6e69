"""How far England's figures hang on doubtful links between people: the same build with fewer and with more links.

Strict: only exact numbers and reviewers' decisions. Lenient: doubtful pairs too. Each costs a build, so a band is made
only where linkage is uncertain (:mod:`orchestration.identity.rules`), or when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pandas as pd

from dbt_project.registry import load_metrics
from orchestration.builds import Build
from orchestration.history.scenario import with_links
from orchestration.identity.rules import UNCERTAIN_KEYS, UNCERTAIN_SHARE
from orchestration.identity.store import LINK_FILE
from orchestration.settings import Settings

TABLE = "fct_linkage_band"
PUBLISHED_CLASSES = ("A", "B")  # England's figures of these are published as they are
KEY = ("metric_id", "strand", "sector", "period_start", "period_grain", "geography")
COLUMNS = {
    **dict.fromkeys(KEY, "varchar"),
    "period_start": "date",
    "value": "double",
    "strict": "double",
    "lenient": "double",
}

Progress = Callable[[str], None]


def is_uncertain(settings: Settings) -> bool:
    """Whether enough keys are doubtful for figures to hang on them."""
    path = settings.raw / LINK_FILE
    if not path.exists():
        return False
    with duckdb.connect() as connection:
        doubtful, every = connection.execute(
            f"select count(*) filter (certainty = 'doubtful'), count(*) from read_parquet('{path}')"
        ).fetchall()[0]
    return bool(doubtful >= UNCERTAIN_KEYS and doubtful >= UNCERTAIN_SHARE * every)


def for_release(settings: Settings, build: Build, progress: Progress) -> pd.DataFrame:
    """The band of a build's publishable figures of England; no rows where linkage is certain enough."""
    if not is_uncertain(settings):
        return _nothing()
    progress("linkage is uncertain: building again with fewer and with more links")
    rows = band(settings, build, progress)
    metrics = load_metrics()
    publishable = [key for key, metric in metrics.items() if metric.disclosure_class in PUBLISHED_CLASSES]
    return rows[rows["metric_id"].isin(publishable)].reset_index(drop=True)


def band(settings: Settings, build: Build, progress: Progress, metric_id: str | None = None) -> pd.DataFrame:
    """England's figures that move: by the rules, strict and lenient. Columns :data:`COLUMNS`.

    Raises :class:`orchestration.history.picture.NotRebuildable`.
    """
    strict = with_links(settings, build, "strict", progress)
    lenient = with_links(settings, build, "lenient", progress)
    with duckdb.connect() as connection:
        for name, path in (
            ("standard", build.path(settings)),
            ("strict", strict.path),
            ("lenient", lenient.path),
        ):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        keys = ", ".join(KEY)
        wanted = "" if metric_id is None else "and metric_id = $metric"
        return connection.execute(
            f"select {keys}, standard.value, strict.value as strict, lenient.value as lenient "
            "from standard.marts.fct_metric_value as standard "
            f"inner join strict.marts.fct_metric_value as strict using (org_level, org_code, {keys}) "
            f"inner join lenient.marts.fct_metric_value as lenient using (org_level, org_code, {keys}) "
            f"where org_level = 'england' {wanted} and (standard.value is distinct from strict.value "
            f"or standard.value is distinct from lenient.value) order by {keys}",
            {} if metric_id is None else {"metric": metric_id},
        ).df()


def _nothing() -> pd.DataFrame:
    with duckdb.connect() as connection:
        empty = ", ".join(f"null::{kind} as {name}" for name, kind in COLUMNS.items())
        return connection.execute(f"select {empty} where false").df()
