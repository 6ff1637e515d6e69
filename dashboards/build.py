"""Assembles the site: pages from the page folder, pictures, tables as CSV, shared files, and the manifest."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards import downloads, formatting, theme, wording
from dashboards.assets import Assets, content_hash, write_asset, write_assets
from dashboards.blocks import Figure, Page, Table
from dashboards.board_pack import FILE_NAME as BOARD_PACK
from dashboards.board_pack import board_pack
from dashboards.frontend import FrontEnd, find_browser, find_front_end
from dashboards.index import sitemap_page, write_index
from dashboards.inputs import SiteInputs
from dashboards.pages import PageModule, discover
from dashboards.pictures import Job, Pictures, chart_json, compact, job
from dashboards.site import Site

TEMPLATE_DIR = Path(__file__).parent / "templates"
MANIFEST = "manifest.json"
NO_BROWSER = "no Chromium was found, so charts have no pictures: tables and live charts are complete"


@dataclass(frozen=True)
class SiteReport:
    """What a build made. ``seconds`` is for logs only and never enters the site."""

    pages: int
    figures: int
    pictures_drawn: int
    pictures_cached: int
    files: int
    size_bytes: int
    seconds: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """The two pictures of a figure: site-relative paths and the heights they were drawn for."""

    wide: str
    narrow: str


@dataclass(frozen=True)
class About:
    """What stands below every chart of a measure."""

    why: str
    quality: str


@dataclass
class _Work:
    """What one build carries from step to step."""

    out: Path
    site: Site
    modules: tuple[PageModule, ...]
    pages: list[Page]
    assets: Assets
    pictures: dict[tuple[str, str], Picture] = field(default_factory=dict[tuple[str, str], Picture])


def build_site(
    inputs: SiteInputs,
    out: Path,
    *,
    parts: FrontEnd | None = None,
    browser: Path | None = None,
    cache_dir: Path | None = None,
    pictures: bool = True,
) -> SiteReport:
    """Write the whole site into ``out`` (created; must be empty) and report what was made.

    ``browser`` names a Chromium; without it one is looked for. ``cache_dir`` keeps pictures between builds.
    ``pictures=False`` builds without any. The same inputs and parts give the same bytes.
    Raises FileExistsError where ``out`` is not empty, RuntimeError where a chart cannot be drawn.
    """
    started = time.monotonic()
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out.name} is not empty: a release is written once")
    out.mkdir(parents=True, exist_ok=True)
    parts = parts or find_front_end()
    site = Site(inputs)
    modules = discover()
    pages = [page for module in modules for page in module.pages(site)]
    pages.append(sitemap_page(pages, (module.nav for module in modules if module.nav)))
    work = _Work(out, site, modules, pages, write_assets(out, parts))
    chromium = find_browser(browser, parts.folder) if pictures else None
    studio = Pictures(parts.plotly_source(), chromium, cache_dir if pictures else None)
    _draw(work, studio, content_hash(parts.plotly_source()))
    _write_tables(work)
    downloads.place(out, inputs.release.release_id, inputs.downloads)
    write_index(out, site, pages, csv_path, {key: drawn.wide for key, drawn in work.pictures.items()})
    pack = _write_board_pack(work, chromium, cache_dir) if work.pictures else None
    _write_pages(work, pack)
    files = _write_manifest(work)
    return SiteReport(
        pages=len(pages),
        figures=sum(len(page.figures) for page in pages),
        pictures_drawn=studio.drawn,
        pictures_cached=studio.cached,
        files=files,
        size_bytes=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
        seconds=round(time.monotonic() - started, 2),
        notes=parts.notes + _picture_notes(chromium, studio),
    )


def _picture_notes(chromium: Path | None, studio: Pictures) -> tuple[str, ...]:
    if chromium is None:
        return (NO_BROWSER,)
    return (
        (f"the browser did not start, so charts have no pictures: {studio.problem}",)
        if studio.problem
        else ()
    )


def csv_path(page: Page, block_id: str) -> str:
    """Where the CSV of a figure or table lies in the site."""
    return f"data/{formatting.slug(page.path.removesuffix('.html'))}-{block_id}.csv"


def _draw(work: _Work, studio: Pictures, bundle_hash: str) -> None:
    jobs: list[tuple[Page, Figure, Job, Job]] = [
        (page, figure, job(figure, bundle_hash, narrow=False), job(figure, bundle_hash, narrow=True))
        for page in work.pages
        for figure in page.figures
    ]
    drawn = studio.render(each for _, _, wide, narrow in jobs for each in (wide, narrow))
    paths = {key: _save_picture(work.out, svg) for key, svg in drawn.items()}
    for page, figure, wide, narrow in jobs:
        if wide.key in paths and narrow.key in paths:
            work.pictures[page.path, figure.id] = Picture(paths[wide.key], paths[narrow.key])


def _save_picture(out: Path, svg: str) -> str:
    path = f"pictures/{content_hash(svg)}.svg"
    target = out / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(svg, encoding="utf-8", newline="\n")
    return path


def _write_tables(work: _Work) -> None:
    for page in work.pages:
        tables: list[tuple[str, Table]] = [(figure.id, figure.table) for figure in page.figures]
        tables += [(block.id, block.table) for block in page.tables]
        for block_id, table in tables:
            target = work.out / csv_path(page, block_id)
            if target.exists():
                raise ValueError(f"{page.path}: two blocks carry the id {block_id}")
            target.parent.mkdir(exist_ok=True)
            # The byte-order mark lets spreadsheet programs read the file as UTF-8.
            target.write_text(table.as_csv(), encoding="utf-8-sig", newline="\n")


def _write_board_pack(work: _Work, chromium: Path | None, cache_dir: Path | None) -> str:
    """Put the board pack among the files to download and return where; its pictures are those of the pages."""
    path = downloads.site_path(work.site.release.release_id, downloads.Download(Path(BOARD_PACK), ""))
    pdf = board_pack(work.out, work.site, work.pages, browser=chromium, cache_dir=cache_dir)
    target = work.out / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(pdf)
    return path


def _write_pages(work: _Work, pack: str | None) -> None:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE_DIR),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared: dict[str, Any] = {
        "wording": wording,
        "theme": theme,
        "release": work.site.release,
        "nav": [module.nav for module in work.modules if module.nav],
        "assets": work.assets,
        "day": formatting.day,
        "board_pack": pack,
        "slug": formatting.slug,
        "shared_json": compact,
        "about": {
            metric.id: About(metric.why, work.site.quality(metric))
            for metric in work.site.inputs.metrics.values()
        },
    }
    environment.globals.update(shared)
    template = environment.get_template("page.jinja")
    for page in work.pages:
        target = work.out / page.path
        target.parent.mkdir(parents=True, exist_ok=True)
        charts = {
            figure.id: compact({**chart_json(figure), "heights": [figure.height, figure.height_narrow]})
            for figure in page.figures
        }
        html = template.render(
            page=page,
            root="../" * page.path.count("/"),
            section=page.nav or page.path,
            pictures={figure.id: work.pictures.get((page.path, figure.id)) for figure in page.figures},
            charts=charts,
            csv={block.id: csv_path(page, block.id) for block in (*page.figures, *page.tables)},
            cubes=_write_cubes(work.out, page),
        )
        target.write_text(html, encoding="utf-8", newline="\n")


def _write_cubes(out: Path, page: Page) -> dict[str, str]:
    """The scripts with the cells of the measures a page lets its reader choose: path by measure."""
    return {
        measure.id: write_asset(out, f"cube-{formatting.slug(measure.id)}.js", measure.script)
        for explorer in page.explorers
        for measure in explorer.measures
    }


def _write_manifest(work: _Work) -> int:
    """SHA-256 of every file, in path order; the manifest itself is not in it."""
    sums = {
        path.relative_to(work.out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(work.out.rglob("*"))
        if path.is_file()
    }
    body = {"release_id": work.site.release.release_id, "files": sums}
    (work.out / MANIFEST).write_text(
        json.dumps(body, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n"
    )
    return len(sums) + 1
