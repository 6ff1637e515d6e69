"""The board pack: chosen pages of a finished site as one tagged PDF, for reading on paper and in meetings.

It shows what the pages show, from the same blocks and the same pictures; nothing in it is drawn or counted again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import PdfMargins, sync_playwright

from dashboards import content, formatting, wording
from dashboards.blocks import Page
from dashboards.frontend import INSTALL_HINT, find_browser
from dashboards.index import FIGURES
from dashboards.inputs import SiteInputs
from dashboards.pages import discover
from dashboards.pictures import BROWSER_ARGUMENTS
from dashboards.site import Site

FILE_NAME = "board-pack.pdf"
_FOLDER = Path(__file__).parent
_STYLE = _FOLDER / "static" / "board_pack.css"
_FOOTER = (
    '<div style="width:100%;margin:0 15mm;font:8px Arial,sans-serif;color:#4c6272;display:flex;'
    'justify-content:space-between"><span>{text}</span>'
    '<span><span class="pageNumber"></span> of <span class="totalPages"></span></span></div>'
)
_NO_HEADER = "<span></span>"
_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}\+00'00'\)")
_MARGIN: PdfMargins = {"top": "15mm", "bottom": "18mm", "left": "15mm", "right": "15mm"}


class BoardPackError(RuntimeError):
    """The board pack cannot be made; the message says what is missing or not known."""


def board_pack(
    site_folder: Path,
    site: Site,
    known: Sequence[Page],
    *,
    pages: Sequence[str] = (),
    browser: Path | None = None,
    cache_dir: Path | None = None,
) -> bytes:
    """The PDF of ``pages`` (paths within the site; default: those of :data:`dashboards.content.BOARD_PACK`).

    ``known`` are all pages of ``site``, ``site_folder`` where their pictures and the index of them lie. ``cache_dir``
    keeps packs by their content. The same site and browser give the same bytes. Raises :class:`BoardPackError` for a
    page that is not known, without pictures, and without a browser that starts.
    """
    by_path = {page.path: page for page in known}
    chosen = [by_path[path] for path in _paths(by_path, pages)]
    html = _html(site, chosen, _pictures(site_folder, chosen))
    key = hashlib.sha256(html.encode()).hexdigest()[:20]
    kept = cache_dir / f"{key}.pdf" if cache_dir else None
    if kept and kept.is_file():
        return kept.read_bytes()
    pdf = _settled(_printed(html, site, find_browser(browser)), site.release.published_at)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pdf)
    return pdf


def board_pack_of(site_folder: Path, inputs: SiteInputs, pages: Sequence[str]) -> bytes:
    """The PDF of chosen pages of a finished site. Raises :class:`BoardPackError`."""
    site = Site(inputs)
    known = [page for module in discover() for page in module.pages(site)]
    return board_pack(site_folder, site, known, pages=pages)


def _paths(known: dict[str, Page], wanted: Sequence[str]) -> list[str]:
    """Page paths in the order asked for. Raises :class:`BoardPackError`."""
    unknown = [path for path in wanted if path not in known]
    if unknown:
        raise BoardPackError(
            f"no page {', '.join(unknown)} in this release; pages are named as in its sitemap, such as index.html"
        )
    default = [path for start in content.BOARD_PACK for path in sorted(known) if path.startswith(start)]
    return list(dict.fromkeys(wanted or default))


def _pictures(site_folder: Path, chosen: Iterable[Page]) -> dict[str, str]:
    """The wide picture of every chart by page and id, as an address that holds it. Raises :class:`BoardPackError`."""
    listed = json.loads((site_folder / FIGURES).read_text(encoding="utf-8"))["pages"]
    paths = {chart["link"]: chart["picture"] for page in listed for chart in page["charts"]}
    found: dict[str, str] = {}
    for page in chosen:
        for figure in page.figures:
            link = f"{page.path}#{figure.id}"
            if not paths.get(link):
                raise BoardPackError(f"the charts of this release have no pictures: {INSTALL_HINT}")
            svg = (site_folder / paths[link]).read_bytes()
            found[link] = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    return found


def _html(site: Site, chosen: Sequence[Page], pictures: dict[str, str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("board_pack.jinja").render(
        site=site,
        release=site.release,
        pages=chosen,
        pictures=pictures,
        style=_STYLE.read_text(encoding="utf-8"),
        wording=wording,
        day=formatting.day,
        most_rows=content.BOARD_PACK_ROWS,
    )


def _printed(html: str, site: Site, browser: Path | None) -> bytes:
    """The pages as Chromium prints them, without scripts. Raises :class:`BoardPackError`."""
    if browser is None:
        raise BoardPackError(f"the board pack needs a Chromium: {INSTALL_HINT}")
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=str(browser), args=list(BROWSER_ARGUMENTS))
        except BrowserError as error:
            reason = str(error).partition("\n")[0]
            raise BoardPackError(f"the browser did not start: {reason}") from error
        try:
            page = chromium.new_context(java_script_enabled=False, offline=True).new_page()
            page.set_content(html, wait_until="load")
            return page.pdf(
                format="A4",
                tagged=True,
                outline=True,
                print_background=True,
                display_header_footer=True,
                header_template=_NO_HEADER,
                footer_template=_FOOTER.format(text=f"{wording.SERVICE_NAME}, {site.release.release_id}"),
                margin=_MARGIN,
            )
        finally:
            chromium.close()


def _settled(pdf: bytes, published_at: datetime) -> bytes:
    """The PDF dated by its release instead of by the moment of printing; lengths, and so addresses, stay."""
    stamp = published_at.strftime("%Y%m%d%H%M%S").encode()
    return _DATES.sub(lambda found: b"/" + found.group(1) + b" (D:" + stamp + b"+00'00')", pdf)
