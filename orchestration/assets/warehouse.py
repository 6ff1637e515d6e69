"""The dbt models as assets, built in one step, in process."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration import lineage
from orchestration.dbt_runner import NodeResult, ensure_manifest
from orchestration.progress import announcer
from orchestration.resources import Home
from orchestration.settings import load_settings
from orchestration.warehouse import build_generation

TEAM = "data-team@programme.example"


class Translator(DagsterDbtTranslator):
    """dbt's folders are Dagster's groups; every model belongs to the data team."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Staging, intermediate, metrics or marts."""
        folders = list(dbt_resource_props["fqn"])
        return str(folders[1]) if len(folders) > 2 else "warehouse"  # noqa: PLR2004 - project, folder, name

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:  # noqa: ARG002
        """The team that owns the models."""
        return [TEAM]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own description; its SQL is in the compiled project."""
        return str(dbt_resource_props.get("description") or dbt_resource_props["name"])


translator = Translator(DagsterDbtTranslatorSettings(enable_asset_checks=True))
manifest = ensure_manifest(load_settings().prepare())


@dbt_assets(manifest=manifest, dagster_dbt_translator=translator, name="build_warehouse")
def warehouse(context: dg.AssetExecutionContext, home: Home) -> Iterator[Any]:
    """A fresh generation: raw views over the accepted files, then every dbt model and data test."""
    settings = home.settings()
    build, nodes = build_generation(settings, progress=announcer(context))
    lineages = lineage.column_lineage(settings)
    outputs = _selected_outputs(context)
    for node in nodes:  # in the order dbt ran them, which is the order Dagster wants
        if node.unique_id in outputs:
            yield dg.Output(
                None,
                output_name=outputs[node.unique_id],
                metadata=_metadata(node, build.build_id, lineages.get(node.unique_id)),
            )
    yield from _check_results(context, {node.unique_id: node for node in nodes})


def _selected_outputs(context: dg.AssetExecutionContext) -> dict[str, str]:
    """Output name of each dbt node that this run is to materialise, by the node's unique id."""
    definition = context.assets_def
    return {
        str(definition.metadata_by_key[key]["dagster_dbt/unique_id"]): name
        for name, key in definition.keys_by_output_name.items()
        if name in context.op_execution_context.selected_output_names
    }


def _metadata(node: NodeResult, build_id: str, columns: dg.TableColumnLineage | None) -> dict[str, Any]:
    found: dict[str, Any] = {"build": build_id, "seconds": round(node.seconds, 3)}
    if node.rows is not None:
        found["dagster/row_count"] = node.rows
    if columns is not None:
        found["dagster/column_lineage"] = columns
    return found


def _check_results(
    context: dg.AssetExecutionContext, nodes: Mapping[str, NodeResult]
) -> Iterator[dg.AssetCheckResult]:
    for spec in context.assets_def.check_specs:
        node = nodes.get(str((spec.metadata or {}).get("dagster_dbt/unique_id", "")))
        if node is None:
            continue
        yield dg.AssetCheckResult(
            check_name=spec.name,
            asset_key=spec.asset_key,
            passed=node.status == "pass",
            severity=dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR,
            metadata={"failures": node.failures, "message": node.message or "none"},
        )
