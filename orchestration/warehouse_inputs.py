"""What a build reads: the raw files that stand, as the ledger knows them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from dbt_project.registry import Feed, load_feeds
from orchestration.builds import Input
from orchestration.fingerprint import file_sha256, inputs_hash
from orchestration.history import vintages
from orchestration.identity.store import ERASED_FILE, LINK_FILE
from orchestration.ingest.landing import scan
from orchestration.ingest.ledger import FeedStatus, Ledger, Receipt
from orchestration.settings import Settings

Linkage = Literal["standard", "strict", "lenient"]
UNKNOWN_VINTAGE = date(1970, 1, 1)  # of a build from nothing at all


@dataclass(frozen=True)
class Inputs:
    """The standing raw files and how each feed is doing."""

    files: tuple[Input, ...]
    superseded: tuple[str, ...]  # returns replaced inside a file that still stands, as text
    links: str  # hash of the links between pseudonyms, empty without any
    status: dict[str, FeedStatus]
    as_at: date | None
    vintages: tuple[str, ...] = ()  # names of the earlier vintages that are kept
    # by feed, every return as it came, those replaced since among them
    receipts: dict[str, tuple[Receipt, ...]] = field(default_factory=dict[str, tuple[Receipt, ...]])
    linkage: Linkage = "standard"  # which links between people count
    erased: str = ""  # hash of the tombstones of people erased on request, empty without any

    @property
    def vintage(self) -> date:
        """Data cut-off: the newest day on which any feed told us anything, or the day asked for.

        Reference snapshots (contract: ``vintage``) count only where nothing else has landed: an undated one is
        dated by its receipt, which says nothing about the programme.
        """
        feeds = load_feeds()
        told = {
            feed: found.latest_reported_at for feed, found in self.status.items() if found.latest_reported_at
        }
        clocked = [day for feed, day in told.items() if not feeds[feed].vintage]
        newest = max(clocked or told.values(), default=self.as_at or UNKNOWN_VINTAGE)
        return min(newest, self.as_at) if self.as_at else newest

    def digest(self) -> str:
        """Hash of everything a build depends on but the code."""
        parts = [(item.feed, item.table, item.sha256) for item in self.files]
        came = [
            (feed, str(sorted(receipt.return_key.items())), str(receipt.reported_at))
            for feed, receipts in self.receipts.items()
            for receipt in receipts
        ]
        return inputs_hash(
            [
                *parts,
                *came,
                ("superseded", *self.superseded),
                ("links", self.links),
                ("vintages", *self.vintages),
                ("as_at", str(self.as_at)),
                *([] if self.linkage == "standard" else [("linkage", self.linkage)]),
                *([("erased", self.erased)] if self.erased else []),
            ]
        )


def collect(settings: Settings, among: Collection[str] | None = None) -> Inputs:
    """Read the ledger, as at the settings' day. Cheap: no raw file is opened.

    ``among``: as if only the files of these hashes had ever come.
    """
    files: list[Input] = []
    superseded: list[str] = []
    status: dict[str, FeedStatus] = {}
    receipts: dict[str, tuple[Receipt, ...]] = {}
    with Ledger(settings.ledger) as ledger:
        for feed in load_feeds().values():
            for table in feed.tables:
                for found in ledger.current_files(feed.id, table.name, settings.as_at, among):
                    files.append(Input(feed.id, table.name, found.sha256))
                    superseded += [f"{found.sha256}:{sorted(key.items())}" for key in found.superseded]
            status[feed.id] = ledger.status(feed.id, _tables(feed), settings.as_at, among)
            receipts[feed.id] = ledger.receipts(feed.id, settings.as_at, among)
    links = settings.raw / LINK_FILE
    digest = file_sha256(links) if links.exists() else ""
    erased = settings.raw / ERASED_FILE
    found = Inputs(
        tuple(files),
        tuple(sorted(superseded)),
        digest,
        status,
        settings.as_at,
        receipts=receipts,
        erased=erased.read_text(encoding="ascii").strip() if erased.exists() else "",
    )
    return replace(found, vintages=vintages.before(settings, found.vintage))


def pending(settings: Settings) -> bool:
    """Whether the landing folder holds a file the ledger has not looked into as it is now."""
    with Ledger(settings.ledger) as ledger:
        seen = ledger.seen()
    return any(file.name not in seen or seen[file.name][0] != file.stamp for file in scan(settings.landing))


def refused_files(settings: Settings) -> dict[str, str]:
    """Every file the ledger has refused: its hash and the one line that says why."""
    with Ledger(settings.ledger) as ledger:
        return {
            report.sha256: report.message
            for report in ledger.reports()
            if report.outcome == "refused" and report.sha256 is not None
        }


def _tables(feed: Feed) -> list[str]:
    return [table.name for table in feed.tables]
