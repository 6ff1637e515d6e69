"""``python -m benchmarks``: the cost table of the README, as Markdown on standard output.

Every figure is of a fresh process (CPU and peak memory as the operating system accounts them). The build is compared
with the same SQL, as dbt compiled it, run by DuckDB alone on the same raw files, both at two sizes: the difference
between the sizes is the work that grows with the data, what is left is fixed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration import builds
from orchestration.dbt_runner import work_folder
from orchestration.settings import load_settings

TOY = 0.02
GIB = 2**20  # ru_maxrss is in KiB on Linux
PHIP = str(Path(sys.executable).with_name("phip"))
BUILD = (
    "import sys; from pathlib import Path; "
    "from orchestration.settings import load_settings, switch_telemetry_off; switch_telemetry_off(); "
    "from orchestration.warehouse import build_generation; "
    "build_generation(load_settings(home=Path(sys.argv[1])).prepare())"
)
JUDGE = (
    "import sys; from pathlib import Path; from orchestration import gate_run; "
    "from orchestration.settings import load_settings, switch_telemetry_off; switch_telemetry_off(); "
    "gate_run.judge(load_settings(home=Path(sys.argv[1])).prepare())"
)
GENERATE = (
    "import sys; from pathlib import Path; from orchestration import answers; "
    "from orchestration.settings import load_settings; "
    "answers.generate_demonstration(load_settings(home=Path(sys.argv[1])).prepare(), "
    "size=float(sys.argv[2]), seed=20260331, dirt=None)"
)


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds and peak memory (GiB) of one process and its children."""

    wall: float
    cpu: float
    peak: float


def measured(*command: str) -> Cost:
    """Run a command to its end. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != 0:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / GIB)


def plain_sql(home: Path) -> float:
    """CPU seconds of the models' compiled SQL, in dbt's order, in one DuckDB process without dbt."""
    script = (
        "import sys; from pathlib import Path; "
        "from benchmarks.__main__ import run_compiled; run_compiled(Path(sys.argv[1]))"
    )
    return measured(sys.executable, "-c", script, str(home)).cpu


def run_compiled(home: Path) -> None:
    """Create every model's table or view from its compiled SQL on a copy of the raw views.

    Tables of Python models (estimates) are copied as they were built: there is no SQL to run.
    """
    settings = load_settings(home=home)
    build = builds.newest(settings)
    if build is None:
        raise SystemExit("no build to compare with")
    target = work_folder(settings) / "target"
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute(
            "set memory_limit = '1200MB'; set preserve_insertion_order = false; set threads = 2"
        )
        connection.execute(f"set temp_directory = '{folder}/spill'")
        connection.execute(f"attach '{build.path(settings)}' as built (read_only)")
        connection.execute(f"attach '{folder}/plain.duckdb' as wh")
        connection.execute("create schema wh.raw")
        for name, sql in connection.execute(
            "select view_name, sql from duckdb_views() where database_name = 'built' and schema_name = 'raw'"
        ).fetchall():
            connection.execute(f"create view wh.raw.{name} as {sql.split(' AS ', 1)[1]}")
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'built' and schema_name = 'raw'"
        ).fetchall():
            connection.execute(f"create table wh.raw.{name} as from built.raw.{name}")
        connection.execute("use wh")
        for node in _ordered(manifest):
            schema = node["schema"]
            connection.execute(f"create schema if not exists {schema}")
            if node["resource_type"] == "seed" or node["language"] == "python":
                connection.execute(
                    f"create table {schema}.{node['name']} as from built.{schema}.{node['name']}"
                )
                continue
            compiled = (target / "compiled" / "phip" / node["original_file_path"]).read_text(encoding="utf-8")
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create {kind} {schema}.{node['name']} as {compiled}")


def _ordered(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Models and seeds so that parents come first."""
    nodes = {
        key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")
    }
    done: dict[str, dict[str, Any]] = {}
    while len(done) < len(nodes):
        for key, node in nodes.items():
            if key not in done and all(p in done for p in node["depends_on"].get("nodes", ()) if p in nodes):
                done[key] = node
    return list(done.values())


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--size", type=float, default=1.0, help="1 is national size")
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory(prefix="phip-bench-") as folder:
        toy, nation = Path(folder) / "toy", Path(folder) / "nation"
        rows: list[tuple[str, str, str]] = []
        measured(sys.executable, "-c", GENERATE, str(toy), str(TOY))
        toy_run = measured(PHIP, "demo", "--home", str(toy), "--size", str(TOY))
        made = measured(sys.executable, "-c", GENERATE, str(nation), str(size))
        run = measured(PHIP, "demo", "--home", str(nation), "--size", str(size))
        again = measured(PHIP, "demo", "--home", str(nation), "--size", str(size))
        look = measured(PHIP, "metric", "new_independent_prescribers", "--home", str(nation))
        start = measured(PHIP, "--help")
        judged = measured(sys.executable, "-c", JUDGE, str(nation))
        built = {home: measured(sys.executable, "-c", BUILD, str(home)).cpu for home in (toy, nation)}
        plain = {home: plain_sql(home) for home in (toy, nation)}
        grows = (built[nation] - built[toy]) / (plain[nation] - plain[toy])
        rows += [
            (f"generate the nation (size {size:g})", f"{made.wall:.0f} s, {made.peak:.2f} GiB", ""),
            (
                "national run, landing to release",
                f"{run.wall:.0f} s, {run.cpu:.0f} CPU s, {run.peak:.2f} GiB",
                "180 s, 2 GB",
            ),
            (f"whole run of a toy (size {TOY:g}): fixed cost", f"{toy_run.cpu:.1f} CPU s", "20 CPU s"),
            ("second run, nothing new", f"{again.cpu:.1f} CPU s, {again.wall:.1f} s", "3 CPU s"),
            (
                "release gate, national",
                f"{judged.wall:.0f} s, {judged.cpu:.0f} CPU s, {judged.peak:.2f} GiB: "
                f"{judged.cpu / run.cpu:.0%} of the run",
                "a small part",
            ),
            ("a figure asked for, `phip metric`", f"{look.wall:.2f} s", "1 s beyond the start"),
            ("start of the command, `phip --help`", f"{start.wall:.2f} s", "1 s"),
            ("warehouse build, national", f"{built[nation]:.0f} CPU s", ""),
            ("the same SQL in DuckDB alone", f"{plain[nation]:.0f} CPU s", ""),
            ("build over plain SQL, part that grows with the data", f"{grows:.2f}", "1.5"),
        ]
    print("| what | measured | aim, at most |\n|---|---|---|")
    for what, found, aim in rows:
        print(f"| {what} | {found} | {aim} |")


if __name__ == "__main__":
    main()
