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

publish_only = dg.define_asset_job(
    "publish_only",
    selection=dg.AssetSelection.assets("published_release"),
    description="Publish the newest build again; refused unless its stored verdict lets it pass.",
)
