"""The child's side of :mod:`orchestration.readers.child`: limit itself, then answer until told to end."""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import importlib
import json
import resource
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa

from orchestration.readers.table import Peek, SourceTable, Unreadable


def serve(descriptor: int, memory_bytes: int) -> None:
    """Answer requests on an inherited file descriptor until the other side closes it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    connection: Connection[Any, Any] = Connection(descriptor)
    try:
        scratch = Path(json.loads(connection.recv_bytes())["scratch"])
        # Unpacked and transcoded copies hold personal data: the parent removes this folder even after a kill.
        tempfile.tempdir = str(scratch)
        importlib.import_module("orchestration.readers")
        connection.send_bytes(json.dumps({"kind": "ready"}).encode())
        while True:
            request = json.loads(connection.recv_bytes())
            connection.send_bytes(json.dumps(_answer(request, scratch)).encode())
    except (EOFError, OSError):
        return


def _answer(request: dict[str, Any], scratch: Path) -> dict[str, Any]:
    module, function = request["operation"].split(":")
    try:
        operation = getattr(importlib.import_module(module), function)
        result = operation(Path(request["path"]), **request["options"])
        return _plain(result, scratch)
    except Unreadable as error:
        fields = {key: getattr(error, key) for key in ("code", "where", "found", "expected", "sheet", "line")}
        return {"kind": "unreadable", "unreadable": fields}
    except (MemoryError, pa.ArrowMemoryError, duckdb.OutOfMemoryException):
        return {"kind": "failed", "found": "more data than the reader has memory for"}
    except Exception as error:
        # Whatever it was, the parent must hear of it; by type alone, as its text may quote a cell.
        return {"kind": "failed", "found": f"contents the reader fails on ({type(error).__name__})"}


def _plain(result: object, scratch: Path) -> dict[str, Any]:
    """A result as JSON data; tables go to files beside it."""
    if isinstance(result, Peek):
        sheets = [
            {"name": sheet.name, "first_rows": sheet.first_rows, "delimiter": sheet.delimiter}
            for sheet in result.sheets
        ]
        return {"kind": "peek", "format": result.format, "sheets": sheets}
    if isinstance(result, SourceTable):
        return {
            "kind": "table",
            "sheet": result.sheet,
            "header": result.header,
            "notes": result.notes,
            "rows": str(_write_table(result.rows, scratch)),
            "rejects": str(_write_table(result.rejects, scratch)),
        }
    return {"kind": "value", "value": result}


def _write_table(table: pa.Table, folder: Path) -> Path:
    path = folder / f"{uuid4().hex}.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return path
