"""``phip backup`` and ``phip restore``: the whole home folder in one file, and back.

A backup is a tar file. Its last member, ``BACKUP.json``, lists every file with hash, size, mode and time; a file
without it was not finished. While it is written no run and no intake may begin, so that ledger, raw files, links and
releases are of one moment. The file is read once more and every hash compared before it gets its name. It holds
identities, keys and received files, so it is readable by its owner only; nothing in it is encrypted.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from orchestration import audit, locks, recovery
from orchestration.answers import DataRefused, Told, UsageProblem
from orchestration.identity.store import IdentityError, open_store
from orchestration.locks import Busy
from orchestration.settings import Settings

CONTENTS = "BACKUP.json"
FORMAT = 1
LEDGER = "ledger"
INTAKE_LOCK = ".intake.lock"

_CHUNK = 1 << 20
_MODE = 0o600
_LOCKS = frozenset({locks.LOCK_FILE, INTAKE_LOCK, ".lock", ".reproduce.lock"})
# made anew when needed, or half of something: no part of the state
_LEFT_OUT = ("identity/spill", "warehouse/scenarios", "warehouse/reproduced", "warehouse/.dbt")
_LIVE_SQLITE = ("-wal", "-shm")


@dataclass(frozen=True)
class Member:
    """One file of a home folder. ``link``: where a symbolic link leads, for those alone."""

    name: str  # below home
    size: int
    mode: int
    modified_ns: int
    sha256: str
    link: str | None = None


@dataclass(frozen=True)
class Contents:
    """What a backup says of itself."""

    format: int
    made_at: str
    home: str  # the folder it was made of: views of the warehouse name files under it
    folders: dict[str, int]  # modes by name below home
    members: tuple[Member, ...]


def back_up(settings: Settings, target: Path) -> Told:
    """Write the home folder into ``target``.

    Raises :class:`UsageProblem` when there is such a file or no home folder, :class:`DataRefused` while a run works.
    """
    if target.exists():
        raise UsageProblem(f"FILE: {target} exists already; expected a new file")
    if not settings.ledger.exists():
        raise UsageProblem(f"--home: {settings.home} holds nothing to back up")
    if target.absolute().is_relative_to(settings.home):
        raise UsageProblem("FILE: expected a place outside the home folder")
    draft = target.with_name(f".{target.name}.part")
    try:
        with locks.exclusive(settings, "backup") as hold, _no_intake(settings):
            recovery.recover(settings, hold.interrupted)
            _settle_identities(settings)
            contents = _write(settings, draft)
            _verify(draft, contents)
            audit.record(
                settings, "backup", {"files": len(contents.members), "contents_sha256": _digest(contents)}
            )
            draft.replace(target)
    except Busy as error:
        raise DataRefused(str(error)) from error
    finally:
        draft.unlink(missing_ok=True)
    size = sum(member.size for member in contents.members)
    lines = [f"wrote {target}: {len(contents.members):,} files, {size / 1e6:,.1f} MB, every hash verified"]
    if not settings.landing.is_relative_to(settings.home):
        lines.append(
            f"the landing folder {settings.landing} lies outside the home folder: it is not in the backup"
        )
    lines.append("it holds identities and keys in the clear: keep it as safely as the home folder itself")
    return Told(tuple(lines), {"file": str(target), "files": len(contents.members), "bytes": size})


def restore(settings: Settings, source: Path) -> Told:
    """Put a backup back as ``settings.home``, which must be new or empty.

    Nothing appears there before every hash was verified. Raises :class:`UsageProblem` when the folder holds something
    or there is no such file, :class:`DataRefused` when the file is no finished backup or its bytes changed.
    """
    home = settings.home
    if not source.is_file():
        raise UsageProblem(f"FILE: there is no file {source}")
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise UsageProblem(f"--home: {home} holds something already; expected a folder that is new or empty")
    contents = _read_contents(source)
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{home.name}.restore-", dir=home.parent))
    try:
        _extract(source, contents, draft)
        moved = contents.home != str(home)
        if moved:
            # generations name raw files by the folder they were built in: built again where that is another
            for path in (draft / "warehouse").glob("[0-9]*"):
                path.unlink()
        if home.exists():
            home.rmdir()
        draft.rename(home)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    audit.record(settings, "restore", {"made_at": contents.made_at, "contents_sha256": _digest(contents)})
    lines = [
        f"restored {home} as it was at {contents.made_at}: {len(contents.members):,} files, every hash verified"
    ]
    if moved:
        lines.append(f"it was made of {contents.home}: the next run builds the warehouse again")
    return Told(
        tuple(lines), {"home": str(home), "made_at": contents.made_at, "files": len(contents.members)}
    )


def _settle_identities(settings: Settings) -> None:
    """Bring what stands in the write-ahead log of the identity store into its file. Raises :class:`Busy`."""
    if (settings.identity / "identity.duckdb").exists():
        try:
            with open_store(settings):
                pass
        except IdentityError as error:
            raise Busy(f"somebody works on the identities of {settings.home}; wait for it to end") from error


def _write(settings: Settings, draft: Path) -> Contents:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    members: list[Member] = []
    with os.fdopen(descriptor, "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            folders, files = _walk(settings.home)
            for path in files:
                members.append(_add(archive, settings, path))
            contents = Contents(
                FORMAT,
                datetime.now(UTC).isoformat(timespec="seconds"),
                str(settings.home),
                folders,
                tuple(members),
            )
            _add_text(archive, CONTENTS, json.dumps(asdict(contents), ensure_ascii=False))
        stream.flush()
        os.fsync(stream.fileno())
    return contents


def _walk(home: Path) -> tuple[dict[str, int], list[Path]]:
    """Folders of a home with their modes, and its files and links, in a fixed order."""
    folders: dict[str, int] = {}
    files: list[Path] = []
    for top, names, found in os.walk(home):
        here = Path(top)
        below = here.relative_to(home).as_posix()
        names[:] = sorted(name for name in names if _is_kept((here / name).relative_to(home)))
        folders[below] = here.stat().st_mode & 0o7777
        links = [name for name in names if (here / name).is_symlink()]
        names[:] = [name for name in names if name not in links]
        files += [
            here / name for name in sorted([*found, *links]) if _is_kept((here / name).relative_to(home))
        ]
    return folders, files


def _is_kept(name: Path) -> bool:
    text = name.as_posix()
    if name.name in _LOCKS or text in _LEFT_OUT:
        return False
    return not (name.parent == Path() and text.endswith(_LIVE_SQLITE))


def _add(archive: tarfile.TarFile, settings: Settings, path: Path) -> Member:
    name = path.relative_to(settings.home).as_posix()
    if path.is_symlink():
        entry = archive.gettarinfo(path, arcname=name)
        archive.addfile(entry)
        return Member(name, 0, 0o777, path.lstat().st_mtime_ns, "", str(path.readlink()))
    if name != LEDGER:
        return _add_file(archive, name, path)
    with tempfile.TemporaryDirectory(dir=settings.identity) as folder:
        copy = Path(folder) / LEDGER
        recovery.copy_ledger(path, copy)  # with what stands in its write-ahead log
        return _add_file(archive, name, copy)


def _add_file(archive: tarfile.TarFile, name: str, path: Path) -> Member:
    found = path.stat()
    entry = archive.gettarinfo(path, arcname=name)
    if not entry.isreg():  # a hard link to a file that is in the archive already
        entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", found.st_size
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        archive.addfile(entry, _Hashed(stream, digest))  # pyright: ignore[reportArgumentType] - reads is all it needs
    return Member(name, found.st_size, found.st_mode & 0o7777, found.st_mtime_ns, digest.hexdigest())


class _Hashed:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes], digest: Any) -> None:
        self._stream = stream
        self._digest = digest

    def read(self, size: int = -1) -> bytes:
        """As the stream's own."""
        content = self._stream.read(size)
        self._digest.update(content)
        return content


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), _MODE
    archive.addfile(entry, io.BytesIO(content))


