"""Readers in a process of their own: a hostile file may exhaust, hang or abort that process, never this one.

Messages cross as JSON and tables as Arrow files in a private folder; nothing is unpickled from the child.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from orchestration.readers.table import Peek, SheetPeek, SourceTable, Unreadable

DEFAULT_MEMORY_BYTES = 6 * 1024**3
"""Address space of the child. Above the resident need: threads and allocators reserve more than they use."""

DEFAULT_TIMEOUT_SECONDS = 600.0

_START_SECONDS = 60.0  # a cold start imports DuckDB and Arrow
_BOOTSTRAP = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); {call}"
_SERVE = "from orchestration.readers.child_server import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"


class ReaderChild:
    """Runs :func:`peek` and :func:`read` in a child process under a memory limit and a time-out.

    The child lives on between calls; when it dies or hangs, the call raises :class:`Unreadable` with code
    ``reader_crashed`` or ``reader_timeout`` and the next call starts another. Use as a context manager, from
    one thread at a time.
    """

    def __init__(
        self,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self._memory_bytes = memory_bytes
        self._timeout_seconds = timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._worn = False  # whether the living child has been asked for anything

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the living child, None before the first call and after a failure."""
        return None if self._process is None else self._process.pid

    def peek(self, path: Path) -> Peek:
        """As :func:`orchestration.readers.peek`."""
        answer = self.ask("orchestration.readers.sniff:peek", path)
        sheets = tuple(
            SheetPeek(sheet["name"], tuple(map(tuple, sheet["first_rows"])), sheet["delimiter"])
            for sheet in answer["sheets"]
        )
        return Peek(answer["format"], sheets)

    def read(
        self, path: Path, *, sheet: str | None = None, header: bool = True, delimiter: str | None = None
    ) -> SourceTable:
        """As :func:`orchestration.readers.read`."""
        answer = self.ask(
            "orchestration.readers.files:read", path, sheet=sheet, header=header, delimiter=delimiter
        )
        return SourceTable(
            sheet=answer["sheet"],
            header=tuple(answer["header"]),
            rows=_take_table(Path(answer["rows"])),
            rejects=_take_table(Path(answer["rejects"])),
            notes=tuple(answer["notes"]),
        )

    def ask(self, operation: str, path: Path, **options: object) -> dict[str, Any]:
        """Call ``module:function`` on a path in the child and return its answer as plain data.

        Raises :class:`Unreadable`: the operation's own, or the child's end. A child that read other files before may
        have been worn down by them, so a file that ends it is tried once more in a fresh one.
        """
        worn, self._worn = self._worn, True
        try:
            return self._ask(operation, path, **options)
        except Unreadable as error:
            if error.code != "reader_crashed" or not worn:
                raise
        self._worn = True
        return self._ask(operation, path, **options)

    def _ask(self, operation: str, path: Path, **options: object) -> dict[str, Any]:
        connection = self._connected(path.name)
        request = {"operation": operation, "path": str(path), "options": options}
        try:
            connection.send_bytes(json.dumps(request).encode())
            answer = self._answer(connection, path.name, self._timeout_seconds)
        except (EOFError, OSError) as error:
            raise self._crashed(path.name) from error
        if answer["kind"] == "unreadable":
            raise Unreadable(**answer["unreadable"])
        if answer["kind"] == "failed":
            # The child's state is unknown after an error of its own, above all after running out of memory.
            self._kill()
            expected = "a file the reader can parse"
            raise Unreadable("reader_crashed", path.name, answer["found"], expected)
        return answer

    def close(self) -> None:
        """End the child and remove its folder."""
        self._kill()

    def _answer(self, connection: Connection[Any, Any], name: str, seconds: float) -> dict[str, Any]:
        if not connection.poll(seconds):
            self._kill()
            found = f"a reader still busy after {seconds:g} seconds"
            raise Unreadable("reader_timeout", name, found, "a file that is read within that time")
        return json.loads(connection.recv_bytes())

    def _crashed(self, name: str) -> Unreadable:
        process = self._process
        code = None
        if process is not None:
            try:
                code = process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                code = None
        self._kill()
        how = f"exit code {code}"
        if code is not None and code < 0:
            how = signal.Signals(-code).name
        found = f"a reader ended by the file ({how}; memory limit {self._memory_bytes // 1024**2:,} MB)"
        return Unreadable("reader_crashed", name, found, "a file of bearable size and structure")

    def _connected(self, name: str) -> Connection[Any, Any]:
        """The connection to a living child; starts one when there is none."""
        if self._process is not None and self._process.poll() is not None:
            self._kill()
        if self._connection is None:
            self._start(name)
        if self._connection is None:
            raise RuntimeError("the reader child did not start")
        return self._connection

    def _start(self, name: str) -> None:
        ours, theirs = Pipe()
        self._connection = ours
        self._scratch = tempfile.TemporaryDirectory(prefix="reader-child-")
        command = [
            sys.executable,
            "-c",
            _BOOTSTRAP.format(call=_SERVE),
            json.dumps([entry or "." for entry in sys.path]),
            str(theirs.fileno()),
            str(self._memory_bytes),
        ]
        with theirs:
            # What a parser prints about a file may hold its contents: it goes nowhere.
            self._process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.send_bytes(json.dumps({"scratch": self._scratch.name}).encode())
        try:
            self._answer(ours, name, _START_SECONDS)
        except (EOFError, OSError) as error:
            raise self._crashed(name) from error

    def _kill(self) -> None:
        self._worn = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None


def _take_table(path: Path) -> pa.Table:
    """Map a table written by the child and remove its name; the pages stay until the table is dropped."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    path.unlink()
    return table
