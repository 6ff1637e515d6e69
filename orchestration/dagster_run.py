"""The everything job inside this process, with the instance the user interface shows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from orchestration.machine_faults import plain
from orchestration.pipeline import Outcome
from orchestration.resources import Home
from orchestration.settings import Settings

# A run's own messages are events already; copying every step's output to files would cost two processes a step.
INSTANCE_CONFIG = """\
telemetry:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


def instance_folder(settings: Settings) -> Path:
    """Dagster's own records of runs, made on first use with telemetry off."""
    folder = settings.home / ".dagster"
    folder.mkdir(exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        config.write_text(INSTANCE_CONFIG, encoding="utf-8")
    return folder


def take_in(settings: Settings) -> Outcome:
    """Ingest every feed and link people; what went wrong is in the outcome."""
    return _run_job(settings, "take_in")


def build_and_publish(settings: Settings) -> Outcome:
    """Build, judge and publish; a refusal by the gate is in the outcome."""
    return _run_job(settings, "build_and_publish")


def _run_job(settings: Settings, name: str) -> Outcome:
    settings.publish_to_process()
    from orchestration.definitions import defs
    from orchestration.release import standing

    before = standing(settings)
    refused: list[str] = []
    failed: list[str] = []
    with dg.DagsterInstance.from_config(str(instance_folder(settings))) as instance:
        _end_killed_runs(instance)
        result = defs.resolve_job_def(name).execute_in_process(
            instance=instance,
            resources={"home": Home.of(settings)},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        for event in result.all_events:
            _collect(event, refused, failed)
    after = standing(settings)
    return Outcome(
        new=after is not None and (before is None or after.release_id != before.release_id),
        published=after.release_id if after else None,
        refused=tuple(dict.fromkeys(refused)),
        failed=tuple(dict.fromkeys(failed)),
    )


def _end_killed_runs(instance: dg.DagsterInstance) -> None:
    """Runs of ours that were killed would be shown as running for ever: whoever holds the home folder knows better."""
    for job in ("take_in", "build_and_publish"):
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.STARTED])):
            instance.report_run_failed(run, "the process was killed")


def _collect(event: dg.DagsterEvent, refused: list[str], failed: list[str]) -> None:
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        if evaluation.check_name == "release_gate" and not evaluation.passed:
            text = evaluation.metadata["failures"].value
            refused.extend(line.removeprefix("- ") for line in str(text).splitlines())
    if event.is_step_failure:
        error = event.step_failure_data.error
        cause = error.cause if error is not None and error.cause is not None else error
        failed.append(f"{event.step_key}: {plain(cause.message.strip()) if cause else 'unknown error'}")
