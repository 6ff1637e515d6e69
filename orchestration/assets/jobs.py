"""Jobs: everything, one per feed, publish only."""

import dagster as dg

from dbt_project.registry import load_feeds
from orchestration.assets.naming import raw_key

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    description="Ingest every feed, resolve people, build, judge, publish.",
)

feed_jobs = [
    dg.define_asset_job(
        f"ingest_{feed.id}_only",
        selection=dg.AssetSelection.assets(*(raw_key(feed, table) for table in feed.tables)),
        description=f"Take in what has landed for {feed.title}.",
    )
    for feed in load_feeds().values()
]

_TAKEN_IN = dg.AssetSelection.groups("feeds", "identity")

take_in = dg.define_asset_job(
    "take_in",
    selection=_TAKEN_IN,
    description="Ingest every feed and resolve people; nothing is built.",
)

build_and_publish = dg.define_asset_job(
    "build_and_publish",
    selection=dg.AssetSelection.all() - _TAKEN_IN,
    description="Build the warehouse from what stands, judge it, publish it.",
)

publish_only = dg.define_asset_job(
    "publish_only",
    selection=dg.AssetSelection.assets("published_release"),
    description="Publish the newest build again; refused unless its stored verdict lets it pass.",
)
