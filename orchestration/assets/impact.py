"""One asset per analysis plan: assessed on the newest build once the gate let its figures pass."""

from typing import Any

import dagster as dg
from dagster_dbt import get_asset_key_for_model

from dbt_project.registry.plans import AnyPlan, load_plans
from orchestration import builds
from orchestration.assets.warehouse import TEAM, warehouse
from orchestration.impact import locking, running
from orchestration.progress import announcer
from orchestration.resources import Home

PLANS = load_plans()
IMPACT_KEYS = tuple(dg.AssetKey(["impact", name]) for name in PLANS)
# what a panel is read from
SOURCES = (
    "fct_metric_value",
    "int_network_adoption",
    "int_network_funded_prescriber",
    "int_pcn_current",
    "int_pcn_attribute",
    "int_list_size_period",
)


def _asset(plan: AnyPlan) -> dg.AssetsDefinition:
    @dg.asset(
        key=dg.AssetKey(["impact", plan.id]),
        deps=[get_asset_key_for_model([warehouse], name) for name in SOURCES],
        group_name="impact",
        owners=[TEAM],
        kinds={"python", "parquet"},
        description=(
            f"{plan.question} Plan {plan.id}: its estimate with all that must stand beside it. Not run before "
            "somebody locks the plan, nor on a picture of the past."
        ),
        metadata={"plan": plan.hash, "outcome": plan.outcome},
    )
    def analysis(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
        settings = home.settings()
        build = builds.newest(settings)
        stand = locking.standing(settings, plan)
        if build is None or build.as_at is not None or stand.locked_on is None:
            # said, not skipped: what publishes waits for every plan
            return dg.MaterializeResult(
                metadata={"status": "not run", "why": stand.remark or "a picture of the past"}
            )
        locking.note_reading(settings, plan, build.build_id)
        found = running.assessed(settings, build, plan, announcer(context))
        return dg.MaterializeResult(
            metadata={
                "status": running.status_of(stand, found),
                "adopters": found.adopters,
                "others": found.others,
                "refused": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in found.refused) or "no"),
                "build": build.build_id,
            }
        )

    return analysis


analyses = [_asset(plan) for plan in PLANS.values()]
