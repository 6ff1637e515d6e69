"""One asset per raw table, made from the feed contracts; a check on each says what the intake refused."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from dbt_project.registry import Feed, Table, load_feeds
from orchestration.assets.naming import PERSON_LINK, owner, raw_key
from orchestration.identity import resolve_people
from orchestration.ingest import FeedIntake, ingest_feed
from orchestration.resources import Home

INTAKE_CHECK = "intake"


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=column.name, type=column.sql_type, description=column.description)
            for column in table.raw_columns
        ]
    )


def _specs(feed: Feed) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            key=raw_key(feed, table),
            group_name="feeds",
            owners=[owner(feed)],
            description=f"{table.description} {feed.description} One row: {table.grain}.",
            kinds={"parquet", "python"},
            metadata={
                "dagster/column_schema": _schema(table),
                "cadence": feed.cadence,
                "licence": feed.licence,
                "contract": f"dbt_project/models/staging/{feed.id}/_{feed.id}__sources.yml",
            },
        )
        for table in feed.tables
    ]


def _checks(feed: Feed) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            INTAKE_CHECK,
            asset=raw_key(feed, table),
            description="No file was refused and no row was quarantined; what was refused never reaches raw.",
        )
        for table in feed.tables
    ]


def _results(feed: Feed, intake: FeedIntake) -> Iterator[dg.MaterializeResult]:  # pyright: ignore[reportMissingTypeArgument]
    for table in feed.tables:
        yield dg.MaterializeResult(
            asset_key=raw_key(feed, table),
            metadata={
                "files_taken": intake.taken,
                "files_refused": intake.refused,
                "duplicates": intake.duplicates,
                "rows_accepted": intake.rows_accepted,
                "rows_quarantined": intake.rows_quarantined,
                "messages": dg.MetadataValue.md("\n".join(f"- {line}" for line in intake.messages[:50]) or "none"),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name=INTAKE_CHECK,
                    asset_key=raw_key(feed, table),
                    passed=not intake.refused and not intake.rows_quarantined,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"refused": intake.refused, "rows_quarantined": intake.rows_quarantined},
                )
            ],
        )


def _feed_asset(feed: Feed) -> dg.AssetsDefinition:
    @dg.multi_asset(specs=_specs(feed), check_specs=_checks(feed), name=f"ingest_{feed.id}")
    def ingest(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult]:  # pyright: ignore[reportMissingTypeArgument]
        intake = ingest_feed(home.settings(), feed)
        for line in intake.messages:
            context.log.warning(line)
        yield from _results(feed, intake)

    return ingest


feed_assets = [_feed_asset(feed) for feed in load_feeds().values()]


@dg.asset(
    key=PERSON_LINK,
    deps=[raw_key(feed, table) for feed in load_feeds().values() if feed.persons for table in feed.tables],
    group_name="identity",
    owners=["data-team@programme.example"],
    kinds={"parquet", "duckdb"},
    description="Which pseudonyms are one person, decided in the restricted identity store; no identifier leaves it.",
)
def person_link(home: Home) -> dg.MaterializeResult:  # pyright: ignore[reportMissingTypeArgument]
    links = resolve_people(home.settings())
    return dg.MaterializeResult(metadata={"links": links})
