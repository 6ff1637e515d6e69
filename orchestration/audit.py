"""The audit log: who had what done, when. Appended, never changed, chained by a keyed hash.

``<home>/audit.log`` holds one JSON line per entry. The link of an entry is HMAC-SHA256, under a key derived from the
signing key, of the link before it and the entry itself: who can write the file but not read ``keys/`` can neither
change nor insert nor drop an entry unseen. ``keys/audit.head`` remembers the newest entry, so that cutting the end off
shows too. Who holds the key and both files can put an old state of both back; only what was noted elsewhere shows that
(``phip audit --witness``).

Nothing personal about those the data describe is entered: facts are ids, counts and codes, and the words of whoever
decides something. A fact that looks like a registration number or an address of mail is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from orchestration.settings import Settings

Action = Literal[
    "run_started",
    "run_ended",
    "recovery",
    "verdict",
    "publication",
    "override",
    "rollback",
    "reproduction",
    "export",
    "exact_query",
    "identities_shown",
    "link_decision",
    "erasure",
    "key_rotation",
    "permissions_mended",
    "backup",
    "restore",
    "log_mended",
    "log_begun_anew",
    "plan_locked",
    "outcome_read",
]
Fact = str | int

FILE = "audit.log"  # in the home folder
HEAD = "audit.head"  # in its restricted folder keys/
PURPOSE = "audit"  # of the key

_FIRST_LINK = "0" * 64
_MODE = 0o600
_FACT_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PERSONAL = re.compile(r"(?<![0-9A-Za-z])[0-9]{7}(?![0-9A-Za-z])|[^\s@]+@[^\s@]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class AuditBroken(RuntimeError):
    """The log does not hold what was written to it; the message says where."""


class UnfitFact(ValueError):
    """A fact may not be entered; the message names it and never quotes it."""


@dataclass(frozen=True)
class Entry:
    """One line of the log. ``user`` is the number of the account that did it; ``link`` 64 hexadecimal digits."""

    number: int
    at: datetime
    user: int
    action: str
    facts: dict[str, Fact]
    link: str


@dataclass(frozen=True)
class _Head:
    """The newest entry, and how many bytes of the log end with it."""

    number: int
    link: str
    size: int


def record(settings: Settings, action: Action, facts: Mapping[str, Fact]) -> Entry:
    """Enter an action before, or together with, its being done; on disk when this returns.

    Raises :class:`UnfitFact`, :class:`AuditBroken` when the end of the log is not the entry written last, OSError.
    """
    check_facts(facts)
    with _open(settings) as descriptor:
        head = _settled(settings, descriptor)
        return _append(settings, descriptor, head, action, facts)


def read(settings: Settings) -> tuple[Entry, ...]:
    """Every entry, oldest first, after the whole chain was checked. Raises :class:`AuditBroken`."""
    path = settings.home / FILE
    if not path.exists():
        if _head_file(settings).exists():
            raise AuditBroken(f"{FILE} is missing, and entries were written to it")
        return ()
    with _open(settings) as descriptor:
        content, head = _content(descriptor), _read_head(settings)
        lines, torn = _lines(content)
        entries = tuple(_chain(settings, lines))
        _end(entries, head, len(content) - torn)
    return entries


def check_witness(entries: tuple[Entry, ...], witness: str) -> None:
    """Compare with an entry noted elsewhere as ``NUMBER:LINK`` (the start of the link will do).

    Raises :class:`AuditBroken` when the log does not hold it, ValueError when it is written otherwise.
    """
    found = re.fullmatch(r"([1-9][0-9]*):([0-9a-f]{8,64})", witness.strip())
    if found is None:
        raise ValueError("expected NUMBER:LINK, as 'phip audit' prints it")
    number = int(found[1])
    if number > len(entries) or not entries[number - 1].link.startswith(found[2]):
        raise AuditBroken(
            f"entry {number} is not the one noted: an older state was put back, or it was rewritten"
        )


def begin_anew(settings: Settings, *, by: str, why: str) -> Path | None:
    """Set a broken log aside and begin another, whose first entry names it and why; where the old one is now.

    Raises ValueError when the log is whole, :class:`UnfitFact`.
    """
    facts: dict[str, Fact] = {"by": by, "why": why}
    check_facts(facts)
    try:
        read(settings)
    except AuditBroken as error:
        facts["found"] = str(error)
    else:
        raise ValueError("the audit log is whole: there is no reason to begin another")
    path = settings.home / FILE
    aside = None
    if path.exists():
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = path.with_name(f"audit-broken-{stamp}.log")
        facts["old_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        facts["old_file"] = aside.name
        path.replace(aside)
    _head_file(settings).unlink(missing_ok=True)
    record(settings, "log_begun_anew", facts)
    return aside


def check_facts(facts: Mapping[str, Fact]) -> None:
    """Raises :class:`UnfitFact` for what may not be entered."""
    for name, value in facts.items():
        if not _FACT_NAME.fullmatch(name):
            raise UnfitFact("a fact's name: expected lower-case letters, digits and underscores")
        if isinstance(value, int):
            continue
        if _CONTROL.search(value):
            raise UnfitFact(f"{name}: found a control character; expected plain text on one line")
        if _PERSONAL.search(value):
            raise UnfitFact(
                f"{name}: found what may be a registration number or an address of mail; "
                "nothing personal is written to the audit log"
            )


@contextmanager
def _open(settings: Settings) -> Generator[int]:
    """The log, made when missing, held alone."""
    settings.prepare()
    descriptor = os.open(settings.home / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.fchmod(descriptor, _MODE)
        yield descriptor
    finally:
        os.close(descriptor)


def _settled(settings: Settings, descriptor: int) -> _Head:
    """The head, after what a killed writer left: an entry the head does not know yet, or half a line."""
    head = _read_head(settings)
    size = os.fstat(descriptor).st_size
    if size == head.size:
        return head
    if size < head.size:
        raise AuditBroken(
            f"{FILE} was cut: entry {head.number} ended at byte {head.size}, the file ends at {size}"
        )
    content = os.pread(descriptor, size - head.size, head.size)
    lines, torn = _lines(content)
    if len(lines) > 1:
        raise AuditBroken(f"{FILE} holds entries after {head.number} that were not written by this programme")
    for line in lines:
        entry = _entry(line, head.number + 1)
        if not hmac.compare_digest(entry.link, _link(settings, head.link, entry)):
            raise AuditBroken(f"the chain breaks at entry {head.number + 1}")
        head = _Head(entry.number, entry.link, size - torn)
        _write_head(settings, head)
    if torn:
        # half a line was never an entry: its writer died before it returned
        os.ftruncate(descriptor, size - torn)
        entry = _append(settings, descriptor, head, "log_mended", {"bytes_removed": torn})
        head = _Head(entry.number, entry.link, os.fstat(descriptor).st_size)
    return head


def _append(
    settings: Settings, descriptor: int, head: _Head, action: Action, facts: Mapping[str, Fact]
) -> Entry:
    draft = Entry(
        number=head.number + 1,
        at=datetime.now(UTC).replace(microsecond=0),
        user=os.getuid(),
        action=action,
        facts=dict(facts),
        link="",
    )
    entry = replace(draft, link=_link(settings, head.link, draft))
    line = json.dumps({**_said(entry), "link": entry.link}, ensure_ascii=False) + "\n"
    data = line.encode()
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)
    _write_head(settings, _Head(entry.number, entry.link, os.fstat(descriptor).st_size))
    return entry


def _said(entry: Entry) -> dict[str, Any]:
    """What an entry says, without its link."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "user": entry.user,
        "action": entry.action,
        "facts": entry.facts,
    }