def _read_contents(source: Path) -> Contents:
    """What the backup says of itself. Raises :class:`DataRefused` for a file that is none or was cut short."""
    try:
        with tarfile.open(source, "r:") as archive:
            entry = archive.getmember(CONTENTS)
            stream = archive.extractfile(entry)
            content: dict[str, Any] = json.loads(stream.read()) if stream else {}
        content["members"] = tuple(Member(**item) for item in content["members"])
        contents = Contents(**content)
    except (tarfile.TarError, KeyError, TypeError, ValueError, OSError) as error:
        raise DataRefused(
            f"{source}: found no finished backup ({type(error).__name__}); expected a file written by 'phip backup'"
        ) from error
    if contents.format != FORMAT:
        raise DataRefused(f"{source}: found a backup of format {contents.format}; expected format {FORMAT}")
    return contents


def _verify(source: Path, contents: Contents) -> None:
    """Compare every member with the list. Raises :class:`DataRefused`."""
    for member, stream in _members(source, contents):
        if stream is not None and _hash(stream, None) != member.sha256:
            raise DataRefused(f"{source}: the bytes of {member.name} are not those that were backed up")


def _extract(source: Path, contents: Contents, folder: Path) -> None:
    for name, mode in contents.folders.items():
        target = folder / _inside(source, name)
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(mode | 0o700)
    for member, stream in _members(source, contents):
        target = folder / _inside(source, member.name)
        if stream is None:
            target.symlink_to(_inside(source, member.link or "."))
            continue
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as out:
            if _hash(stream, out) != member.sha256:
                raise DataRefused(f"{source}: the bytes of {member.name} are not those that were backed up")
            out.flush()
            os.fsync(out.fileno())
        target.chmod(member.mode)
        # intake knows a file it has looked at by this time
        os.utime(target, ns=(member.modified_ns, member.modified_ns))


