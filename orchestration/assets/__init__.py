"""Dagster definitions, one module per stretch of the pipeline; ``orchestration.definitions`` discovers them."""
