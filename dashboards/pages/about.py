"""About the site: how to read it, the release, and where things come from."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import downloads, formatting, wording
from dashboards.blocks import Block, Facts, LinkGroup, Links, Page
from dashboards.index import FIGURES, SITEMAP_PAGE
from dashboards.pages import Nav
from dashboards.pages.archive import PATH as ARCHIVE
from dashboards.pages.changes import PATH as CHANGES
from dashboards.pages.hidden import PATH as HIDDEN
from dashboards.pages.methods import PATH as METHODS
from dashboards.pages.theory import PATH as THEORY
from dashboards.site import Site

NAV = Nav(11, "About", "about.html")


def pages(site: Site) -> Iterator[Page]:
    """The one about page."""
    blocks: list[Block] = [
        _ways(),
        *downloads.links(site.release.release_id, site.inputs.downloads),
        _symbols(site),
        _reading(site),
        _release(site),
        _sources(),
    ]
    yield Page(
        NAV.path,
        "About these pages",
        f"Progress of the {site.programme.name} in England, from published figures only.",
        blocks,
    )


def _ways() -> Links:
    beside = (("What changed since the last release, and why", CHANGES), ("Earlier releases", ARCHIVE))
    whole = (
        ("How the programme should work, and what is measured of it", THEORY),
        ("How everything is computed, with the source of every formula", METHODS),
        ("How and why numbers are hidden", HIDDEN),
        ("Every page of this release", SITEMAP_PAGE),
        ("Every chart, table and measure, for machines (JSON)", FIGURES),
    )
    groups = (LinkGroup("This release and those before it", beside), LinkGroup("All of it", whole))
    return Links(groups, level=2)


def _symbols(site: Site) -> Facts:
    rule = site.programme.disclosure
    return Facts(
        tuple((f"[{symbol}]", text.capitalize()) for symbol, text in wording.SYMBOLS.items()),
        title="Symbols",
        id="symbols",
        intro=(
            f"Below national level, counts from returns up to {rule.suppress_up_to} are hidden and others rounded"
            f" to the nearest {rule.round_to}, so that nobody can be recognised."
            f" {wording.CONTROLLED_IN_ENGLAND} A hidden number is never shown as 0."
        ),
    )


def _reading(site: Site) -> Facts:
    mature = site.programme.mature_share
    return Facts(
        (
            ("Interval", "Where the true value very likely lies, given how few people it rests on."),
            ("On course", "The newest complete period, or the total so far, meets the published target."),
            ("Close to target", "The published target lies within the interval."),
            ("Too early", f"Fewer than {mature:.0%} of a starting group have had the time allowed."),
            ("Place", "Figures are shown for organisations as they are now; merged ones are counted anew."),
        ),
        title="How to read the figures",
        id="reading",
    )


def _release(site: Site) -> Facts:
    release = site.release
    rows = (
        ("Release", release.release_id),
        ("Published", formatting.day(release.published_at.date())),
        ("Data to", formatting.day(release.data_to)),
        ("Next update", formatting.day(release.next_update)),
        ("Checks", wording.gate_result(release.gate_status).capitalize()),
        ("Published despite checks because", release.override_reason or ""),
        ("Code version", release.code_version),
    )
    return Facts(
        tuple((term, text) for term, text in rows if text),
        title="This release",
        id="release",
        intro="A release is never changed: a mistake is put right in the next one, which says so on the page of"
        " changes. Its files and their SHA-256 sums are listed in manifest.json; figures.json lists every chart and"
        " table for machines, sitemap.txt every page.",
    )


def _sources() -> Facts:
    return Facts(
        (
            ("Workforce, organisations, patients", "NHS England, Open Government Licence v3.0."),
            ("Names and codes of places", "Office for National Statistics, Open Government Licence v3.0."),
            (
                "Page design",
                "NHS.UK frontend, MIT licence, without the NHS identity. Charts: plotly.js, MIT licence.",
            ),
        ),
        title="Sources and licences",
        id="sources",
    )
