"""PostgreSQL, against a real server that the test starts on loopback and stops again."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from adbc_driver_postgresql import dbapi

from orchestration.readers import SourceTable, Unreadable
from orchestration.readers.postgres import read_postgres

PASSWORD = "opensesame-7391"
USER = "reader"

SCHEMA = """
create schema returns;
create table returns.events (
    id integer primary key, name text, fte numeric(12,4), score double precision, passed boolean,
    happened date, noted timestamp, zoned timestamptz, at_time time, big bigint, code char(3), kind varchar(9)
);
insert into returns.events values
    (1, 'Zoë', 0.5000, 150268, true, '2025-11-01', '2025-11-01 09:30:00', '2025-07-01 00:00:00+01', '09:30',
     9007199254740993, 'U1', 'a'),
    (2, '', 1.2500, 0.1, false, null, '2025-11-01', null, null, null, null, null),
    (3, null, null, 'NaN', null, '2024-02-29', null, null, null, null, null, '');
create table returns."Odd name" ("First column" text);
create table returns.raw_bytes (id integer, payload bytea, place point);
create table returns.closed_to_reader (id integer);
grant usage on schema returns to reader;
grant select, insert on returns.events to reader;
grant select on returns."Odd name", returns.raw_bytes to reader;
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int

    def uri(self, user: str = USER, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"


def _binaries() -> Path | None:
    """Folder of the newest server found."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def _account() -> str | None:
    """The server refuses to run as root: an account to run it under, None = our own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    pytest.skip("no account to run a PostgreSQL server under")


def _run(account: str | None, command: list[str]) -> None:
    prefix: list[str] = []
    if account is not None:
        user = pwd.getpwnam(account)
        prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not available to leave root")
    # The server keeps its streams open: captured output would never end.
    log = subprocess.DEVNULL
    subprocess.run([*prefix, *command], check=True, stdout=log, stderr=log, cwd="/", timeout=60)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed (initdb not found)")
    account = _account()
    # Not under tmp_path: pytest's folders are closed to the server's account, and socket paths must be short.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        secret = folder / "secret"
        secret.write_text("owner-" + PASSWORD, encoding="utf-8")
        if account is not None:
            shutil.chown(folder, account)
            shutil.chown(secret, account)
        data = folder / "data"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "owner", "-A", "scram-sha-256"]
        _run(account, [*initdb, "-E", "UTF8", "--locale=C", "--no-sync", f"--pwfile={secret}"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        pg_ctl = [str(binaries / "pg_ctl"), "-D", str(data), "-w"]
        _run(account, [*pg_ctl, "-o", options, "-l", str(folder / "log"), "start"])
        try:
            running = Server(port)
            with (
                dbapi.connect(running.uri("owner", "owner-" + PASSWORD), autocommit=True) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(f"create role {USER} login password '{PASSWORD}'")
                for statement in SCHEMA.split(";\n"):
                    if statement.strip():
                        cursor.execute(statement)
            yield running
        finally:
            _run(account, [*pg_ctl, "-m", "immediate", "stop"])


def refused(uri: str, query: str, timeout_seconds: int = 60) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_postgres(uri, query, timeout_seconds=timeout_seconds)
    error: BaseException | None = caught.value
    while error is not None:  # neither the message nor what a traceback shows with it
        assert "opensesame" not in str(error)
        error = error.__cause__
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def texts(table: SourceTable) -> dict[str, list[str | None]]:
    return {name: table.rows.column(index).to_pylist() for index, name in enumerate(table.header)}


def test_a_table_comes_as_text(server: Server) -> None:
    table = read_postgres(server.uri(), "returns.events")
    assert texts(table) == {
        "id": ["1", "2", "3"],
        "name": ["Zoë", None, None],
        "fte": ["0.5000", "1.2500", None],
        "score": ["150268", "0.1", None],
        "passed": ["TRUE", "FALSE", None],
        "happened": ["2025-11-01", None, "2024-02-29"],
        "noted": ["2025-11-01T09:30:00", "2025-11-01", None],
        "zoned": ["2025-06-30T23:00:00Z", None, None],
        "at_time": ["09:30:00", None, None],
        "big": ["9007199254740993", None, None],
        "code": ["U1 ", None, None],
        "kind": ["a", None, None],
    }
    assert table.rows.column("line").to_pylist() == [1, 2, 3]
    assert (table.sheet, table.rejects.num_rows, table.notes) == (None, 0, ())


@pytest.mark.parametrize(
    "query",
    [
        "select id from returns.events where passed order by id;",
        "  WITH e AS (select * from returns.events) SELECT id FROM e WHERE id = 1",
    ],
)
def test_a_query_is_run(server: Server, query: str) -> None:
    assert texts(read_postgres(server.uri(), query)) == {"id": ["1"]}


def test_a_quoted_table_without_rows_is_remarked(server: Server) -> None:
    table = read_postgres(server.uri(), 'returns."Odd name"')
    assert (table.header, table.rows.num_rows, table.notes) == (("First column",), 0, ("no rows",))


@pytest.mark.parametrize(
    "query",
    [
        "drop table returns.events",
        "returns.events; drop table x",
        "insert into returns.events values (9)",
        "",
    ],
)
def test_anything_but_a_table_or_a_select_is_refused_unsent(query: str) -> None:
    assert refused("postgresql://127.0.0.1:1/none", query).code == "wrong_query"


def test_a_select_that_writes_is_refused_by_the_transaction(server: Server) -> None:
    query = "with gone as (insert into returns.events (id) values (99) returning id) select id from gone"
    assert refused(server.uri(), query).code == "query_failed"
    assert texts(read_postgres(server.uri(), "select count(*) as n from returns.events")) == {"n": ["3"]}


def test_a_second_statement_is_refused(server: Server) -> None:
    refused(server.uri(), "select 1; commit; insert into returns.events (id) values (98)")
    assert texts(read_postgres(server.uri(), "select count(*) as n from returns.events")) == {"n": ["3"]}


def test_a_wrong_password_is_named_and_not_shown(server: Server) -> None:
    error = refused(server.uri(password="opensesame-wrong"), "returns.events")
    assert (error.code, error.found) == ("no_connection", "a password that the server refuses")


def test_a_missing_database_is_named(server: Server) -> None:
    error = refused(server.uri(database="nowhere"), "returns.events")
    assert (error.code, error.found) == ("no_connection", "no database or user of that name")


def test_no_server_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = refused(f"postgresql://reader:{PASSWORD}@127.0.0.1:{free.getsockname()[1]}/postgres", "a")
    assert (error.code, error.found) == ("no_connection", "no server that answers at the configured address")


@pytest.mark.parametrize(
    "uri", [f"postgresql://reader:x@{PASSWORD}@127.0.0.1/x", f"postgresql://{PASSWORD}:%zz@h/d"]
)
def test_a_malformed_address_does_not_leak_its_password(uri: str) -> None:
    assert refused(uri, "returns.events").code == "no_connection"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("returns.nothing", "no table of that name"),
        ("select surname from returns.events", "no column of a name the query uses"),
        ("returns.closed_to_reader", "no permission to read the table"),
        ("select from where", "a query with a syntax error"),
    ],
)
def test_failures_of_a_query_are_named(server: Server, query: str, found: str) -> None:
    error = refused(server.uri(), query)
    assert (error.code, error.found) == ("query_failed", found)


def test_an_error_that_quotes_a_value_does_not_show_it(server: Server) -> None:
    error = refused(server.uri(), "select cast('opensesame-surname' as integer) as n")
    assert error.code == "query_failed"


def test_a_slow_query_is_cut_off(server: Server) -> None:
    error = refused(server.uri(), "select pg_sleep(30)::text as x", timeout_seconds=1)
    assert error.found == "a query cut off by the time limit"


def test_columns_without_text_form_are_named(server: Server) -> None:
    error = refused(server.uri(), "returns.raw_bytes")
    assert (error.code, error.found) == (
        "unsupported_type",
        "column 'payload' of a type without a plain text form",
    )
