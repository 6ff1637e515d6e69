"""The tables an answer is read from: the release, the newest build, or the picture as known on a day."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dbt_project.registry import Metric, load_metrics, load_programme
from orchestration import builds
from orchestration.history.picture import Picture
from orchestration.settings import Settings

Progress = Callable[[str], None]


def picture_of(settings: Settings, progress: Progress) -> Picture | None:
    """The warehouse behind an answer: the newest build, or as at the settings' day; None without any build.

    Raises :class:`orchestration.history.picture.NothingKnown`.
    """
    if settings.as_at is not None:
        from orchestration.history.scenario import as_known  # brings what a build needs

        return as_known(settings, progress)
    build = builds.newest(settings)
    return Picture(build, settings) if build is not None and build.path(settings).exists() else None


@contextmanager
def opened(
    settings: Settings, metric: Metric, *, exact: bool, progress: Progress
) -> Generator[duckdb.DuckDBPyConnection | None]:
    """``fct_metric_value`` with at least this metric, and ``dim_organisation``; None where nothing is there yet.

    Published figures are those of the live release, so as at a day the picture is put through the same disclosure
    control first. Raises as :func:`picture_of`.
    """
    if not exact and settings.as_at is None:
        path = settings.releases / "current" / "published.duckdb"
        with _read(path if path.exists() else None, "main") as connection:
            yield connection
        return
    picture = picture_of(settings, progress)
    if exact or picture is None:
        with _read(picture.path if picture else None, "marts") as connection:
            yield connection
        return
    with _controlled(picture, metric) as connection:
        yield connection


@contextmanager
def _read(path: Path | None, schema: str) -> Generator[duckdb.DuckDBPyConnection | None]:
    if path is None:
        yield None
        return
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute(f"set schema = '{schema}'")
        yield connection


@contextmanager
def _controlled(picture: Picture, metric: Metric) -> Generator[duckdb.DuckDBPyConnection]:
    from orchestration.disclosed import controlled

    with duckdb.connect() as connection:
        connection.execute(f"attach '{picture.path}' as wh (read_only)")
        figures = controlled(connection, "fct_metric_value", metric, load_metrics(), load_programme())
        connection.register("figures", figures.astype({"symbol": "string"}))
        connection.execute("create table fct_metric_value as from figures")
        connection.execute("create view dim_organisation as from wh.marts.dim_organisation")
        yield connection
