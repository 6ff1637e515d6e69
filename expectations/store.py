"""Verdicts and overrides in the SQLite ledger: appended, never changed, chained by hash.

Triggers refuse UPDATE, DELETE and replacement. Each entry carries the hash of the one before, over verdicts
and overrides together, so an edit by other means shows at the next reading. The chain has no key: who can
write the file and recompute every later hash could forge it; the file's permissions guard against that.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from expectations.verdict import CheckResult, Verdict, canonical, decide, verdict_id_of

_FIRST_LINK = "0" * 64
_SCHEMA = """
create table if not exists verdict (
    sequence integer primary key, verdict_id text not null unique, build_id text not null, status text not
    null, inputs_hash text not null, warehouse_sha256 text not null, code_version text not null, created_at
    text not null, chain text not null
);
create table if not exists verdict_check (
    verdict_id text not null, position integer not null, check_id text not null, asset text not null,
    severity text not null, status text not null, seen text not null, bound text not null, owner text not
    null, description text not null, rows integer not null, examples text not null, primary key (verdict_id,
    position)
);
create table if not exists verdict_override (
    sequence integer primary key, verdict_id text not null unique, name text not null, reason text not null,
    at text not null, chain text not null
);
"""
_KEYS = {"verdict": "verdict_id", "verdict_check": "verdict_id", "verdict_override": "verdict_id"}


class TamperedLedger(Exception):
    """The ledger does not hold what was written to it; the message says where."""


@dataclass(frozen=True)
class Override:
    """Somebody's signed decision to publish in spite of a refusal."""

    verdict_id: str
    name: str
    reason: str
    at: datetime


