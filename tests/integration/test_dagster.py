"""The asset graph: what it holds, that checks hang on assets, and that publishing alone cannot pass the gate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, sys, warnings
warnings.simplefilter("ignore")
from orchestration.settings import switch_telemetry_off
switch_telemetry_off()
import dagster as dg
from orchestration.definitions import defs
graph = defs.resolve_asset_graph()
keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
executable = {key.to_user_string() for key in graph.executable_asset_keys}
checks = {f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys}
nodes = [graph.get(key) for key in graph.executable_asset_keys]
print(json.dumps({
    "keys": sorted(keys),
    "executable": sorted(executable),
    "checks": sorted(checks),
    "check_assets": sorted({key.asset_key.to_user_string() for key in graph.asset_check_keys}),
    "without_owner": sorted(node.key.to_user_string() for node in nodes if not node.owners),
    "without_group": sorted(node.key.to_user_string() for node in nodes if node.group_name == "default"),
    "without_description": sorted(node.key.to_user_string() for node in nodes if not node.description),
    "without_kind": sorted(node.key.to_user_string() for node in nodes if not node.kinds),
    "jobs": sorted(job.name for job in defs.resolve_all_job_defs()),
    "parents": {
        key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.executable_asset_keys
    },
}))
"""

PUBLISH_ONLY = """
import warnings
warnings.simplefilter("ignore")
from orchestration.settings import switch_telemetry_off
switch_telemetry_off()
from orchestration.definitions import defs
result = defs.resolve_job_def("publish_only").execute_in_process(raise_on_error=False)
failures = [e.step_failure_data.error.message for e in result.all_events if e.is_step_failure]
print("SUCCESS" if result.success else "REFUSED " + " ".join(failures))
"""


def python(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with the code location of one home folder."""
    environment = {**os.environ, "PHIP_HOME": str(home), "DAGSTER_HOME": ""}
    environment.pop("DAGSTER_HOME")
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=600,
    )


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The asset graph as Dagster sees it."""
    done = python(SCRIPT, tmp_path_factory.mktemp("graph"))
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_feed_table_model_and_the_release_are_assets(graph: dict[str, Any]) -> None:
    from dbt_project.registry import load_feeds

    raw = {f"{feed.id}/{table.name}" for feed in load_feeds().values() for table in feed.tables}
    assert raw <= set(graph["executable"])
    assert {"marts/fct_metric_value", "staging/stg_provider_return__event", "published_release"} <= set(
        graph["executable"]
    )


def test_staging_models_hang_on_the_feeds_that_ingest_makes(graph: dict[str, Any]) -> None:
    assert graph["parents"]["staging/stg_provider_return__event"] == ["provider_return/provider_return"]
    assert set(graph["parents"]["published_release"]) >= {"marts/fct_metric_value", "marts/fct_event"}


def test_every_check_key_is_an_asset(graph: dict[str, Any]) -> None:
    assert set(graph["check_assets"]) <= set(graph["executable"])
    assert "marts/fct_metric_value:release_gate" in graph["checks"]
    assert "provider_return/provider_return:intake" in graph["checks"]


def test_the_interface_is_filled_in(graph: dict[str, Any]) -> None:
    assert graph["without_owner"] == []
    assert graph["without_group"] == []
    assert graph["without_description"] == []
    assert graph["without_kind"] == []


def test_jobs_for_everything_each_feed_and_publishing(graph: dict[str, Any]) -> None:
    assert {"everything", "publish_only", "ingest_provider_return_only", "ingest_gphc_register_only"} <= set(
        graph["jobs"]
    )


def test_publishing_alone_without_a_verdict_is_refused(tmp_path: Path) -> None:
    done = python(PUBLISH_ONLY, tmp_path / "home")
    assert "REFUSED" in done.stdout, done.stderr[-2000:]
    assert "no verdict" in done.stdout
    assert not (tmp_path / "home" / "releases" / "current").exists()


def test_a_refused_build_cannot_be_published_and_the_last_release_stays(home: Path, tmp_path: Path) -> None:
    phip = str(Path(sys.executable).with_name("phip"))
    home = shutil.copytree(home, tmp_path / "home", symlinks=True)
    live = (home / "releases" / "current").resolve()
    before = {path: path.read_bytes() for path in live.rglob("*") if path.is_file()}
    # a spend far over the ceiling is a figure nobody may publish
    (home / "landing" / "spend" / "zz_restated.csv").write_text(
        "Financial year,Published on,Strand,Period,Category,Planned GBP,Outturn GBP\n"
        "2024/25,2026-06-30,Supervisors,2024-06,Tuition,100.00,90000000.00\n",
        encoding="utf-8",
    )
    second = subprocess.run([phip, "run", "--home", home], capture_output=True, text=True, check=False)
    assert second.returncode == 1, second.stdout + second.stderr
    assert "spend_against_ceiling.plausible" in second.stdout
    told = json.loads((home / "releases" / "status" / "status.json").read_text(encoding="utf-8"))
    assert (told["outcome"], told["published"], told["live"]) == ("refused", False, live.name)
    assert any(check["asset"] == "marts.fct_metric_value" for check in told["failed"])
    page = (home / "releases" / "status" / "index.html").read_text(encoding="utf-8")
    assert "New data were refused" in page and f"Release {live.name} stays as it was published" in page
    alone = python(PUBLISH_ONLY, home)
    assert "REFUSED" in alone.stdout, alone.stdout + alone.stderr[-2000:]
    assert (home / "releases" / "current").resolve() == live
    assert {path: path.read_bytes() for path in live.rglob("*") if path.is_file()} == before

    decided = ("--by", "Programme board", "--why", "the restated spend is a known typing error")
    done = subprocess.run(
        [phip, "override", *decided, "--home", home], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    now = (home / "releases" / "current").resolve()
    assert now != live
    told = json.loads((home / "releases" / "status" / "status.json").read_text(encoding="utf-8"))
    assert (told["outcome"], told["published"], told["live"]) == ("overridden", True, now.name)
    for page in (now / "site").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "Programme board: the restated spend is a known typing error" in text, page.name
    log = [json.loads(line) for line in (home / "audit.log").read_text(encoding="utf-8").splitlines()]
    assert [entry["facts"]["by"] for entry in log if entry["action"] == "override"] == ["Programme board"]
    again = subprocess.run(
        [phip, "override", *decided, "--home", home], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert "overridden before" in again.stderr
