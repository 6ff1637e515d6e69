"""Names the asset modules share: keys, groups, owners."""

from __future__ import annotations

import dagster as dg

from dbt_project.registry import Feed, Table

PERSON_LINK = dg.AssetKey(["build", "person_link"])
MARTS = ("fct_metric_value", "fct_metric_breakdown", "fct_event", "fct_deployment", "dim_organisation")


def raw_key(feed: Feed, table: Table) -> dg.AssetKey:
    """Key of a raw table: the one dagster-dbt gives the dbt source of the same name."""
    return dg.AssetKey([feed.id, table.name])


def owner(feed: Feed) -> str:
    """Owner of a feed as Dagster wants it: an e-mail address."""
    return feed.owner_email
