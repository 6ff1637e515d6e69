"""Data quality: what arrived, what the gate checked, what to keep in mind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dashboards import formatting, messages, wording
from dashboards.blocks import Block, Cell, Column, DataTable, Heading, Notice, Page, Table
from dashboards.pages import Nav
from dashboards.site import Feed, Site, records

NAV = Nav(8, "Data quality", "quality.html")
_LONG_TABLE = 20  # rows from which a search box helps
_FEED_TONE = {"received": "green", "missing": "red", "stale": "orange"}
_CHECK_TONE = {"passed": "green", "failed": "red", "crashed": "red"}
_STATUS_ORDER = {"crashed": 0, "failed": 1, "passed": 2}
_SEVERITY_ORDER = {"critical": 0, "warning": 1, "info": 2}


def pages(site: Site) -> Iterator[Page]:
    """The one data-quality page."""
    feeds = list(site.feeds.values())
    checks = records(site.inputs.check_result)
    blocks: list[Block] = [Heading("Data received", "feeds")]
    blocks.append(_feeds(feeds) if feeds else Notice("No feed is recorded for this release."))
    blocks.append(Heading("Checks before publication", "checks"))
    if checks:
        failing = [check for check in checks if check["status"] != "passed"]
        passed = [check for check in checks if check["status"] == "passed"]
        if failing:
            blocks.append(_checks(failing, "checks-failed", "Checks that did not pass"))
        blocks += _passed(site, passed)
    else:
        blocks.append(Notice("No check is recorded for this release."))
    yield Page(NAV.path, "Can these figures be trusted?", _message(site, feeds, checks), blocks)


def _message(site: Site, feeds: list[Feed], checks: list[dict[str, Any]]) -> str:
    received = sum(feed.status == "received" for feed in feeds)
    passed = sum(check["status"] == "passed" for check in checks)
    text = (
        f"Checks {wording.gate_result(site.release.gate_status)}: "
        f"{passed:,} of {len(checks):,} passed. "
        f"{received} of {len(feeds)} feeds are in and current."
    )
    missing = [feed.title for feed in feeds if feed.status == "missing"]
    late = [feed.title for feed in feeds if feed.status == "stale"]
    named = [
        f"{word}: {messages.listed(titles)}."
        for word, titles in (("Missing", missing), ("Late", late))
        if titles
    ]
    return " ".join((text, *named))


def _feeds(feeds: list[Feed]) -> DataTable:
    rows = tuple(
        (
            Cell(feed.title),
            Cell(wording.FEED_STATUS.get(feed.status, feed.status), tone=_FEED_TONE.get(feed.status, "grey")),
            Cell(formatting.day(feed.latest_data) if feed.latest_data else wording.NOTHING),
            _count(feed.files),
            _count(feed.rows_accepted),
            _count(feed.rows_quarantined),
            _count(feed.files_refused),
            Cell(feed.owner),
        )
        for feed in feeds
    )
    columns = (
        Column("Feed"),
        Column("Status", whole=True),
        Column("Newest data", whole=True),
        Column("Files", True),
        Column("Rows accepted", True),
        Column("Rows held back", True),
        Column("Files refused", True),
        Column("Owner"),
    )
    return DataTable("feeds-table", "", Table("Feeds of this release", columns, rows), level=3)


def _count(number: int) -> Cell:
    return Cell(f"{number:,}", float(number))


def _checks(checks: list[dict[str, Any]], table_id: str, title: str) -> DataTable:
    ordered = sorted(
        checks,
        key=lambda check: (
            _SEVERITY_ORDER.get(str(check["severity"]), 9),
            _STATUS_ORDER.get(str(check["status"]), 9),
            str(check["asset"]),
            str(check["check_id"]),
        ),
    )
    rows = tuple(
        (
            Cell(_words(check["description"]) or _words(check["check_id"])),
            Cell(
                wording.CHECK_STATUS.get(str(check["status"]), str(check["status"])),
                tone=_CHECK_TONE.get(str(check["status"]), "grey"),
            ),
            Cell(wording.SEVERITY.get(str(check["severity"]), str(check["severity"]))),
            Cell(_words(check["seen"])),
            Cell(_words(check["bound"])),
            Cell(_words(check["asset"])),
            Cell(_words(check["owner"])),
        )
        for check in ordered
    )
    columns = (
        Column("Check"),
        Column("Result", whole=True),
        *(Column(label) for label in ("Weight", "Seen", "Allowed", "Table", "Owner")),
    )
    return DataTable(
        table_id,
        title,
        Table(title, columns, rows),
        filter_label="Find a check" if len(rows) > _LONG_TABLE else "",
        level=3,
    )


def _passed(site: Site, passed: list[dict[str, Any]]) -> list[Block]:
    """The checks that passed, folded away by the table they are of: hundreds of rows that few want to see at once."""
    by_asset: dict[str, list[dict[str, Any]]] = {}
    for check in passed:
        by_asset.setdefault(_words(check["asset"]), []).append(check)
    folds: list[Block] = []
    for asset, checks in sorted(by_asset.items()):
        feed = site.feeds.get(asset.rpartition(".")[2])
        named = f"{feed.title} ({asset})" if feed else asset
        count = f"{len(checks):,} check{'' if len(checks) == 1 else 's'} passed"
        table = _checks(checks, f"passed-{formatting.slug(asset)}", f"{named}: {count}")
        folds.append(replace(table, folded=True))
    return [Heading("Checks that passed", "checks-passed"), *folds] if folds else []


def _words(value: Any) -> str:
    text = "" if value is None else str(value)
    return "" if text in ("nan", "None", "<NA>") else text
