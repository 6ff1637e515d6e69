"""What a run is told from outside. The only reader of environment variables.

======================  ==================================================================================
variable                meaning
======================  ==================================================================================
PHIP_HOME               folder that holds all state (default ``./var``)
PHIP_LANDING            folder of received files (default ``<home>/landing``)
PHIP_TARGET             engine: ``duckdb``
PHIP_AS_AT              rebuild the picture as known on this day (ISO date)
PHIP_IDENTITY_KEY       key of the pseudonyms, 64 hexadecimal digits
PHIP_IDENTITY_KEY_FILE  file holding that key; default ``<home>/identity/key``, made on first use
PHIP_SIGNING_KEY_FILE   file holding the key that signs verdicts and the audit log, 64 hexadecimal digits; default
                        ``<home>/keys/signing``, made on first use
PHIP_MEMORY_LIMIT       memory DuckDB may use, e.g. ``4GB``
PHIP_THREADS            threads DuckDB may use
PHIP_KEEP_GENERATIONS   builds of the warehouse that are kept (default 3)
======================  ==================================================================================
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

KEY_BYTES = 32
DEFAULT_HOME = Path("var")
DEFAULT_TARGET = "duckdb"
DEFAULT_MEMORY_LIMIT = "4GB"
DEFAULT_KEEP_GENERATIONS = 3

# tiers of access: see orchestration.access
_HOME_FOLDER = 0o751
_OPEN_FOLDER = 0o755
_SECRET_FOLDER = 0o700
_FOLDER = 0o750
_SECRET_FILE = 0o600

_TELEMETRY_OFF = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}


class SettingsError(ValueError):
    """A setting is unusable; the message names it and what was expected, never a key's value."""


