"""A process that has imported every framework and forks one run of ``phip`` per line of its input.

Starting Python, dbt, Dagster and Great Expectations costs many times what a run on a tiny landing does; a forked child
starts at once, and is a process group of its own that can be killed whole. It reads one JSON order per line and
answers each with one line: how the run ended, after how many seconds, and how many writes to files it began.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FRAMEWORKS = (
    "dagster",
    "dagster_dbt",
    "dbt.adapters.duckdb.connections",
    "dbt.cli.main",
    "great_expectations",
    "great_expectations.expectations.core",
    "openpyxl",
    "pandas",
    "plotly.graph_objects",
    "pyarrow.parquet",
    "scipy.stats",
    "splink",
    "statsmodels.api",
    "orchestration.cli",
    "orchestration.ingest",
    "orchestration.release",
    "orchestration.gate_run",
    "orchestration.summary",
    "orchestration.warehouse",
)
WRITES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate"})
# what no file event tells of: transactions, and the steps a run announces. Function, and whether to die before it.
STEPS: dict[str, tuple[str, str]] = {
    "ledger": ("orchestration.ingest.ledger", "Ledger.record"),
    "people": ("orchestration.identity.store", "IdentityStore.add"),
    "links": ("orchestration.identity.store", "IdentityStore.resolve"),
    "generation": ("orchestration.warehouse", "make"),
    "record of the build": ("orchestration.builds", "save"),
    "vintage": ("orchestration.history.vintages", "keep"),
    "old generations": ("orchestration.builds", "prune"),
    "verdict": ("expectations.store", "VerdictStore.append"),
    "disclosure": ("orchestration.disclosed", "write_published"),
    "manifest": ("orchestration.release", "_hashes"),
    "files on disk": ("orchestration.release", "_sync"),
    "swap": ("orchestration.release", "make_current"),
    "ledger copy": ("orchestration.recovery", "keep_ledger_copy"),
}


def die() -> None:
    """As if the power went: the whole group, this process too."""
    os.killpg(0, signal.SIGKILL)
    time.sleep(60)


def main() -> None:
    """Serve orders until the input ends."""
    from orchestration.settings import switch_telemetry_off

    switch_telemetry_off()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for name in FRAMEWORKS:
        importlib.import_module(name)
    gc.freeze()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_obey(json.loads(line))), file=answers, flush=True)


def _obey(order: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    told = Path(order["output"])
    counted = told.with_suffix(".writes")
    child = os.fork()
    if child == 0:
        _run(order, told, counted)
    after = order.get("after")
    killed = False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if after is not None and time.monotonic() - began >= after:
            os.killpg(child, signal.SIGKILL)
            killed = True
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.005)
    _end_group(child)
    return {
        "killed": killed or os.WIFSIGNALED(status),
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "seconds": time.monotonic() - began,
        "writes": int(counted.read_text()) if counted.exists() else None,
    }


def _end_group(child: int) -> None:
    """What the child started goes with it, as it does when a machine stops."""
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return


def _run(order: dict[str, Any], told: Path, counted: Path) -> None:
    """The child: one run, killed at the ordered write or step."""
    os.setsid()
    descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order.get("environment", {}))
    from dashboards import build, frontend
    from orchestration import cli

    build.find_browser = lambda *_: None  # pictures cost more than all else
    frontend.find_browser = build.find_browser
    for hook in order.get("hooks", ()):
        getattr(importlib.import_module("run_faults"), hook)(order)
    writes = _watch_writes(Path(order["home"]), order.get("write"))
    if step := order.get("step"):
        _die_at(*step)
    sys.argv = ["phip", *order["arguments"]]
    code = 3
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        counted.write_text(str(writes()))
        os._exit(code)


def _watch_writes(home: Path, deadly: int | None) -> Callable[[], int]:
    """Count what is begun to be written below home; die before the write of this number."""
    prefix = str(home)
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event == "open":
            is_write = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        else:
            is_write = event in WRITES
        if is_write and any(
            isinstance(each, str) and each.startswith(prefix) for each in map(_text, arguments)
        ):
            count += 1
            if count == deadly:
                die()

    sys.addaudithook(hook)
    return lambda: count


def _text(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _die_at(name: str, when: str) -> None:
    """Die before or after the first call of a named step."""
    module_name, path = STEPS[name]
    owner: Any = importlib.import_module(module_name)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    whole = getattr(owner, last)

    def deadly(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            die()
        result = whole(*arguments, **named)
        die()
        return result

    setattr(owner, last, deadly)


if __name__ == "__main__":
    main()
