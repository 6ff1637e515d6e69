"""The gate on the newest build: Great Expectations over the marts, dbt's own tests, one stored verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from dbt_project.registry import load_feeds, load_metrics, load_programme
from expectations.gate import GateRefused, run_gate
from expectations.store import VerdictStore
from expectations.verdict import CheckResult, Verdict
from orchestration import builds, publication_status, release, vouched
from orchestration.dbt_runner import NodeResult
from orchestration.fingerprint import code_version
from orchestration.settings import Settings

DBT_OWNER = "Programme evaluation data team"


def judge(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> Verdict:
    """Run the gate over the newest build and store the verdict.

    Raises :class:`GateRefused` when there is no build to judge.
    """
    build = builds.newest(settings)
    if build is None:
        raise GateRefused(["there is no build to judge: materialise the warehouse first"])
    progress(f"judging build {build.build_id}")
    verdict = run_gate(
        build.path(settings),
        build_id=build.build_id,
        inputs_hash=build.inputs_hash,
        code_version=code_version(),
        created_at=datetime.now(UTC),
        metrics=load_metrics(),
        feeds=load_feeds(),
        programme=load_programme(),
        # a picture of the past has no predecessor: it lies before the release that is live
        previous=None if settings.as_at else release.published_database(settings),
        extra_results=[_as_check(node) for node in build.tests],
        store=VerdictStore(settings.ledger),
    )
    # the chain of verdicts has no key: that of the audit log is what nobody can compute anew without it
    vouched.enter(settings, verdict)
    publication_status.write(settings)
    return verdict


def _as_check(node: NodeResult) -> CheckResult:
    """A dbt data test as a check of ours: dbt's ``warn`` is a warning, ``fail`` critical, ``error`` a crash."""
    name = node.unique_id.split(".")[2]
    status = {"pass": "passed", "warn": "failed", "fail": "failed"}.get(node.status, "crashed")
    return CheckResult(
        check_id=f"dbt.{name}",
        asset=_table(name),
        severity="warning" if node.status == "warn" else "critical",
        status=status,  # pyright: ignore[reportArgumentType] - one of the three by construction
        seen=f"{node.failures} failing rows" if status != "crashed" else "the test could not run",
        bound="0 failing rows",
        owner=DBT_OWNER,
        description=f"dbt test {name.replace('_', ' ')}",
        rows=node.failures,
    )


def _table(test_name: str) -> str:
    """The table a generic test is about: its name holds the longest of ours."""
    tables = ("fct_metric_value", "fct_metric_breakdown", "fct_event", "fct_deployment", "dim_organisation")
    return next((table for table in tables if table in test_name), "warehouse")
