"""Typed reader of what is defined once in the dbt project: feed contracts and the metric registry."""

from dbt_project.registry.errors import RegistryError
from dbt_project.registry.feeds import Column, Feed, Layout, Person, Table, Unpivot, load_feeds
from dbt_project.registry.marts import Mart, MartColumn, load_marts
from dbt_project.registry.metrics import DisclosureRule, Metric, Programme, load_metrics, load_programme
from dbt_project.registry.paths import DBT_PROJECT_DIR

__all__ = [
    "DBT_PROJECT_DIR",
    "Column",
    "DisclosureRule",
    "Feed",
    "Layout",
    "Mart",
    "MartColumn",
    "Metric",
    "Person",
    "Programme",
    "RegistryError",
    "Table",
    "Unpivot",
    "load_feeds",
    "load_marts",
    "load_metrics",
    "load_programme",
]
