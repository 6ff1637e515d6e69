"""One asset per raw table, made from the feed contracts; a check on each says what the intake refused."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dbt_project.registry import Feed, Table, load_feeds
from orchestration.assets.naming import PERSON_LINK, owner, raw_key
from orchestration.identity import open_store
from orchestration.ingest import FeedIntake, ingest_all, ingest_feed
from orchestration.ingest.intake import Step
from orchestration.progress import announcer
from orchestration.resources import Home
from orchestration.settings import Settings

INTAKE_CHECK = "intake"
REGISTER_FEED = "gphc_register"  # whose entries anchor identities
MESSAGES_SHOWN = 50
FEEDS = load_feeds()


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=column.name, type=column.sql_type, description=column.description)
            for column in table.raw_columns
        ]
    )


def _spec(feed: Feed, table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=raw_key(feed, table),
        group_name="feeds",
        owners=[owner(feed)],
        description=f"{table.description} {feed.description} One row: {table.grain}.",
        kinds={"parquet", "python"},
        skippable=True,
        metadata={
            "dagster/column_schema": _schema(table),
            "cadence": feed.cadence,
            "licence": feed.licence,
            "contract": f"dbt_project/models/staging/{feed.id}/_{feed.id}__sources.yml",
        },
    )


def _check(feed: Feed, table: Table) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        INTAKE_CHECK,
        asset=raw_key(feed, table),
        description="No file was refused and no row was quarantined; what was refused never reaches raw.",
    )


@dg.multi_asset(
    specs=[_spec(feed, table) for feed in FEEDS.values() for table in feed.tables],
    check_specs=[_check(feed, table) for feed in FEEDS.values() for table in feed.tables],
    can_subset=True,
    name="ingest",
)
def ingest(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[Any]]:
    """Take in what has landed, for every feed or for those chosen."""
    settings = home.settings()
    chosen = [feed for feed in FEEDS.values() if raw_key(feed, feed.tables[0]) in context.selected_asset_keys]
    announce = announcer(context)
    for feed_id, intake in _take(context, settings, chosen).items():
        if intake.files:
            announce(
                f"{feed_id or 'no feed'}: {len(intake.taken)} files taken, {len(intake.refused)} refused, "
                f"{len(intake.duplicates)} seen before"
            )
        for report in intake.refused:
            context.log.warning(report.message)
        if feed_id is not None:
            yield from _results(FEEDS[feed_id], intake)


def _take(
    context: dg.AssetExecutionContext, settings: Settings, chosen: list[Feed]
) -> dict[str | None, FeedIntake]:
    def step(done: Step) -> None:
        context.log.info(f"{done.done} of {done.total}: {done.name}: {done.report.outcome}")

    if len(chosen) == len(FEEDS):
        return {intake.feed: intake for intake in ingest_all(settings, progress=step).feeds}
    return {feed.id: ingest_feed(settings, feed.id, progress=step) for feed in chosen}


def _results(feed: Feed, intake: FeedIntake) -> Iterator[dg.MaterializeResult[Any]]:
    quarantined = sum(report.rows_quarantined for report in intake.files)
    lines = [f"- {report.outcome}: {report.message}" for report in intake.files if report.message][
        :MESSAGES_SHOWN
    ]
    for table in feed.tables:
        yield dg.MaterializeResult(
            asset_key=raw_key(feed, table),
            metadata={
                "files_taken": len(intake.taken),
                "files_refused": len(intake.refused),
                "files_unchanged": intake.unchanged,
                "duplicates": len(intake.duplicates),
                "rows_accepted": sum(report.rows_accepted for report in intake.files),
                "rows_quarantined": quarantined,
                "messages": dg.MetadataValue.md("\n".join(lines) or "none"),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name=INTAKE_CHECK,
                    asset_key=raw_key(feed, table),
                    passed=not intake.refused and not quarantined,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"refused": len(intake.refused), "rows_quarantined": quarantined},
                )
            ],
        )


@dg.asset(
    key=PERSON_LINK,
    deps=[raw_key(feed, table) for feed in FEEDS.values() if feed.persons for table in feed.tables],
    group_name="identity",
    owners=["data-team@programme.example"],
    kinds={"parquet", "duckdb"},
    description="Which pseudonyms are one person, decided in the restricted identity store; no identifier leaves it.",
)
def person_link(home: Home) -> dg.MaterializeResult[Any]:
    """Decide the links again from everything the store holds."""
    with open_store(home.settings()) as store:
        summary = store.resolve(REGISTER_FEED)
    return dg.MaterializeResult(metadata=dict(vars(summary)))
