"""``phip serve``: the site of the current release on the loopback address, and nothing else.

A path is taken apart, not handed to the file system: every part is a plain name, and what it leads to must lie, links
resolved, inside the site of the release that is current at that moment. No listings, no other methods, and only for
requests that ask for this machine by a local name (a page elsewhere cannot reach it through a name of its own that
resolves to the loopback address).
"""

from __future__ import annotations

import mimetypes
import re
import shutil
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from orchestration.settings import Settings

ADDRESS = "127.0.0.1"
INDEX = "index.html"
HEADERS = {
    # the pages' own policy is in each page; this adds what a page cannot say of itself
    "Content-Security-Policy": "frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-cache",
}

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")  # of a file or folder of a site: none is hidden
_LOCAL = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_TYPES = {".duckdb": "application/octet-stream", ".js": "text/javascript"}


def found(releases: Path, target: str) -> Path | None:
    """The file of the current release's site that a request means, or None. ``target`` as it stands in the request."""
    current = (releases / "current").resolve()
    site = current / "site"
    if current.parent != releases.resolve() or not site.is_dir() or site.is_symlink():
        return None
    path = unquote(urlsplit(target).path, errors="strict")
    if not path.startswith("/"):
        return None
    parts = path[1:].split("/")
    if parts[-1] == "":
        parts[-1] = INDEX
    if not all(_NAME.fullmatch(part) for part in parts):
        return None
    file = site.joinpath(*parts)
    resolved = file.resolve()
    return resolved if resolved.is_file() and resolved.is_relative_to(site) else None


def make_server(settings: Settings, port: int) -> ThreadingHTTPServer:
    """A server that is bound and not yet serving. Raises OSError when the port is taken."""

    class Handler(_SiteHandler):
        releases = settings.releases

    return ThreadingHTTPServer((ADDRESS, port), Handler)


class _SiteHandler(BaseHTTPRequestHandler):
    """GET and HEAD of the files of a site."""

    releases: Path
    server_version = "phip"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Send a file."""
        with self._opened() or _Nothing() as stream:
            if stream is not None:
                shutil.copyfileobj(stream, self.wfile)

    def do_HEAD(self) -> None:
        """Send what would come before a file."""
        with self._opened() or _Nothing():
            pass

    def _opened(self) -> BinaryIO | None:
        """The file asked for, after the head of the answer; None when a refusal was sent."""
        if not _LOCAL.fullmatch(self.headers.get("Host", "")):
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        try:
            file = found(self.releases, self.path)
            stream = None if file is None else file.open("rb")
        except (OSError, ValueError):
            return self._refuse(HTTPStatus.NOT_FOUND)
        if file is None or stream is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _content_type(file))
        self.send_header("Content-Length", str(stream.seek(0, 2)))
        stream.seek(0)
        self._finish_head()
        return stream

    def _refuse(self, status: HTTPStatus) -> None:
        """A refusal that repeats nothing of the request."""
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self._finish_head()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _finish_head(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(
        self,
        code: int,
        message: str | None = None,  # noqa: ARG002 - the base class hands them over
        explain: str | None = None,  # noqa: ARG002
    ) -> None:
        """As the base class, for unknown methods and broken requests, without repeating them."""
        self.close_connection = True
        self.command = self.command or "GET"
        self.requestline, self.request_version = "", self.protocol_version
        self._refuse(HTTPStatus(code))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: who looks at published figures is nobody's business."""


class _Nothing:
    """Stands for the file that is not there."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _content_type(file: Path) -> str:
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