def _link(settings: Settings, before: str, entry: Entry) -> str:
    said = json.dumps(_said(entry), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    key = settings.signing_key(PURPOSE).reveal()
    return hmac.new(key, f"{before}\n{said}".encode(), hashlib.sha256).hexdigest()


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _lines(content: bytes) -> tuple[list[bytes], int]:
    """Whole lines, and how many bytes of an unfinished one follow them."""
    *lines, rest = content.split(b"\n")
    return lines, len(rest)


def _chain(settings: Settings, lines: Iterable[bytes]) -> Generator[Entry]:
    before = _FIRST_LINK
    for number, line in enumerate(lines, start=1):
        entry = _entry(line, number)
        if not hmac.compare_digest(entry.link, _link(settings, before, entry)):
            raise AuditBroken(f"the chain breaks at entry {number}")
        yield entry
        before = entry.link


def _entry(line: bytes, number: int) -> Entry:
    try:
        said = cast(dict[str, Any], json.loads(line))
        at = datetime.fromisoformat(said["at"])
        entry = Entry(said["number"], at, said["user"], said["action"], said["facts"], said["link"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AuditBroken(f"entry {number} cannot be read") from None
    if (
        entry.number != number
        or {*_said(entry), "link"} != set(said)
        or not isinstance(cast(Any, entry.link), str)
    ):
        raise AuditBroken(f"the chain breaks at entry {number}")
    return entry


def _end(entries: tuple[Entry, ...], head: _Head, size: int) -> None:
    """The log ends with the entry written last, or with the one whose writer died before the head knew it."""
    last = entries[-1].number if entries else 0
    if last < head.number:
        raise AuditBroken(f"{FILE} was cut: entry {head.number} was written, and it ends with entry {last}")
    if last > head.number + 1:
        raise AuditBroken(f"{FILE} holds entries after {head.number} that were not written by this programme")
    if head.number and entries[head.number - 1].link != head.link:
        raise AuditBroken(f"entry {head.number} is not the one that was written")
    if last == head.number and size != head.size:
        raise AuditBroken(f"entry {head.number} is not the one that was written")


def _head_file(settings: Settings) -> Path:
    return settings.keys / HEAD


def _read_head(settings: Settings) -> _Head:
    try:
        return _Head(**json.loads(_head_file(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _Head(0, _FIRST_LINK, 0)
    except (ValueError, TypeError):
        raise AuditBroken(f"keys/{HEAD} cannot be read: the newest entry is not known") from None


def _write_head(settings: Settings, head: _Head) -> None:
    target = _head_file(settings)
    draft = target.with_name(f".{HEAD}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(vars(head), handle)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(target)
