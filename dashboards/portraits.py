"""Pictures of pages of a finished site as readers see them, as PNG: for a README, slides, a mail."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.pictures import BROWSER_ARGUMENTS

MOST_BYTES = 150_000
MOST_COLOURS = 256  # of a PNG with a palette
_PIXELS = """async picture => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const bytes = context.getImageData(0, 0, image.width, image.height).data;
    let text = "";
    for (let from = 0; from < bytes.length; from += 32768) {
        text += String.fromCharCode(...bytes.subarray(from, from + 32768));
    }
    return [image.width, image.height, btoa(text)];
}"""
_SETTLED = "() => document.querySelectorAll('[data-chart]:not(.is-live)').length === 0"


@dataclass(frozen=True)
class Portrait:
    """One picture: its name, the page, and how much of the page from its top, in pixels."""

    name: str
    page: str
    width: int
    height: int


PORTRAITS = (
    Portrait("headline", "index.html", 1200, 1600),
    Portrait("strand", "strands/portfolio-recognition.html", 1200, 1450),
    Portrait("icb", "icb/qjk.html", 1200, 1400),
    Portrait("phone", "icb/qjk.html", 390, 1400),
)


def take_portraits(site: Path, to: Path, browser: Path) -> tuple[Path, ...]:
    """Write the pictures of a site into a folder, which is made where it is missing, over those of an earlier time.

    Each begins at the top of its page, so that the banner of demonstration data is in it where the release has one.
    Raises ValueError where a picture is heavier than :data:`MOST_BYTES` or the site lacks a page.
    """
    to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(browser), args=list(BROWSER_ARGUMENTS))
        try:
            return tuple(_take(chromium, site, each, to / f"{each.name}.png") for each in PORTRAITS)
        finally:
            chromium.close()


def _take(browser: Browser, site: Path, portrait: Portrait, target: Path) -> Path:
    page = site / portrait.page
    if not page.is_file():
        raise ValueError(f"the site has no page {portrait.page}")
    context = browser.new_context(
        viewport={"width": portrait.width, "height": portrait.height}, reduced_motion="reduce"
    )
    opened = context.new_page()
    opened.goto(page.as_uri())
    for frame in opened.locator("[data-chart]").all():
        frame.scroll_into_view_if_needed()
    opened.wait_for_function(_SETTLED)
    opened.evaluate("window.scrollTo(0, 0)")
    picture = opened.screenshot()
    opened.goto("about:blank")  # the site's own policy forbids what reads the pixels
    image = as_png(_pixels(opened, picture))
    context.close()
    if len(image) > MOST_BYTES:
        raise ValueError(f"{target.name} is {len(image) // 1000} KB, at most {MOST_BYTES // 1000} are wanted")
    target.write_bytes(image)
    return target


def _pixels(page: Page, picture: bytes) -> NDArray[np.uint8]:
    """The pixels of a PNG, read by the browser: rows, columns, red-green-blue."""
    width, height, text = page.evaluate(_PIXELS, base64.b64encode(picture).decode())
    raw = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return raw.reshape(height, width, 4)[:, :, :3]


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG with a palette of the commonest colours, every other drawn as the nearest of them.

    ``pixels``: rows, columns, red-green-blue. Pages are of few colours and the edges of letters: nothing is seen of it,
    and the file is a third. PNG as in W3C, "Portable Network Graphics", third edition.
    """
    rows, columns, _ = pixels.shape
    colours, which, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    palette = colours[np.argsort(-counts, kind="stable")[:MOST_COLOURS]]
    nearest = np.array(
        [np.argmin(((palette.astype(int) - colour) ** 2).sum(axis=1)) for colour in colours], dtype=np.uint8
    )
    lines = np.zeros((rows, columns + 1), dtype=np.uint8)  # each begins with the number of its filter: none
    lines[:, 1:] = nearest[which.reshape(-1)].reshape(rows, columns)
    parts: tuple[tuple[bytes, bytes], ...] = (
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
