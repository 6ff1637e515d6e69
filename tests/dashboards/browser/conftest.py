"""One browser and one local server for the tests of this folder."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from built_site import Built
from playwright.sync_api import Browser, sync_playwright

from dashboards import find_front_end
from dashboards.pictures import BROWSER_ARGUMENTS

Served = Callable[[Path], str]


@pytest.fixture(scope="module")
def chromium(
    browser_path: Path, built: Built
) -> Iterator[Browser]:  # the site is built before: it starts one too
    """One browser for each module: tests after it may start one of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(browser_path), args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Served]:
    """Serves a folder on a local port until the end of the session and says its address."""
    with ExitStack() as open_servers:
        yield lambda folder: open_servers.enter_context(_serving(folder))


@pytest.fixture(scope="session")
def served(serve: Served, built: Built) -> str:
    """Address of the built site."""
    return serve(built.folder)


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as text of a script."""
    path = find_front_end().axe_js
    if path is None:
        pytest.skip("axe-core is not installed: run `npm ci` in dashboards/frontend")
    return path.read_text(encoding="utf-8")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