def _inside(source: Path, name: str) -> PurePosixPath:
    """A name that stays below the folder it is put in. Raises :class:`DataRefused`."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataRefused(f"{source}: a name in it leads outside the home folder")
    return path


def _members(source: Path, contents: Contents) -> Iterable[tuple[Member, IO[bytes] | None]]:
    """Every member of the list with its bytes (None: a link), in the order of the archive.

    Raises :class:`DataRefused` where list and archive do not hold the same names.
    """
    listed = {member.name: member for member in contents.members}
    try:
        with tarfile.open(source, "r:") as archive:
            for entry in archive:
                if entry.name == CONTENTS:
                    continue
                member = listed.pop(entry.name, None)
                if member is None or not (entry.isreg() if member.link is None else entry.issym()):
                    raise DataRefused(f"{source}: holds something that its list of contents does not")
                yield member, archive.extractfile(entry) if member.link is None else None
    except tarfile.TarError as error:
        raise DataRefused(f"{source}: cannot be read ({type(error).__name__})") from error
    if listed:
        raise DataRefused(f"{source}: {len(listed)} files of its list of contents are missing")


def _digest(contents: Contents) -> str:
    return hashlib.sha256(json.dumps(asdict(contents), sort_keys=True).encode()).hexdigest()


def _hash(stream: IO[bytes], out: IO[bytes] | None) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        if out is not None:
            out.write(chunk)
    return digest.hexdigest()


@contextmanager
def _no_intake(settings: Settings) -> Generator[None]:
    """Nothing is taken in meanwhile: Dagster's interface starts intake without a run. Raises :class:`Busy`."""
    descriptor = os.open(settings.home / INTAKE_LOCK, os.O_RDWR | os.O_CREAT, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Busy(f"files are being taken in on {settings.home}; wait for it to end") from error
    finally:
        os.close(descriptor)
