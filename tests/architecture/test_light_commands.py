"""Commands that only look something up start at once: none of them loads what a build, a gate or a chart needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "dagster",
    "dbt",
    "great_expectations",
    "plotly",
    "scipy",
    "splink",
    "statsmodels",
    "diff_diff",
    "highspy",
)
RUN = (
    "import sys\n"
    "from orchestration.cli import main\n"
    "try:\n"
    "    main()\n"
    "except SystemExit:\n"
    "    pass\n"
    f"print('loaded:', *sorted(set({HEAVY!r}) & set(sys.modules)))\n"
)


@pytest.mark.parametrize(
    "command", [("--help",), ("metric", "attrition"), ("releases",), ("verdict",), ("audit",)], ids=" ".join
)
def test_it_loads_nothing_heavy(command: tuple[str, ...], tmp_path: Path) -> None:
    home = () if command == ("--help",) else ("--home", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", RUN, *command, *home], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].strip() == "loaded:", done.stdout
