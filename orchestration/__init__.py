"""Orchestration: Dagster definitions, ingest, readers, settings and the command line."""