class Secret:
    """Bytes that show themselves in no message, log or traceback.

    A key that was rotated has ``rotations``, oldest first: what is keyed with the first is keyed again with each.
    """

    __slots__ = ("_rotations", "_value")

    def __init__(self, value: bytes, rotations: tuple[bytes, ...] = ()) -> None:
        self._value = value
        self._rotations = rotations

    def reveal(self) -> bytes:
        """The bytes."""
        return self._value

    def chain(self) -> tuple[bytes, ...]:
        """The bytes, and those of every rotation since."""
        return (self._value, *self._rotations)

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True)
class Settings:
    """Where a run finds and keeps things, and what it may use."""

    home: Path
    landing: Path
    target: str = DEFAULT_TARGET
    as_at: date | None = None
    memory_limit: str = DEFAULT_MEMORY_LIMIT
    threads: int = 2
    key_file: Path | None = None
    key_given: Secret | None = None
    keep_generations: int = DEFAULT_KEEP_GENERATIONS
    signing_key_file: Path | None = None

    @property
    def raw(self) -> Path:
        """Immutable Parquet files without identifiers."""
        return self.home / "raw"

    @property
    def quarantine(self) -> Path:
        """Rows set aside, as received. Restricted."""
        return self.home / "quarantine"

    @property
    def identity(self) -> Path:
        """Key and identity store. Restricted."""
        return self.home / "identity"

    @property
    def keys(self) -> Path:
        """Signing key and what only its holders may write. Restricted."""
        return self.home / "keys"

    @property
    def spill(self) -> Path:
        """Where DuckDB may spill rows that still hold identifiers. Restricted."""
        return self.identity / "spill"

    @property
    def warehouse(self) -> Path:
        """One DuckDB file per build."""
        return self.home / "warehouse"

    @property
    def releases(self) -> Path:
        """Immutable releases and the link to the current one."""
        return self.home / "releases"

    @property
    def ledger(self) -> Path:
        """The ledger of received files (SQLite)."""
        return self.home / "ledger"

    @property
    def duckdb_config(self) -> dict[str, str | bool | int | float | list[str]]:
        """Limits of every DuckDB connection; extensions are never fetched, spilled rows stay restricted."""
        return {
            "memory_limit": self.memory_limit,
            "threads": self.threads,
            "temp_directory": str(self.spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }

    def prepare(self) -> Settings:
        """Make the folders that are missing, with narrow permissions; returns itself."""
        _make_folder(self.home, _HOME_FOLDER)
        _make_folder(self.releases, _OPEN_FOLDER)
        for folder in (self.raw, self.warehouse):
            _make_folder(folder, _FOLDER)
        for folder in (self.identity, self.spill, self.quarantine, self.keys):
            _make_folder(folder, _SECRET_FOLDER)
            folder.chmod(_SECRET_FOLDER)
        if self.landing == self.home / "landing":
            _make_folder(self.landing, _SECRET_FOLDER)
        return self

    def environment(self) -> dict[str, str]:
        """Environment of a child process that is to work on the same state, telemetry off."""
        return {**os.environ, **_TELEMETRY_OFF, **self._named()}

    def publish_to_process(self) -> None:
        """Make these the settings that code loaded later finds: Dagster imports its definitions without arguments."""
        os.environ.update(self._named())

    def _named(self) -> dict[str, str]:
        named = {"PHIP_HOME": str(self.home), "PHIP_LANDING": str(self.landing), "PHIP_TARGET": self.target}
        return named | ({"PHIP_AS_AT": self.as_at.isoformat()} if self.as_at else {})

    def identity_key(self) -> Secret:
        """The key of the pseudonyms: given, or from its file; a missing default file is made once.

        Raises :class:`SettingsError` when a key or its file is unusable.
        """
        if self.key_given is not None:
            return self.key_given
        if self.key_file is not None:
            return _read_key(self.key_file, "identity key file")
        return self._made_once(self.identity / "key", "identity key file")

    @property
    def identity_key_file(self) -> Path:
        """Where the key of the pseudonyms is kept, unless it is given."""
        return self.key_file or self.identity / "key"

    def signing_key(self, purpose: str) -> Secret:
        """The key of one kind of signature (``verdict``, ``audit``), derived from the signing key.

        Raises :class:`SettingsError` when the key or its file is unusable.
        """
        if self.signing_key_file is not None:
            root = _read_key(self.signing_key_file, "signing key file")
        else:
            root = self._made_once(self.keys / "signing", "signing key file")
        return Secret(hmac.new(root.reveal(), f"phip signing: {purpose}".encode(), hashlib.sha256).digest())

    def _made_once(self, path: Path, what: str) -> Secret:
        if not path.exists():
            self.prepare()
            _create_key(path)
        return _read_key(path, what)


def load_settings(
    home: Path | None = None, landing: Path | None = None, as_at: date | None = None
) -> Settings:
    """Settings from the environment; what is given here wins. Raises :class:`SettingsError`."""
    home = home or Path(os.environ.get("PHIP_HOME") or DEFAULT_HOME)
    named = os.environ.get("PHIP_LANDING")
    key = os.environ.get("PHIP_IDENTITY_KEY")
    key_file = os.environ.get("PHIP_IDENTITY_KEY_FILE")
    signing = os.environ.get("PHIP_SIGNING_KEY_FILE")
    return Settings(
        home=_usable(home, "--home, PHIP_HOME"),
        landing=_usable(landing or (Path(named) if named else home / "landing"), "--landing, PHIP_LANDING"),
        target=os.environ.get("PHIP_TARGET") or DEFAULT_TARGET,
        as_at=as_at or _as_at(os.environ.get("PHIP_AS_AT")),
        memory_limit=os.environ.get("PHIP_MEMORY_LIMIT") or DEFAULT_MEMORY_LIMIT,
        threads=_number("PHIP_THREADS", os.environ.get("PHIP_THREADS"), os.cpu_count() or 1),
        key_file=Path(key_file).absolute() if key_file else None,
        key_given=_parse_key(key, "PHIP_IDENTITY_KEY") if key else None,
        keep_generations=_number(
            "PHIP_KEEP_GENERATIONS", os.environ.get("PHIP_KEEP_GENERATIONS"), DEFAULT_KEEP_GENERATIONS
        ),
        signing_key_file=Path(signing).absolute() if signing else None,
    )


def _usable(folder: Path, named: str) -> Path:
    """An absolute path that can stand in a statement, a command and a log as it is."""
    path = folder.absolute()
    if not str(path).isprintable() or "'" in str(path):
        raise SettingsError(
            f"{named}: found a quote or a control character in the path; expected a folder without"
        )
    return path


def switch_telemetry_off() -> None:
    """Keep Dagster, dbt and Great Expectations from reporting home, in this process and its children.

    Call it before importing any of them.
    """
    os.environ.update(_TELEMETRY_OFF)


def _as_at(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"PHIP_AS_AT: found '{text}'; expected a date such as 2025-11-30") from error


def _number(variable: str, text: str | None, default: int) -> int:
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{variable}: found '{text}'; expected a whole number from 1")
    return int(text)


def _make_folder(folder: Path, mode: int) -> None:
    if not folder.exists():
        folder.mkdir(parents=True, mode=mode, exist_ok=True)
        folder.chmod(mode)  # whatever the umask


def _parse_key(text: str, where: str) -> Secret:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if not value or len(value) % KEY_BYTES:
        raise SettingsError(
            f"{where}: expected {2 * KEY_BYTES} hexadecimal digits ({KEY_BYTES} bytes), and as many again for every "
            "rotation"
        ) from None
    first, *rotations = (value[start : start + KEY_BYTES] for start in range(0, len(value), KEY_BYTES))
    return Secret(first, tuple(rotations))


def _read_key(path: Path, what: str) -> Secret:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{what}: cannot be read ({type(error).__name__})") from None
    text = content.hex() if len(content) == KEY_BYTES else content.decode("ascii", errors="replace")
    return _parse_key(text, what)


def _create_key(path: Path) -> None:
    """Write a new key; when two processes try at once, the first one's key stands, never half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _SECRET_FILE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_bytes(KEY_BYTES))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
