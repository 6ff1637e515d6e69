"""The server of the site: on this machine only, the current release only, and no way out of it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestration import static_server
from orchestration.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "home" / "landing").prepare()
    for name in ("2026-01-31-aaaaaaaa", "2026-02-28-bbbbbbbb"):
        site = settings.releases / name / "site"
        (site / "icb").mkdir(parents=True)
        (site / "index.html").write_text(f"home of {name}", encoding="utf-8")
        (site / "icb" / "qmj.html").write_text("a board", encoding="utf-8")
        (site / "icb" / ".hidden.html").write_text("hidden", encoding="utf-8")
        (site / "site.js").write_text("1", encoding="utf-8")
        (settings.releases / name / "release.json").write_text("{}", encoding="utf-8")
    (settings.releases / "current").symlink_to("2026-01-31-aaaaaaaa")
    (settings.identity / "key").write_text("secret", encoding="utf-8")
    return settings


@pytest.fixture
def port(home: Settings) -> Generator[int]:
    with static_server.make_server(home, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(
    port: int, path: str, method: str = "GET", host: str | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host or f"127.0.0.1:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


def test_pages_are_served_with_their_type_and_headers(port: int) -> None:
    status, body, headers = ask(port, "/")
    assert (status, body) == (200, "home of 2026-01-31-aaaaaaaa")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert static_server.HEADERS.items() <= dict(headers.items()).items()
    assert headers["Server"].strip() == "phip"
    assert ask(port, "/icb/qmj.html?x=1")[:2] == (200, "a board")
    assert ask(port, "/site.js")[2]["Content-Type"] == "text/javascript; charset=utf-8"
    status, body, headers = ask(port, "/icb/qmj.html", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, "", "7")


@pytest.mark.parametrize(
    "path",
    [
        "/icb/",
        "/icb",
        "/../release.json",
        "/%2e%2e/release.json",
        "/icb/%2e%2e/%2e%2e/release.json",
        "/icb/..%2f..%2frelease.json",
        "/icb/..%5c..%5crelease.json",
        "/%2fetc%2fpasswd",
        "//etc/passwd",
        "/../../../identity/key",
        "/..;/release.json",
        "/icb/qmj.html%00.txt",
        "/icb/.hidden.html",
        "/./index.html",
        "/index.html/",
        "/%ff",
        "/" + "a" * 5000,
        "http://127.0.0.1/../release.json",
        "/../2026-02-28-bbbbbbbb/site/index.html",
    ],
)
def test_no_listing_and_no_way_out(port: int, path: str) -> None:
    status, body, headers = ask(port, path)
    assert (status, body) == (404, "404 Not Found\n")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_links_inside_the_site_lead_nowhere_else(home: Settings, port: int) -> None:
    site = home.releases / "2026-01-31-aaaaaaaa" / "site"
    (site / "key.txt").symlink_to(home.identity / "key")
    (site / "all").symlink_to(home.home)
    (site / "same.html").symlink_to("index.html")
    assert ask(port, "/key.txt")[0] == 404
    assert ask(port, "/all/identity/key")[0] == 404
    assert ask(port, "/same.html")[0] == 200


def test_a_current_that_points_out_of_the_releases_serves_nothing(
    home: Settings, port: int, tmp_path: Path
) -> None:
    (tmp_path / "planted" / "site").mkdir(parents=True)
    (tmp_path / "planted" / "site" / "index.html").write_text("planted", encoding="utf-8")
    (home.releases / "current").unlink()
    (home.releases / "current").symlink_to(tmp_path / "planted")
    assert ask(port, "/")[0] == 404


def test_a_new_release_is_served_from_the_next_request_on(home: Settings, port: int) -> None:
    (home.releases / ".draft").symlink_to("2026-02-28-bbbbbbbb")
    (home.releases / ".draft").replace(home.releases / "current")
    assert ask(port, "/")[1] == "home of 2026-02-28-bbbbbbbb"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_nothing_can_be_sent(port: int, method: str) -> None:
    status, body, _ = ask(port, "/index.html", method)
    assert status == 501
    assert method not in body


@pytest.mark.parametrize(
    "host", ["attacker.example", "127.0.0.1.attacker.example", "attacker.example:80", "10.0.0.1"]
)
def test_a_name_that_is_not_local_is_refused(port: int, host: str) -> None:
    assert ask(port, "/", host=host)[0] == 421
    assert ask(port, "/", host=f"localhost:{port}")[0] == 200


def test_it_listens_on_this_machine_only(home: Settings) -> None:
    with static_server.make_server(home, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in others - {"127.0.0.1"}:
            with socket.socket() as probe:
                probe.settimeout(1)
                assert probe.connect_ex((str(address), server.server_port)) != 0


def test_a_broken_request_is_not_repeated(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(b"GET /<script> HTTP/9.9\r\n\r\n")
        said = raw.recv(4096)
    assert b"script" not in said
    assert b"505" in said
