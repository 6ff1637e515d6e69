"""A fresh generation of the warehouse: raw views over the standing files, then dbt, then the final name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb

from dbt_project.registry import load_feeds
from orchestration import builds, links_kept, locks, raw_check
from orchestration.builds import Build
from orchestration.dbt_runner import NodeResult, build, building_path
from orchestration.fingerprint import code_version, figures_version
from orchestration.history import vintages
from orchestration.ingest.current import relation_sql
from orchestration.ingest.ledger import Ledger
from orchestration.return_receipts import write_receipts
from orchestration.settings import Settings
from orchestration.warehouse_inputs import Inputs, Linkage, collect

# A doubtful link waits for a reviewer; the other two choices say how much hangs on it.
LINKS_THAT_COUNT: dict[Linkage, str] = {
    "standard": "certainty = 'certain'",
    "strict": "certainty = 'certain' and method <> 'probabilistic'",
    "lenient": "true",
}


def build_generation(
    settings: Settings, progress: Callable[[str], None] = lambda _: None
) -> tuple[Build, tuple[NodeResult, ...]]:
    """Build the warehouse from what stands now, or stood on the settings' day, and give it its final name.

    Raises :class:`orchestration.dbt_runner.DbtFailed`; the unfinished generation is deleted then, and earlier
    ones are untouched.
    """
    with locks.exclusive(settings, "run"):
        raw_check.mend(settings, collect(settings).files, progress)
        inputs = collect(settings)
        build_id = builds.next_id(settings, inputs.digest())
        locks.step(settings, "warehouse")
        progress(f"building generation {build_id} from {len(inputs.files)} raw files")
        links_kept.keep(settings, inputs.links)
        done, nodes = make(settings, build_id, inputs)
        vintages.keep(settings, done, asked=done.as_at is not None)
        builds.prune(settings)
        return done, nodes


def make(
    settings: Settings, build_id: str, inputs: Inputs, *, tests: bool = True
) -> tuple[Build, tuple[NodeResult, ...]]:
    """One finished warehouse below ``settings.warehouse`` and its record. Raises as :func:`build_generation`."""
    draft = building_path(settings)
    _clear(draft)
    try:
        _write_raw(settings, draft, build_id, inputs)
        outcome = build(settings, tests=tests)
        _settle(draft)
    except BaseException:
        _clear(draft)
        raise
    done = Build(
        build_id=build_id,
        inputs_hash=inputs.digest(),
        code_version=code_version(),
        vintage=inputs.vintage,
        inputs=inputs.files,
        tests=outcome.tests,
        as_at=inputs.as_at,
        figures_version=figures_version(),
        links=inputs.links,
        vintages=inputs.vintages,
    )
    draft.replace(done.path(settings))
    builds.save(settings, done)
    return done, outcome.nodes


def prepare_raw(settings: Settings, build_id: str) -> None:
    """A generation that holds its raw views and nothing else yet."""
    _clear(building_path(settings))
    _write_raw(settings, building_path(settings), build_id, collect(settings))


def _write_raw(settings: Settings, draft: Path, build_id: str, inputs: Inputs) -> None:
    """Schema ``raw``: one view per promised table, and what the build says of itself."""
    with duckdb.connect() as connection, Ledger(settings.ledger) as ledger:
        connection.execute(f"attach '{draft}' as wh")
        connection.execute("create schema wh.raw")
        # only what was collected: a file taken meanwhile belongs to the next build
        collected = {item.sha256 for item in inputs.files}
        for feed in load_feeds().values():
            for table in feed.tables:
                rows = relation_sql(ledger, settings.home, feed, table, inputs.as_at, collected)
                connection.execute(f"create view wh.raw.{table.name} as {rows}")
        # a table: a vintage may be replaced by a newer build of the same day
        connection.execute(
            f"create table wh.raw.vintage_value as {vintages.relation_sql(settings, inputs.vintages)}"
        )
        links = links_kept.find(settings, inputs.links) if inputs.links else None
        if inputs.links and links is None:
            raise RuntimeError("the links between people changed while the build began: run again")
        found = (
            f"select person_key, resolved_person_key, method from read_parquet('{links}') "
            f"where {LINKS_THAT_COUNT[inputs.linkage]}"
            if links is not None
            else "select null::varchar as person_key, null::varchar as resolved_person_key, "
            "null::varchar as method where false"
        )
        connection.execute(f"create view wh.raw.person_link as {found}")
        write_receipts(connection, inputs.receipts)
        connection.execute(
            "create table wh.raw.build_info as select ?::varchar as build_id, ?::date as vintage",
            [build_id, inputs.vintage],
        )
        connection.execute(
            "create table wh.raw.feed_presence "
            "(feed_id varchar, row_count bigint, latest_reported_at date, grace_days integer, is_in_parts boolean)"
        )
        connection.executemany(
            "insert into wh.raw.feed_presence values (?, ?, ?, ?, ?)",
            [
                [
                    feed.id,
                    inputs.status[feed.id].rows_current,
                    inputs.status[feed.id].latest_reported_at,
                    feed.grace_days,
                    feed.is_in_parts,
                ]
                for feed in load_feeds().values()
            ],
        )


def _settle(draft: Path) -> None:
    """Everything in the one file, nothing in a write-ahead log, and nobody writes it again."""
    with duckdb.connect(str(draft)) as connection:
        connection.execute("checkpoint")
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.chmod(0o440)


def _clear(draft: Path) -> None:
    for path in (draft, draft.with_name(f"{draft.name}.wal")):
        path.unlink(missing_ok=True)
