"""The code location: everything in ``orchestration/assets``, found by Dagster itself."""

import dagster as dg

from orchestration import assets
from orchestration.resources import Home

defs = dg.Definitions.merge(
    dg.load_definitions_from_package_module(assets),
    dg.Definitions(resources={"home": Home()}, executor=dg.in_process_executor),
)
