"""What plans of a series and of applicants read from a build, row by row."""

from __future__ import annotations

from datetime import date
from math import isnan
from pathlib import Path

import duckdb
import pytest

from dbt_project.registry.plans import ApplicantsPlan, SeriesPlan, load_plans
from orchestration.impact.panel import read_applicants, read_series

SERIES = next(plan for plan in load_plans().values() if isinstance(plan, SeriesPlan))
APPLICANTS = next(plan for plan in load_plans().values() if isinstance(plan, ApplicantsPlan))
VINTAGE = date(2024, 6, 29)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema intermediate")
        connection.execute(
            """
            create table marts.fct_metric_value as
            select * from (values
                ('england', 'month', 'as_now', 'all', 'final', date '2024-04-01', 40.0),
                ('england', 'month', 'as_now', 'all', 'provisional', date '2024-05-01', 50.0),
                ('england', 'month', 'as_now', 'all', 'provisional', date '2024-06-01', 3.0),
                ('england', 'month', 'as_now', 'all', 'final', date '2021-03-01', 7.0),
                ('england', 'month', 'as_was', 'all', 'final', date '2024-04-01', 41.0),
                ('england', 'month', 'as_now', 'supervisors', 'final', date '2024-04-01', 42.0),
                ('region', 'month', 'as_now', 'all', 'final', date '2024-04-01', 43.0),
                ('england', 'year', 'as_now', 'all', 'final', date '2024-04-01', 44.0)
            ) as row(org_level, period_grain, geography, strand, status, period_start, value)
            """
        )
        connection.execute(
            f"alter table marts.fct_metric_value add column metric_id varchar default '{SERIES.outcome}';"
            "alter table marts.fct_metric_value add column sector varchar default 'all'"
        )
        connection.execute(
            """
            create table marts.fct_event as
            select *, 'independent_prescribing' as strand, 'Q1' as icb_code from (values
                ('e1', 'p1', 'applied', date '2022-01-10', 'A', 'pcn'),
                ('e1', 'p1', 'started', date '2022-05-01', 'A', 'pcn'),
                ('e2', 'p2', 'applied', date '2022-02-10', 'A', 'hospital'),
                ('e3', 'p3', 'applied', date '2022-03-10', 'A', null),
                ('e3b', 'p3', 'applied', date '2022-09-10', 'B', 'pcn'),
                ('e3b', 'p3', 'started', date '2022-11-01', 'B', 'pcn'),
                ('e4', 'p4', 'applied', date '2022-01-20', 'A', 'pcn'),
                ('e5', 'p5', 'applied', date '2023-08-01', 'A', 'pcn'),
                ('e6', 'p6', 'applied', date '2020-08-01', 'A', 'pcn')
            ) as row(enrolment_id, person_key, event_type, event_date, provider_code, sector)
            """
        )
        connection.execute(
            """
            create table intermediate.int_measure_application as
            select * from (values
                ('e1', true, true, false), ('e2', true, false, true), ('e3', true, false, true),
                ('e3b', true, true, false), ('e4', false, false, true), ('e5', true, true, false),
                ('e6', true, true, false)
            ) as row(unit_key, is_eligible, is_reached, is_refused_for_capacity);
            create table intermediate.int_register_current as
            select * from (values
                ('p1', date '2023-02-01'), ('p2', null), ('p3', date '2025-01-01')
            ) as row(person_key, annotated_on)
            """
        )
    return path


def test_complete_months_of_england_as_it_is_now(warehouse: Path) -> None:
    found = read_series(warehouse, SERIES, VINTAGE)
    assert [(row.period.date().isoformat(), row.value) for row in found.itertuples()] == [
        ("2024-04-01", 40.0),
        ("2024-05-01", 50.0),
    ]
    whole = read_series(warehouse, SERIES, date(2024, 6, 30))
    assert whole["value"].tolist() == [40.0, 50.0, 3.0]


def test_a_person_counts_once_by_the_first_application_and_what_came_of_it(warehouse: Path) -> None:
    """The ineligible, those before the plan begins and later applications are no rows; nobody is named."""
    found = read_applicants(warehouse, APPLICANTS, VINTAGE)
    assert "person_key" not in found.columns
    rows = {
        (
            row.stratum,
            row.is_offered,
            row.is_treated,
            row.sector,
            None if isnan(row.outcome) else int(row.outcome),
        )
        for row in found.itertuples()
    }
    assert rows == {
        ("A 2022 1", 1, 1, "pcn", 1),
        ("A 2022 1", 0, 0, "hospital", 0),
        (
            "A 2022 1",
            0,
            1,
            "not known",
            0,
        ),  # refused, started elsewhere within the days, annotated after them
        ("A 2023 3", 1, 0, "pcn", None),  # not followed for two years
    }
    assert set(found["cluster"]) == {"A"}
