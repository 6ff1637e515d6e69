"""Where the dbt project lies, relative to this file, so that nothing depends on the working directory."""

from pathlib import Path

DBT_PROJECT_DIR = Path(__file__).resolve().parent.parent
STAGING_DIR = DBT_PROJECT_DIR / "models" / "staging"
METRICS_DIR = DBT_PROJECT_DIR / "models" / "metrics"
