"""The release listed for readers and for machines: a page with every page, and two files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from dashboards import formatting
from dashboards.blocks import LinkGroup, Links, Page
from dashboards.downloads import Download, site_path
from dashboards.pages import Nav
from dashboards.site import Site
from dashboards.values import ENGLAND
from dbt_project.registry import Metric

FIGURES, SITEMAP, SITEMAP_PAGE = "figures.json", "sitemap.txt", "sitemap.html"
SCHEMA_VERSION = 1
LICENCE = "Open Government Licence v3.0"


def sitemap_page(pages: Iterable[Page], entries: Iterable[Nav]) -> Page:
    """Every page of the release below the entry of the navigation it belongs to."""
    known = list(pages)
    groups: list[LinkGroup] = []
    for entry in entries:
        below = [page for page in known if entry.path in (page.path, page.nav)]
        groups.append(LinkGroup(entry.label, tuple((page.title, page.path) for page in below)))
    return Page(
        SITEMAP_PAGE,
        "Every page of this release",
        f"{len(known)} pages, by section.",
        [Links(tuple(groups), level=2)],
        nav="about.html",
    )


def write_index(
    out: Path,
    site: Site,
    pages: Iterable[Page],
    csv_path: Callable[[Page, str], str],
    pictures: Mapping[tuple[str, str], str],
) -> None:
    """Write the list of pages and the index of charts, tables and measures; all paths are relative to the site.

    ``pictures`` names the wide picture of a chart by page and chart. The index holds England's newest figure of every
    measure as published, and says where all others are.
    """
    listed = sorted(pages, key=lambda page: page.path)
    lines = "".join(f"{page.path}\n" for page in listed)
    (out / SITEMAP).write_text(lines, encoding="utf-8", newline="\n")
    release = site.release
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "release": {
            "id": release.release_id,
            "published_on": release.published_at.date().isoformat(),
            "data_to": release.data_to.isoformat(),
            "next_update": release.next_update.isoformat() if release.next_update else None,
            "checks": release.gate_status,
            "demonstration": release.demonstration,
            "as_at": release.as_at.isoformat() if release.as_at else None,
        },
        "licence": LICENCE,
        "measures": [_measure(site, metric) for metric in site.inputs.metrics.values()],
        "pages": [_page(page, csv_path, pictures) for page in listed],
        "files": [_file(site, download) for download in site.inputs.downloads],
    }
    text = json.dumps(body, indent=1, ensure_ascii=False) + "\n"
    (out / FIGURES).write_text(text, encoding="utf-8", newline="\n")


def _measure(site: Site, metric: Metric) -> dict[str, Any]:
    value = site.values.latest(metric, ENGLAND)
    newest: dict[str, Any] | None = None
    if value is not None:
        newest = {
            "period_start": value.period_start.isoformat(),
            "period_grain": value.grain,
            "value": value.value,
            "lower_95": value.lower,
            "upper_95": value.upper,
            "status": value.status,
            "symbol": value.symbol,
        }
    return {
        "id": metric.id,
        "label": metric.label,
        "unit": metric.unit,
        "definition": f"definitions.html#{formatting.slug(metric.id)}",
        "england": newest,
    }


def _page(
    page: Page, csv_path: Callable[[Page, str], str], pictures: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    return {
        "path": page.path,
        "title": page.title,
        "message": page.message,
        "charts": [
            {
                "link": f"{page.path}#{figure.id}",
                "title": figure.title,
                "measure": figure.metric_id,
                "csv": csv_path(page, figure.id),
                "picture": pictures.get((page.path, figure.id)),
            }
            for figure in page.figures
        ],
        "tables": [
            {"link": f"{page.path}#{block.id}", "title": block.table.caption, "csv": csv_path(page, block.id)}
            for block in page.tables
        ],
    }


def _file(site: Site, download: Download) -> dict[str, Any]:
    return {"path": site_path(site.release.release_id, download), "contents": download.contents}
