"""The board pack: tagged, in vectors, in a language, dated by its release, and nothing in it that leads out."""

from __future__ import annotations

import re
from pathlib import Path

import made_inputs
import pytest
from built_site import Built
from pdf_words import words

from dashboards import BoardPackError, SiteInputs, board_pack_of
from dashboards.blocks import Page
from dashboards.board_pack import board_pack
from dashboards.site import Site


@pytest.fixture(scope="module")
def pack(built: Built, browser_path: Path) -> bytes:
    (path,) = (built.folder / "download").glob("*-board-pack.pdf")
    return path.read_bytes()


def test_it_is_tagged_and_says_its_language_and_title(pack: bytes) -> None:
    assert pack.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in pack and re.search(rb"/MarkInfo\s*<<[^>]*/Marked true", pack)
    assert re.search(rb"/Lang ?\(en-GB\)", pack)
    assert b"/Title (Pharmacy Integration Programme: progress in England: board pack" in pack
    assert b"/Outlines" in pack


def test_charts_are_vectors_with_words(pack: bytes) -> None:
    assert not re.search(rb"/Subtype ?/Image", pack)
    figures = len(re.findall(rb"/S ?/Figure", pack))
    assert figures > 30
    assert len(re.findall(rb"/Alt ?\(|/Alt ?<", pack)) >= figures


def test_it_names_no_address_and_holds_no_hidden_value(pack: bytes) -> None:
    assert b"file:" not in pack
    assert not re.search(rb"/URI ?\(", pack)
    assert not any(secret.encode() in pack for secret in made_inputs.SECRETS)
    drawn = words(pack)
    assert "Board pack" in drawn and "Demonstration data: generated, not real" in drawn
    assert not any(secret in drawn for secret in made_inputs.SECRETS)


def test_a_hidden_value_drawn_in_it_would_be_found(
    built: Built, inputs: SiteInputs, browser_path: Path
) -> None:
    site = Site(inputs)
    told = Page("leak.html", "A page that leaks", f"One network has {made_inputs.SECRETS[0]} people.", [])
    assert made_inputs.SECRETS[0] in words(board_pack(built.folder, site, [told], pages=["leak.html"]))


def test_it_is_dated_by_its_release(pack: bytes) -> None:
    assert set(re.findall(rb"/(?:CreationDate|ModDate) \(D:(\d{14})", pack)) == {b"20261122093000"}


def test_pages_can_be_chosen(built: Built, inputs: SiteInputs, browser_path: Path, pack: bytes) -> None:
    one = board_pack_of(built.folder, inputs, ("icb/qe1.html",))
    assert b"Lancashire and South Cumbria" in one
    assert len(one) < len(pack)
    assert one == board_pack_of(built.folder, inputs, ("icb/qe1.html",))


def test_a_page_that_is_not_there_is_named(built: Built, inputs: SiteInputs) -> None:
    with pytest.raises(BoardPackError, match=r"no page icb/nowhere\.html .* such as index\.html"):
        board_pack_of(built.folder, inputs, ("icb/nowhere.html",))