class VerdictStore:
    """The verdict tables of one ledger file; other tables in the file are left alone."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        with self._connection() as connection:
            connection.executescript(_SCHEMA + _triggers())

    def append(self, verdict: Verdict) -> None:
        """Store a verdict with its results, all or nothing.

        Raises ValueError when status or id do not follow from its content, or when it was stored before.
        """
        if verdict.status != decide(verdict.results) or verdict.verdict_id != verdict_id_of(verdict):
            raise ValueError("a verdict is stored only as the gate made it")
        with self._connection() as connection:
            connection.execute("begin immediate")
            if connection.execute(
                "select 1 from verdict where verdict_id = ?", [verdict.verdict_id]
            ).fetchone():
                raise ValueError(f"verdict {verdict.verdict_id} is already in the ledger")
            sequence, link = _next_link(connection)
            connection.execute(
                "insert into verdict values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    sequence,
                    verdict.verdict_id,
                    verdict.build_id,
                    verdict.status,
                    verdict.inputs_hash,
                    verdict.warehouse_sha256,
                    verdict.code_version,
                    verdict.created_at.isoformat(),
                    _chained(link, verdict.digest()),
                ],
            )
            connection.executemany(
                "insert into verdict_check values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_check_row(verdict.verdict_id, n, result) for n, result in enumerate(verdict.results)],
            )
            connection.execute("commit")

    def append_override(self, override: Override) -> None:
        """Store an override; one per verdict. Raises ValueError when the verdict was overridden before."""
        with self._connection() as connection:
            connection.execute("begin immediate")
            if connection.execute(
                "select 1 from verdict_override where verdict_id = ?", [override.verdict_id]
            ).fetchone():
                raise ValueError(f"verdict {override.verdict_id} was overridden before")
            sequence, link = _next_link(connection)
            connection.execute(
                "insert into verdict_override values (?, ?, ?, ?, ?, ?)",
                [
                    sequence,
                    override.verdict_id,
                    override.name,
                    override.reason,
                    override.at.isoformat(),
                    _chained(link, _override_digest(override)),
                ],
            )
            connection.execute("commit")

    def latest(self, build_id: str) -> Verdict | None:
        """The newest verdict on a build. Raises :class:`TamperedLedger`."""
        return next((verdict for verdict in reversed(self.all()) if verdict.build_id == build_id), None)

    def override_of(self, verdict_id: str) -> Override | None:
        """The override of a verdict, if there is one."""
        with self._connection() as connection:
            row = connection.execute(
                "select * from verdict_override where verdict_id = ?", [verdict_id]
            ).fetchone()
        return None if row is None else _override(row)

    def all(self) -> tuple[Verdict, ...]:
        """Every verdict, oldest first, after the whole chain was checked. Raises :class:`TamperedLedger`."""
        with self._connection() as connection:
            connection.execute("begin")
            verdicts = connection.execute("select * from verdict order by sequence").fetchall()
            checks = connection.execute(
                "select * from verdict_check order by verdict_id, position"
            ).fetchall()
            overrides = connection.execute("select * from verdict_override order by sequence").fetchall()
        by_verdict: dict[str, list[CheckResult]] = {}
        for row in checks:
            by_verdict.setdefault(row["verdict_id"], []).append(_result(row))
        loaded = {row["sequence"]: _verdict(row, by_verdict.pop(row["verdict_id"], [])) for row in verdicts}
        if by_verdict:
            raise TamperedLedger("the ledger holds check results of a verdict that is not there")
        _verify(loaded, verdicts, overrides)
        return tuple(loaded.values())

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        # Transactions are begun by hand: a half-written verdict must not exist. An exception rolls back on
        # close.
        with closing(sqlite3.connect(self._ledger, isolation_level=None, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection


def _triggers() -> str:
    statements: list[str] = []
    for table, key in _KEYS.items():
        for action in ("update", "delete"):
            statements.append(
                f"create trigger if not exists {table}_no_{action} before {action} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end;"
            )
        same = f"{key} = new.{key}" + (" and position = new.position" if table == "verdict_check" else "")
        same += "" if table == "verdict_check" else " or sequence = new.sequence"
        # INSERT OR REPLACE deletes without firing the delete trigger.
        statements.append(
            f"create trigger if not exists {table}_no_replace before insert on {table} "
            f"when exists (select 1 from {table} where {same}) "
            f"begin select raise(abort, '{table} is append-only'); end;"
        )
    return "\n".join(statements)


def _next_link(connection: sqlite3.Connection) -> tuple[int, str]:
    """Number of the next entry and hash of the last one, over verdicts and overrides."""
    row = connection.execute(
        "select sequence, chain from (select sequence, chain from verdict union all "
        "select sequence, chain from verdict_override) order by sequence desc limit 1"
    ).fetchone()
    return (1, _FIRST_LINK) if row is None else (int(row["sequence"]) + 1, str(row["chain"]))


def _chained(link: str, digest: str) -> str:
    return hashlib.sha256(f"{link}{digest}".encode()).hexdigest()


def _verify(verdicts: dict[int, Verdict], rows: list[sqlite3.Row], overrides: list[sqlite3.Row]) -> None:
    entries: dict[int, tuple[str, str]] = {}
    for row in rows:
        verdict = verdicts[row["sequence"]]
        if verdict.status != decide(verdict.results) or verdict.verdict_id != verdict_id_of(verdict):
            raise TamperedLedger(
                f"verdict {verdict.verdict_id} on {verdict.build_id} was changed after it was made"
            )
        entries[row["sequence"]] = (verdict.digest(), row["chain"])
    entries |= {row["sequence"]: (_override_digest(_override(row)), row["chain"]) for row in overrides}
    link = _FIRST_LINK
    for expected, sequence in enumerate(sorted(entries), start=1):
        digest, chain = entries[sequence]
        if sequence != expected or chain != _chained(link, digest):
            raise TamperedLedger(f"the chain of verdicts breaks at entry {expected}")
        link = chain


def _check_row(verdict_id: str, position: int, result: CheckResult) -> list[Any]:
    fields = asdict(result)
    fields["examples"] = json.dumps(result.examples, ensure_ascii=False)
    return [verdict_id, position, *fields.values()]


def _result(row: sqlite3.Row) -> CheckResult:
    fields = {key: row[key] for key in row.keys() if key not in ("verdict_id", "position", "examples")}  # noqa: SIM118
    return CheckResult(**fields, examples=tuple(json.loads(row["examples"])))


def _verdict(row: sqlite3.Row, results: list[CheckResult]) -> Verdict:
    return Verdict(
        verdict_id=row["verdict_id"],
        build_id=row["build_id"],
        status=row["status"],
        results=tuple(results),
        inputs_hash=row["inputs_hash"],
        warehouse_sha256=row["warehouse_sha256"],
        code_version=row["code_version"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def _override(row: sqlite3.Row) -> Override:
    return Override(row["verdict_id"], row["name"], row["reason"], datetime.fromisoformat(row["at"]))


def _override_digest(override: Override) -> str:
    return hashlib.sha256(canonical(asdict(override)).encode("utf-8")).hexdigest()
