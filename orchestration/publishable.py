"""Which rows of a build may be published at all, before anything in them is hidden.

Controlled counts (classes B and C) stop at the levels and grains of the registry's policy, and every organisation has
a row wherever England has one: a row that is missing because nothing was counted would say "zero", and a known zero
among withheld counts gives the others away.
"""

from __future__ import annotations

from typing import Any, Final

import duckdb
import pandas as pd

from dbt_project.registry import DisclosureRule, Metric

FIGURES, BREAKDOWN = "fct_metric_value", "fct_metric_breakdown"
# Sectors of one organisation are few people: that cut stops at England. Strands stop at boards.
PUBLISHABLE: Final = (
    "(sector = 'all' or org_level = 'england') and (org_level <> 'pcn' or {public} or strand = 'all')"
)
_DENSE: Final = """
    with told as ({told}),

    spine as (
        select places.org_level, places.org_code, england.* exclude (org_level, org_code)
        from told as england
        inner join wh.intermediate.int_organisation_period as places
            using (geography, period_grain, period_start)
        where england.org_level = 'england' and england.sector = 'all'
            and list_contains($grains, places.org_level || ' ' || places.period_grain)
            and (places.org_level <> 'pcn' or england.strand = 'all')
    ),

    missing as (
        select spine.*
        from spine
        anti join told using ({keys})
    )

    select * from told
    union all by name
    select * exclude (value, numerator, denominator, lower_95, upper_95),
        case when denominator is null then 0e0 end as value,
        0e0 as numerator,
        case when denominator is not null then 0e0 end as denominator,
        null::double as lower_95,
        null::double as upper_95
    from missing
"""


def publishable(
    connection: duckdb.DuckDBPyConnection, table: str, metric: Metric, rule: DisclosureRule
) -> pd.DataFrame:
    """Rows of one metric in the attached build ``wh`` that may be published once they are controlled, in one order.

    Uncontrolled: exact counts. ``table``: :data:`FIGURES` or :data:`BREAKDOWN`.
    """
    public = metric.disclosure_class == "A"
    grains = [f"{level} {grain}" for level in metric.levels for grain in metric.published_grains(level, rule)]
    told = (
        f"select * from wh.marts.{table} where metric_id = $metric"
        f" and {PUBLISHABLE.format(public=str(public).lower())}"
        " and list_contains($grains, org_level || ' ' || period_grain)"
    )
    query = told if public or not _is_sparse(metric, table) else _DENSE.format(told=told, keys=_keys(table))
    parameters: dict[str, Any] = {"metric": metric.id, "grains": grains}
    return connection.execute(f"select * from ({query}) order by all", parameters).df()


def _is_sparse(metric: Metric, table: str) -> bool:
    """Whether the build has no row where nothing was counted. Counts have one everywhere; so do counts per patient,
    and where places were commissioned is no secret."""
    if metric.levels == ("england",):
        return False
    if table == BREAKDOWN:
        return True
    if metric.method in ("count", "per_list"):
        return False
    return metric.denominator is None or metric.denominator.agg != "sum"


def _keys(table: str) -> str:
    keys = ["org_level", "org_code", "strand", "sector", "period_start", "period_grain", "geography"]
    return ", ".join([*keys, *(["dimension", "category"] if table == BREAKDOWN else [])])
