"""The gate as checks on the marts, and the release behind it."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import get_asset_key_for_model

from expectations.gate import GateRefused
from expectations.verdict import Verdict
from orchestration import exporting, gate_run, publication_status, release
from orchestration.assets.impact import IMPACT_KEYS
from orchestration.assets.naming import MARTS
from orchestration.assets.warehouse import TEAM, warehouse
from orchestration.progress import announcer
from orchestration.resources import Home

GATE_CHECK = "release_gate"
MART_KEYS = {name: get_asset_key_for_model([warehouse], name) for name in MARTS}


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            GATE_CHECK,
            asset=key,
            blocking=True,
            description="Great Expectations and reconciliation results on this table, part of the stored verdict.",
        )
        for key in MART_KEYS.values()
    ],
    name="release_gate",
)
def gate(context: dg.AssetCheckExecutionContext, home: Home) -> Iterator[dg.AssetCheckResult]:
    """Judge the newest build; the verdict is stored whatever it is."""
    verdict = gate_run.judge(home.settings(), progress=announcer(context))
    for name, key in MART_KEYS.items():
        yield _result(name, key, verdict)


def _result(name: str, key: dg.AssetKey, verdict: Verdict) -> dg.AssetCheckResult:
    mine = [result for result in verdict.results if result.asset == name]
    # a refusal anywhere refuses everything: each mart's check says so, its own failures first
    failed = [result for result in mine if result.status != "passed"]
    refusing = [result for result in verdict.failures if result.refuses]
    lines = [
        f"{item.check_id}: {item.seen} (expected {item.bound}; owner {item.owner})"
        for item in [*failed, *refusing]
    ]
    return dg.AssetCheckResult(
        check_name=GATE_CHECK,
        asset_key=key,
        passed=verdict.status != "refused",
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "verdict": verdict.verdict_id,
            "status": verdict.status,
            "checks": len(mine),
            "failed": len(failed),
            "failures": dg.MetadataValue.md("\n".join(f"- {line}" for line in lines) or "none"),
        },
    )


@dg.asset(
    deps=[*MART_KEYS.values(), *IMPACT_KEYS],
    group_name="release",
    owners=[TEAM],
    kinds={"html", "plotly", "duckdb"},
    description=(
        "The published release: site, controlled tables, verdict, manifest. Needs a verdict that lets this very "
        "build pass; materialising it alone after a refusal is refused."
    ),
)
def published_release(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    settings = home.settings()
    try:
        done = release.publish(settings, progress=announcer(context))
    except GateRefused as refusal:
        raise dg.Failure(
            description="refused by the gate: " + "; ".join(refusal.reasons),
            metadata={"reasons": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in refusal.reasons))},
            allow_retries=False,
        ) from refusal
    publication_status.write(settings)
    return dg.MaterializeResult(
        metadata={
            "release": done.release_id,
            "gate": done.gate_status,
            "pages": done.pages,
            "figures": done.figures,
            "withheld_cells": done.withheld_cells,
        }
    )


@dg.asset(
    deps=[published_release],
    group_name="release",
    owners=[TEAM],
    kinds={"pdf"},
    output_required=False,
    description=(
        "The board pack of the live release: a tagged PDF of its main pages. Where the release was made without a "
        "browser there is none, and the log says so."
    ),
)
def board_pack(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[Any]]:
    settings = home.settings()
    live = release.current(settings)
    pack = exporting.published_board_pack(settings, live.release_id) if live else None
    if live is None or pack is None:
        notes = "; ".join(live.notes) if live else "nothing is published"
        context.log.warning(f"no board pack: {notes}")
        return
    yield dg.MaterializeResult(
        metadata={"release": live.release_id, "file": pack.name, "bytes": pack.stat().st_size}
    )
