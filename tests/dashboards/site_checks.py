"""What must hold of every shipped file, without a browser: each check reads a site and returns what is wrong, in words.

The acceptance tests want every check to return nothing for the built site, and the breakages want the right check to
speak up for a site with one thing broken. Numbers in brackets are the acceptance points of the design.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

from parsed_page import Element
from read_site import ReadSite

from dashboards import ReleaseInfo, formatting, theme, wording

MOST_KILOBYTES = 700
LEAST_CONTRAST = 3.0
MOST_TITLE_WORDS = 22
NAMESPACES = ("http://www.w3.org/",)  # names that nobody fetches
BINARY = (".pdf", ".xlsx", ".zip", ".parquet", ".duckdb")
ADDRESSES = ("href", "src", "srcset", "data-plotly")


def other_hosts(site: ReadSite) -> list[str]:
    """[1] No file of our own names another host; the chart library does in its code, which the browser tests watch."""
    found: list[str] = []
    for path in _texts(site):
        for address in re.findall(r"(?:https?|wss?):?//[^\s\"')<]+", path.read_text(encoding="utf-8")):
            if not address.startswith(NAMESPACES):
                found.append(f"{path.name} names {address}")
    for page, tree in site.pages.items():
        found += [
            f"{page} asks for {value}"
            for element in tree.all()
            for name, value in element.attributes.items()
            if name in ADDRESSES and re.match(r"(?:[a-z]+:)?//", value)
        ]
    return found


def inline_code(site: ReadSite) -> list[str]:
    """[2] A strict policy on every page, and nothing that it would forbid."""
    found: list[str] = []
    for page, tree in site.pages.items():
        policies = tree.all("meta", **{"http-equiv": "Content-Security-Policy"})
        policy = policies[0].attributes["content"] if policies else ""
        if "default-src 'none'" not in policy or "connect-src 'none'" not in policy:
            found.append(f"{page}: the policy does not forbid by default")
        if "unsafe" in policy or "http" in policy or "*" in policy:
            found.append(f"{page}: the policy allows {policy}")
        for script in tree.all("script"):
            if "src" not in script.attributes and script.attributes.get("type") != "application/json":
                found.append(f"{page}: an inline script")
        found += [f"{page}: a style element" for _ in tree.all("style")]
        for element in tree.all():
            if "style" in element.attributes:
                found.append(f"{page}: <{element.tag}> carries a style")
            if handlers := [name for name in element.attributes if name.startswith("on")]:
                found.append(f"{page}: <{element.tag}> carries {', '.join(handlers)}")
    return found


def incomplete_figures(site: ReadSite) -> list[str]:
    """[4] Every chart: name, summary with a number, captioned table with scoped headers, CSV, picture, definition."""
    found: list[str] = []
    for page, tree in site.pages.items():
        for figure in tree.all("figure"):
            where = f"{page}#{figure.attributes.get('id', '?')}"
            found += [f"{where}: {what}" for what in _missing_parts(site, page, figure)]
    return found


def _missing_parts(site: ReadSite, page: str, figure: Element) -> Iterator[str]:
    title = figure.all("h3")
    if not title or figure.attributes.get("aria-labelledby") != title[0].attributes.get("id"):
        yield "is not named by its title"
    elif len(title[0].text.split()) > MOST_TITLE_WORDS:
        yield "the title is long"
    pictures = figure.all("img")
    if not pictures or not re.search(r"\d", pictures[0].attributes.get("alt", "")):
        yield "no picture with alternative text that says a number"
    elif not site.target(page, pictures[0].attributes["src"]).name.endswith(".svg"):
        yield "the picture is not a vector"
    tables = figure.all("table")
    if not tables or not tables[0].one("caption").text:
        yield "no captioned table"
    elif not all(cell.attributes.get("scope") in ("col", "row") for cell in tables[0].all("th")):
        yield "a header cell without scope"
    links = " ".join(a.attributes.get("href", "") + " " for a in figure.all("a"))
    for what, address in (
        ("CSV", ".csv "),
        ("permalink", f"#{figure.attributes.get('id')} "),
        ("definition", "definitions.html#"),
    ):
        if address not in links:
            yield f"no {what}"


def status_missing(site: ReadSite, release: ReleaseInfo) -> list[str]:
    """[12] Data to, published, next update, gate result and release id on every page; and what kind of data."""
    said = (
        formatting.day(release.data_to),
        formatting.day(release.published_at.date()),
        formatting.day(release.next_update),
        wording.gate_result(release.gate_status),
        release.release_id,
    )
    found: list[str] = []
    for page, tree in site.pages.items():
        shown = " ".join(each.text for each in tree.all("dl", class_="site-status"))
        found += [f"{page} does not say {words}" for words in said if words not in shown]
        banners = tree.all(class_="site-banner--demonstration")
        if bool(banners) != release.demonstration:
            found.append(f"{page}: the banner of demonstration data is {'there' if banners else 'missing'}")
    return found


def wrong_sums(site: ReadSite) -> list[str]:
    """[13] The manifest lists every file but itself, with its SHA-256."""
    there = {
        path.relative_to(site.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in site.folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    found = [f"{name} is not in the manifest" for name in sorted(there.keys() - site.manifest.keys())]
    found += [f"{name} is missing" for name in sorted(site.manifest.keys() - there.keys())]
    return found + [
        f"{name} has another sum"
        for name, sha256 in site.manifest.items()
        if there.get(name, sha256) != sha256
    ]


def broken_links(site: ReadSite) -> list[str]:
    """[13] Every local address leads to a file, and its anchor to an element; ids are unique.

    Addresses that leave the site (to the releases beside it) are those of the archive alone.
    """
    ids = {
        page: [e.attributes["id"] for e in tree.all() if "id" in e.attributes]
        for page, tree in site.pages.items()
    }
    found: list[str] = []
    root = site.folder.resolve()
    for page, tree in site.pages.items():
        found += [f"{page}: the id {name} occurs twice" for name, n in Counter(ids[page]).items() if n > 1]
        for element in tree.all():
            for address in (element.attributes[name] for name in ADDRESSES if name in element.attributes):
                file, anchor = urldefrag(address.partition("?")[0] if "?" in address else address)
                if element.attributes.get("rel") == "archives":
                    continue
                there = site.target(page, unquote(file)) if file else root / page
                if not there.is_relative_to(root) or not there.is_file():
                    found.append(f"{page}: {address} leads nowhere")
                    continue
                known = ids.get(there.relative_to(root).as_posix())
                if anchor and known is not None and anchor not in known:
                    found.append(f"{page}: {address} names no element")
    return found


def heavy_pages(site: ReadSite) -> list[str]:
    """[14] What a page loads when it is read to its end, compressed, and one chart library at most."""
    found: list[str] = []
    libraries = list((site.folder / "assets").glob("plotly-*.js"))
    if len(libraries) > 1:
        found.append(f"{len(libraries)} chart libraries are shipped")
    weights: dict[Path, int] = {}
    for page, tree in site.pages.items():
        files = {site.folder / page}
        for element in tree.all():
            names = {"link": ("href",), "script": ("src",), "img": ("src",)}.get(element.tag, ())
            files |= {
                site.target(page, element.attributes[name]) for name in names if name in element.attributes
            }
        if tree.all("figure"):
            files |= set(libraries)
        used = [file for file in files if file.is_file()]
        for file in used:
            if file not in weights:
                weights[file] = len(gzip.compress(file.read_bytes(), 6))
        weight = sum(weights[file] for file in used)
        if weight > MOST_KILOBYTES * 1000:
            found.append(f"{page} weighs {weight / 1000:.0f} kB")
        scripts = [s.attributes["src"] for s in tree.all("script") if "src" in s.attributes]
        if len(scripts) != len(set(scripts)) or sum("plotly" in script for script in scripts):
            found.append(f"{page} loads a script twice, or the chart library before a chart is seen")
    return found


def unclear_charts(site: ReadSite) -> list[str]:
    """[18] At most four lines that stand for series, each with a dash or marker of its own, and enough contrast."""
    return [f"{shown.where}: {what}" for shown in site.figures for what in _unclear(shown.spec)]


def _unclear(spec: dict[str, Any]) -> Iterator[str]:
    lines = [
        trace
        for trace in spec["data"]
        if "lines" in trace.get("mode", "") and not trace.get("fill") and trace.get("hoverinfo") != "skip"
    ]
    colours = {trace.get("line", {}).get("color") for trace in lines}
    if len(colours) > theme.MAX_SERIES:
        yield f"{len(colours)} series"
    looks = [
        (
            trace["line"].get("dash", "solid"),
            str(trace.get("marker", {}).get("symbol", "")),
            trace["line"]["color"],
        )
        for trace in lines
        if "line" in trace
    ]
    for position, look in enumerate(looks):
        twins = [other for other in looks[position + 1 :] if other[:2] == look[:2]]
        # the second line of a series is dashed as those of the others are, and says whose it is by colour
        if any(other[2] != look[2] for other in twins) and not _paired(looks):
            yield f"two series are told apart by colour alone ({look[0]})"
    for colour in sorted(_colours(spec)):
        if theme.contrast(colour, theme.PAPER) < LEAST_CONTRAST:
            yield f"the colour {colour} has a contrast of {theme.contrast(colour, theme.PAPER):.1f} to 1"


def _colours(spec: dict[str, Any]) -> set[str]:
    """Colours that carry meaning: of lines, dots, bars and the outlines of filled shapes."""
    found: set[str] = set()
    for trace in spec["data"]:
        for look in (trace.get(part, {}) for part in ("line", "marker")):
            colours = look.get("color", [])  # one for all points, or one for each
            if look.get("width") != 0:
                found |= {str(each) for each in (colours if isinstance(colours, list) else [colours])}
    return {colour for colour in found if colour.startswith("#")}


def _paired(looks: list[tuple[str, str, str]]) -> bool:
    """Whether the lines come in pairs of one colour, as with networks that reported every time."""
    dashed = [look for look in looks if look[0] == "dash"]
    solid = {look[2]: look[1] for look in looks if look[0] == "solid"}
    return len(set(solid.values())) == len(solid) and all(look[2] in solid for look in dashed)


def untold_pages(site: ReadSite) -> list[str]:
    """Every page has a title of its own and says in its metadata, for search and for sharing, what it holds."""
    found: list[str] = []
    titles = Counter(tree.one("title").text for tree in site.pages.values())
    found += [f"{count} pages are called {title}" for title, count in titles.items() if count > 1]
    for page, tree in site.pages.items():
        told = {
            e.attributes.get("name", e.attributes.get("property", "")): e.attributes.get("content", "")
            for e in tree.all("meta")
        }
        for name in ("description", "og:title", "og:description", "og:site_name", "og:type", "twitter:card"):
            if not told.get(name):
                found.append(f"{page}: no {name}")
        if tree.one("html").attributes.get("lang") != "en-GB" or len(tree.all("h1")) != 1:
            found.append(f"{page}: no language, or not one main heading")
    return found


def _texts(site: ReadSite) -> Iterator[Path]:
    for path in sorted(site.folder.rglob("*")):
        if path.is_file() and path.suffix not in BINARY and not path.name.startswith("plotly-"):
            yield path


def leaked(site: ReadSite, secrets: tuple[str, ...], more: tuple[Path, ...] = ()) -> list[str]:
    """[22] Files of the site, and others of the release, that hold a text which must not leave."""
    files = [*_texts(site), *more]
    texts = {path: path.read_text(encoding="utf-8", errors="ignore") for path in files}
    return [
        f"{path.name} holds {secret}" for path, text in texts.items() for secret in secrets if secret in text
    ]
