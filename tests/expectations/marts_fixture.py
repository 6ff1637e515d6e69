"""A tiny warehouse, filled by hand, in which every check holds; tests plant faults in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from dbt_project.registry.metrics import Metric
from expectations.verdict import Verdict

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
RunGate = Callable[..., Verdict]
Record = Callable[..., Verdict]

SCHEMA = """
create schema marts;
create schema raw;
create table marts.fct_metric_value (
    metric_id varchar, org_level varchar, org_code varchar, strand varchar, sector varchar, period_start date,
    period_grain varchar, geography varchar, value double, numerator double, denominator double, lower_95
    double, upper_95 double, unit varchar, status varchar, definition_version integer, vintage date
);
create table marts.fct_metric_breakdown as
    select *, cast(null as varchar) as dimension, cast(null as varchar) as category from
    marts.fct_metric_value;
create table marts.dim_organisation (
    org_level varchar, org_code varchar, org_name varchar, sub_icb_code varchar, icb_code varchar,
    region_code varchar, valid_from date, valid_to date, is_current boolean, successor_code varchar
);
create table marts.fct_event (
    event_id varchar, person_key varchar, enrolment_id varchar, strand varchar, event_type varchar,
    event_date date, reported_at date, source varchar, source_file_sha256 varchar, source_line bigint,
    sector varchar, pcn_code varchar
);
create table marts.fct_deployment (
    person_key varchar, pcn_code varchar, period date, role varchar, fte decimal(18, 4), is_primary_pcn boolean
);
create table raw.build_info as select 'b1' as build_id, date '2026-01-31' as vintage;
create table marts.dim_person (person_key varchar);
create table marts.dim_practice_pcn_membership (
    practice_code varchar, pcn_code varchar, valid_from date, valid_to date
);
create table raw.pcn_workforce (
    data_source varchar, census_year bigint, census_month bigint, pcn_code varchar, pcn_name varchar,
    sub_icb_code varchar, sub_icb_name varchar, icb_code varchar, icb_name varchar, region_code varchar,
    region_name varchar, staff_group varchar, staff_role varchar, detailed_staff_role varchar,
    fte decimal(18, 9), person_identifier varchar, source_file_sha256 varchar, source_line bigint
);
"""

ROWS = """
insert into marts.dim_organisation values
    ('england', 'ENG', 'England', null, null, null, null, null, true, null),
    ('region', 'Y56', 'London', null, null, 'Y56', null, null, true, null),
    ('icb', 'QMJ', 'North Central London', null, 'QMJ', 'Y56', null, null, true, null),
    ('sub_icb', '93C', 'North Central London sub-ICB', '93C', 'QMJ', 'Y56', null, null, true, null),
    ('pcn', 'U00001', 'One', '93C', 'QMJ', 'Y56', '2019-07-01', null, true, null),
    ('pcn', 'U00002', 'Two', '93C', 'QMJ', 'Y56', '2019-07-01', '2023-03-31', false, 'U00001');
insert into marts.fct_metric_value
    select 'passes', level, code, 'all', 'all', date '2025-11-01', 'month', geography, n, n, null, null, null,
           'people', 'final', 1, date '2026-01-31'
    from (values ('england', 'ENG', 40), ('region', 'Y56', 40), ('icb', 'QMJ', 40), ('pcn', 'U00001', 30),
                 ('pcn', 'U00002', 11)) as t (level, code, n),
         (values ('as_was'), ('as_now')) as g (geography);
insert into marts.fct_metric_value
    select 'completion', level, code, 'all', 'all', date '2024-04-01', 'year', 'as_now', 75, 30, 40,
           59.80603857923198, 85.81288136090369,
           'percent', 'final', 2, date '2026-01-31'
    from (values ('england', 'ENG'), ('region', 'Y56')) as t (level, code);
insert into marts.fct_metric_value values
    ('completion', 'england', 'ENG', 'all', 'all', '2025-04-01', 'year', 'as_now', null, null, null, null,
    null,
     'percent', 'too_early', 2, '2026-01-31'),
    ('spend', 'england', 'ENG', 'all', 'all', '2025-11-01', 'month', 'as_now', 61, 61, 100, null, null,
     'percent', 'provisional', 1, '2026-01-31'),
    ('pcn_pharmacists_headcount', 'england', 'ENG', 'all', 'all', '2025-11-01', 'month', 'as_now', 3, 3, null,
     null, null, 'people', 'final', 1, '2026-01-31');
insert into marts.fct_metric_breakdown
    select *, 'route', 'programme_funded' from marts.fct_metric_value where metric_id = 'passes';
insert into marts.fct_event
    select 'e' || i, 'p' || i, 'n' || i, 'independent_prescribing', 'passed', date '2025-10-01',
           date '2025-11-05', 'provider_return', repeat('ab', 32), i, 'general_practice', 'U00001'
    from range(1, 201) as r (i);
insert into marts.fct_deployment values
    ('p1', 'U00001', '2025-11-01', 'pharmacist', 0.8, true), ('p2', 'U00002', '2025-11-01', 'pharmacist', 1.0, true);
insert into marts.dim_person select 'p' || i from range(1, 201) as r (i);
insert into marts.dim_practice_pcn_membership values ('A00001', 'U00001', '2019-07-01', null);
insert into raw.pcn_workforce values
    ('Extracted', 2025, 11, 'U00001', 'One', '93C', 'NCL', 'QMJ', 'NCL', 'Y56', 'London', 'Direct patient
    care',
     'Pharmacists', 'Pharmacist', 0.8, '1', repeat('cd', 32), 2);
"""


def metric(metric_id: str, **fields: Any) -> Metric:
    """A registry entry with only what a check looks at said aloud."""
    entry: dict[str, Any] = {
        "id": metric_id,
        "theme": "metric_test",
        "method": "count",
        "label": metric_id.capitalize(),
        "description": "for tests",
        "catalogue": 1,
        "question": "how many?",
        "why": "for tests",
        "unit": "people",
        "direction": "higher",
        "kind": "flow",
        "numerator": {"model": "int_x", "agg": "count", "description": "rows"},
        "levels": ["england"],
        "grains": ["month"],
        "feeds": [],
        "population": "all",
        "time_attribution": "event date",
        "disclosure_class": "B",
        "theory_of_change": "output",
        "owner": "Owner of " + metric_id,
        "review_date": date(2027, 1, 1),
        "version": 1,
    }
    return Metric.model_validate({**entry, **fields})


METRICS = {
    entry.id: entry
    for entry in (
        metric("passes", levels=["england", "region", "icb", "pcn"], upper_bound=1000),
        metric(
            "completion",
            unit="percent",
            interval="wilson",
            levels=["england", "region"],
            grains=["year"],
            version=2,
            disclosure_class="C",
            upper_bound=100,
        ),
        metric("spend", unit="percent", upper_bound=150),
        metric("pcn_pharmacists_headcount", disclosure_class="A"),
    )
}


def write_warehouse(path: Path, faults: Sequence[str] = ()) -> Path:
    """The tiny warehouse, with the faults planted by SQL."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(SCHEMA + ROWS)
        for fault in faults:
            connection.execute(fault)
    return path
