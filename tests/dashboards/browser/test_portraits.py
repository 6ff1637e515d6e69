"""Pictures of pages: whole PNG files as another program reads them, true to the page, and light."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from built_site import Built
from playwright.sync_api import Browser
from visiting import visit

from dashboards.portraits import MOST_BYTES, MOST_COLOURS, PORTRAITS, as_png

_DECODED = """async picture => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    return [image.width, image.height, ...context.getImageData(0, 0, image.width, image.height).data];
}"""


def _decoded(browser: Browser, picture: bytes) -> np.ndarray:
    """The pixels as a browser reads the file."""
    with visit(browser) as visited:
        width, height, *raw = visited.page.evaluate(_DECODED, base64.b64encode(picture).decode())
    return np.array(raw, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


@pytest.mark.browser
def test_few_colours_come_back_as_they_were(chromium: Browser) -> None:
    made = np.random.default_rng(7).integers(0, 6, size=(31, 47, 3), dtype=np.uint8) * 50
    assert (_decoded(chromium, as_png(made)) == made).all()


@pytest.mark.browser
def test_many_colours_are_drawn_as_near_ones(chromium: Browser) -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    rare = np.array([[[250, 250, 252]]], dtype=np.uint8)  # one colour more than a palette holds
    common = np.concatenate([grey, grey], axis=1)
    back = _decoded(chromium, as_png(np.concatenate([common, rare], axis=1)))
    assert (back[:, :-1] == common).all()
    assert back[0, -1].tolist() == [251, 251, 251] or back[0, -1].tolist() == [250, 250, 250]
    assert len(np.unique(back.reshape(-1, 3), axis=0)) == MOST_COLOURS


@pytest.mark.browser
def test_every_portrait_is_of_a_page_of_the_site(built: Built) -> None:
    assert [each.page for each in PORTRAITS if not (built.folder / each.page).is_file()] == []


def test_pictures_of_the_readme_are_light() -> None:
    docs = Path(__file__).parents[3] / "docs"
    sizes = {each.name: (docs / f"{each.name}.png").stat().st_size for each in PORTRAITS}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
