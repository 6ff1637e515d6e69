"""The code location: everything in ``orchestration/assets``, found by Dagster itself."""

import warnings

import dagster as dg

from orchestration import assets
from orchestration.resources import Home

warnings.filterwarnings("ignore", category=dg.PreviewWarning)

defs = dg.Definitions.merge(
    dg.load_definitions_from_package_module(assets),
    dg.Definitions(resources={"home": Home()}, executor=dg.in_process_executor),
)
