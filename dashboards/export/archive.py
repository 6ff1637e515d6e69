"""Zip archives whose bytes depend on their content and the release alone, not on clock, user or machine."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

LEVEL = 6  # higher levels cost four times the time for a tenth of the size
_UNIX = 3
_READABLE = 0o100644 << 16


class Archive:
    """A zip file being written; every entry carries one time. Use it as a context."""

    def __init__(self, path: Path, stamp: datetime) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._time = (stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, name: str, content: bytes | str) -> None:
        """One entry from memory; text is written as UTF-8."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        self._zip.writestr(self._entry(name), data, compresslevel=LEVEL)

    def add_file(self, name: str, path: Path) -> None:
        """One entry from a file, read piece by piece."""
        with path.open("rb") as source, self._zip.open(self._entry(name), "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)

    def add_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """One entry from pieces."""
        with self._zip.open(self._entry(name), "w") as target:
            for part in parts:
                target.write(part)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self._time)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = _UNIX
        entry.external_attr = _READABLE
        return entry
